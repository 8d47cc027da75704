from __future__ import annotations

from itertools import product
from math import fsum, prod
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.stats.exchangeability import epoch_start, is_exchangeable
from promptops.stats.golden import MOST_EXACT, golden_test, poisson_binomial_mid_p, stable_breaks
from promptops.stats.pairs import Pair
from promptops.stats.tango import mcnemar_mid_p
from tests.unit.stats.tables import table


def enumerated_mid_p(chances: list[float], successes: int) -> float:
    """By all outcomes, one by one."""
    weights = {True: 0.0, False: 0.0}
    at = 0.0
    for outcome in product((0, 1), repeat=len(chances)):
        chance = prod(p if one else 1 - p for one, p in zip(outcome, chances, strict=True))
        if sum(outcome) == successes:
            at += chance
        else:
            weights[sum(outcome) < successes] += chance
    return weights[True] + at / 2


@given(st.lists(st.floats(0.05, 0.95), min_size=1, max_size=8), st.data())
def test_the_convolution_is_the_sum_over_all_outcomes(chances: list[float], data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, len(chances)))
    wanted = enumerated_mid_p(chances, successes)
    assert poisson_binomial_mid_p(chances, successes) == pytest.approx(wanted, abs=1e-12)


@given(st.integers(0, 40), st.integers(0, 40))
def test_with_one_run_on_each_side_it_is_mcnemars_mid_p(broke: int, fixed: int) -> None:
    p = golden_test(table(broke, fixed, broke + fixed + 3)).p_worse
    assert p == pytest.approx(mcnemar_mid_p(broke, fixed), abs=1e-9)


@pytest.mark.parametrize("below", [0, 15, 30, 60])
def test_many_cases_are_judged_by_a_normal_that_is_as_good_as_exact(below: int) -> None:
    random = Random(3)
    chances = [random.choice([1 / 6, 0.5, 5 / 6, 5 / 6]) for _ in range(MOST_EXACT)]
    successes = round(fsum(chances)) - below
    exact = poisson_binomial_mid_p(chances, successes)
    # A case that cannot succeed changes nothing but the number of cases.
    assert poisson_binomial_mid_p([*chances, 1e-15], successes) == pytest.approx(exact, abs=2e-4)


@given(st.lists(st.tuples(*[st.sampled_from([0.0, 0.5, 0.75, 1.0])] * 4), min_size=1, max_size=20))
def test_swapping_sides_turns_graded_evidence_around(runs: list[tuple[float, ...]]) -> None:
    there = golden_test(Pair(key=str(i), base=each[:2], head=each[2:]) for i, each in enumerate(runs))
    back = golden_test(Pair(key=str(i), base=each[2:], head=each[:2]) for i, each in enumerate(runs))
    assert there.z == pytest.approx(-back.z, abs=1e-9)


def test_a_stable_break_passed_in_three_runs_and_fails_now() -> None:
    base = (1.0, 1.0, 1.0)
    pairs = [
        Pair(key="broke", base=base, head=(0.0,)),
        Pair(key="passes", base=base, head=(1.0,)),
        Pair(key="flaky", base=(1.0, 0.0, 1.0), head=(0.0,)),
        Pair(key="too few runs", base=(1.0, 1.0), head=(0.0,)),
        Pair(key="lost", base=base, head=()),
    ]
    assert stable_breaks(pairs) == ("broke",)


def runs_of(chances: list[float], count: int, random: Random) -> list[dict[str, float]]:
    return [
        {str(place): float(random.random() < chance) for place, chance in enumerate(chances)}
        for _ in range(count)
    ]


def test_runs_of_one_model_are_one_epoch_and_a_silent_change_begins_another() -> None:
    random = Random(11)
    before = [random.choice([1.0, 0.9, 0.5, 0.0]) for _ in range(200)]
    worse = [0.6 * chance for chance in before]
    runs = runs_of(before, 5, random) + runs_of(worse, 3, random)
    assert epoch_start(runs[:5]) == 0
    assert epoch_start(runs) == 5


def test_a_silent_change_for_the_better_is_one_too() -> None:
    random = Random(12)
    runs = runs_of([0.5] * 100, 4, random) + runs_of([0.9] * 100, 1, random)
    assert epoch_start(runs) == 4


def test_cases_that_only_one_run_has_say_nothing() -> None:
    assert is_exchangeable([Pair(key="new", base=(), head=(0.0,)), Pair(key="lost", base=(1.0,), head=())])
    assert epoch_start([{"a": 1.0}, {"b": 0.0}]) == 0
    assert epoch_start([]) == 0
