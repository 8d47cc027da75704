"""The judge's own movement: against closed forms, and by what must not matter."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, sqrt
from random import Random
from statistics import fmean, variance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.model.result import Scale
from promptops.stats.distributions import t_ppf
from promptops.stats.judge_bias import MOST_LENGTH_RATIO, is_style_shift, judge_drift, length_ratio
from promptops.stats.pairs import Pair


def pairs(differences: Sequence[float], base: float = 0.5, **more: object) -> list[Pair]:
    return [
        Pair(key=str(place), base=(base,), head=(base + each,), **more)  # type: ignore[arg-type]
        for place, each in enumerate(differences)
    ]


SAME = [0.1, -0.1, 0.2, 0.0, 0.3, -0.2, 0.1, 0.1]
OTHER = [-0.3, -0.1, 0.1, -0.4, 0.0, -0.2, -0.3, -0.1]


def test_the_adjusted_difference_is_a_difference_of_differences() -> None:
    found = judge_drift(pairs(SAME), pairs(OTHER), Scale.UNIT)
    assert found is not None
    n = len(SAME)
    share = len(OTHER) / (n + len(OTHER))
    parts = [variance(each) / n for each in (SAME, OTHER)]
    freedom = sum(parts) ** 2 / sum(part**2 / (n - 1) for part in parts)
    half = share * t_ppf(0.975, freedom) * sqrt(sum(parts))
    delta = share * (fmean(OTHER) - fmean(SAME))
    assert found.n == n
    assert found.delta == pytest.approx(fmean(SAME))
    assert found.adjusted_delta == pytest.approx(delta)
    assert (found.adjusted_low, found.adjusted_high) == pytest.approx((delta - half, delta + half))


@given(shift=st.floats(-0.2, 0.2).filter(lambda shift: abs(shift) > 1e-6), seed=st.integers(0, 99))
def test_a_shift_of_all_scores_does_not_matter(shift: float, seed: int) -> None:
    random = Random(seed)
    same, other = ([random.uniform(-0.2, 0.2) for _ in range(12)] for _ in range(2))
    plain = judge_drift(pairs(same), pairs(other), Scale.UNIT)
    moved = judge_drift(pairs([x + shift for x in same]), pairs([x + shift for x in other]), Scale.UNIT)
    assert plain is not None
    assert moved is not None
    assert moved.adjusted_delta == pytest.approx(plain.adjusted_delta, abs=1e-9)
    assert moved.adjusted_low == pytest.approx(plain.adjusted_low, abs=1e-9)
    assert moved.delta == pytest.approx(plain.delta + shift)


def test_a_judge_that_scores_alike_has_not_moved() -> None:
    assert judge_drift(pairs([0.0] * 9), pairs(OTHER), Scale.UNIT) is None
    assert judge_drift([], pairs(OTHER), Scale.UNIT) is None


def test_where_nothing_else_changed_all_of_it_is_the_judges() -> None:
    found = judge_drift(pairs(SAME), [], Scale.UNIT)
    assert found is not None
    assert (found.adjusted_delta, found.adjusted_low, found.adjusted_high) == (0, 0, 0)


@pytest.mark.parametrize("few", [(SAME[:1], OTHER), (SAME, OTHER[:1])])
def test_one_case_tells_nothing_of_the_spread(few: tuple[Sequence[float], Sequence[float]]) -> None:
    found = judge_drift(pairs(few[0]), pairs(few[1]), Scale.UNIT)
    assert found is not None
    assert found.adjusted_low is None


def test_clusters_are_no_more_than_they_are() -> None:
    alone = judge_drift(pairs(SAME), pairs(OTHER), Scale.UNIT)
    both = judge_drift(pairs(SAME, cluster="a"), pairs(OTHER), Scale.UNIT)
    assert alone is not None
    assert both is not None
    assert both.adjusted_low is None
    assert not both.is_proven


def test_a_change_of_length_counts_alike_in_both_directions() -> None:
    longer = [10 * MOST_LENGTH_RATIO * 1.001]
    assert is_style_shift(length_ratio([10], longer))
    assert is_style_shift(length_ratio(longer, [10]))
    assert not is_style_shift(length_ratio([10], [10 * MOST_LENGTH_RATIO * 0.999]))
    assert not is_style_shift(length_ratio([0], [0]))
    assert length_ratio([0], [1]) == inf
    assert is_style_shift(inf)
    assert is_style_shift(length_ratio([1], [0]))
