from __future__ import annotations

from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import cohen_kappa_score

from promptops.stats.preference import cohen_kappa, is_preferred, sign_test_p

VERDICTS = st.sampled_from(["first", "second", "tie", "both_bad"])


@given(st.integers(0, 400), st.integers(0, 400))
def test_the_sign_test_is_the_exact_binomial_test(wins: int, losses: int) -> None:
    expected = binomtest(wins, wins + losses).pvalue if wins + losses else 1.0
    assert sign_test_p(wins, losses) == pytest.approx(expected, rel=1e-9)


@given(st.lists(st.tuples(VERDICTS, VERDICTS), min_size=1, max_size=60))
def test_kappa_is_that_of_scikit_learn(verdicts: list[tuple[str, str]]) -> None:
    ones, others = zip(*verdicts, strict=True)
    found = cohen_kappa(verdicts)
    if len({*ones, *others}) == 1:
        assert isnan(found)
    else:
        assert found == pytest.approx(cohen_kappa_score(ones, others), abs=1e-9)


def test_nothing_is_known_of_nothing() -> None:
    assert isnan(cohen_kappa([]))
    assert not is_preferred(0, 0)


@given(st.integers(0, 60), st.integers(0, 60))
def test_preferred_is_what_wins_surely(wins: int, losses: int) -> None:
    if is_preferred(wins, losses):
        interval = binomtest(wins, wins + losses).proportion_ci(method="wilson")
        assert interval.low > 0.5
        assert binomtest(wins, wins + losses).pvalue < 0.05
        assert not is_preferred(losses, wins)
        assert is_preferred(wins + 1, losses)


def test_a_handful_is_not_enough() -> None:
    # Wilson's lower limit of 4 of 4 is 0.51.
    assert binomtest(4, 4).proportion_ci(method="wilson").low > 0.5
    assert not is_preferred(4, 0)
    assert is_preferred(6, 0)
    assert is_preferred(33, 17)
