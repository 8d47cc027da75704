from __future__ import annotations

from itertools import product
from math import comb, isclose

import pytest
from scipy.stats import binom, f_oneway

from promptops.stats.judge_noise import Propensities, contradiction, variances, visible_drop, votes_that_pay
from promptops.stats.power import mde_binary

VOTES = 5
OUTPUTS = 10_000


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.8, 1.0])
def test_the_share_of_pairs_that_differ_has_no_bias(p: float) -> None:
    expected = sum(
        contradiction(votes) * p ** sum(votes) * (1 - p) ** (VOTES - sum(votes))
        for votes in product((0, 1), repeat=VOTES)
    )
    assert isclose(expected, 2 * p * (1 - p), abs_tol=1e-12)


def test_a_vote_that_cannot_tell_is_another_verdict() -> None:
    assert contradiction([1.0, None]) == 1
    assert contradiction([None, None]) == 0


def test_variances_are_those_of_a_one_way_analysis() -> None:
    outputs = [(0.1, 0.4, 0.4), (0.9, 0.7, 1.0), (0.5, 0.5, 0.6), (0.2, 0.9, 0.3)]
    between, within = variances(outputs)
    assert isclose((len(outputs[0]) * between + within) / within, f_oneway(*outputs).statistic)


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [([(1.0, 1.0), (1.0, 1.0)], (0, 0)), ([(1.0, 1.0), (0.0, 0.0)], (0.5, 0)), ([(1.0,)], (0, 0))],
)
def test_variances_of_a_judge_that_never_changes(
    outputs: list[tuple[float, ...]], expected: tuple[float, float]
) -> None:
    assert variances(outputs) == expected


def votes_of(shares: dict[float, float]) -> list[tuple[int, int]]:
    """Votes on outputs that are passed with these probabilities, as often as is expected."""
    return [
        (passes, VOTES)
        for p, share in shares.items()
        for passes in range(VOTES + 1)
        for _ in range(round(OUTPUTS * share * comb(VOTES, passes) * p**passes * (1 - p) ** (VOTES - passes)))
    ]


KINDS = {
    # The judge of the specification's power table: J = 0.6 by fresh noise alone.
    "fresh noise": {0.2: 0.5, 0.8: 0.5},
    "some undecidable": {0.0: 0.4, 1.0: 0.45, 0.5: 0.15},
    "several kinds": {0.02: 0.4, 0.98: 0.4, 0.3: 0.1, 0.7: 0.1},
    "lenient": {0.9: 1.0},
    "without noise": {0.0: 0.3, 1.0: 0.7},
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_votes_give_is_close_to_the_truth(kind: str) -> None:
    shares = KINDS[kind]
    found = Propensities.of(votes_of(shares))
    for votes in (1, 3, 5):
        majorities = {p: binom.sf(votes // 2, votes, p) for p in shares}
        flips = sum(share * 2 * majorities[p] * (1 - majorities[p]) for p, share in shares.items())
        shows = sum(share * abs(2 * majorities[p] - 1) for p, share in shares.items())
        assert found.contradiction(votes) == pytest.approx(flips, abs=0.012)
        assert found.shows(votes) == pytest.approx(shows, abs=0.04)


def test_the_visible_drop_grows_as_less_of_it_shows() -> None:
    seen = mde_binary(300, 0.2)
    assert visible_drop(300, 0.2, 1.0) == seen
    assert visible_drop(300, 0.2, 0.5) == 2 * seen
    assert visible_drop(300, 0.2, 0.0) == visible_drop(3, 0.5, 0.1) == 1


@pytest.mark.parametrize(
    ("drops", "votes"),
    [
        ([(1, 0.10), (3, 0.08), (5, 0.079)], 3),
        ([(1, 0.10), (3, 0.095), (5, 0.085)], 5),
        ([(1, 0.10), (3, 0.095), (5, 0.091)], 1),
        ([(1, 1.0), (3, 1.0), (5, 1.0)], 1),
    ],
)
def test_how_many_votes_pay(drops: list[tuple[int, float]], votes: int) -> None:
    assert votes_that_pay(drops) == votes
