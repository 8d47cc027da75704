from __future__ import annotations

from itertools import combinations
from math import isclose
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.model.result import Scale
from promptops.stats.repeats import Reduction, flip_rate

passes = st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=8)


@given(passes, st.integers(1, 8))
def test_pass_at_k_is_the_share_of_choices_of_k_in_which_one_passes(values: list[float], k: int) -> None:
    choices = list(combinations(values, k))
    found = Reduction.parse(f"pass@{k}").of(values)
    assert (found is None) == (not choices)
    if found is not None:
        assert isclose(found, fmean(max(choice) for choice in choices), abs_tol=1e-12)


@given(passes, st.integers(1, 8))
def test_pass_hat_k_is_the_share_of_choices_of_k_in_which_all_pass(values: list[float], k: int) -> None:
    choices = list(combinations(values, k))
    found = Reduction.parse(f"pass^{k}").of(values)
    assert (found is None) == (not choices)
    if found is not None:
        assert isclose(found, fmean(min(choice) for choice in choices), abs_tol=1e-12)


@given(passes)
def test_at_least_k_and_majority_count_passes(values: list[float]) -> None:
    for k in range(1, len(values) + 1):
        assert Reduction.parse(f"at_least_{k}").of(values) == (sum(values) >= k)
    assert Reduction.parse("majority").of(values) == (sum(values) > len(values) / 2)


def test_graded_scores_have_a_mean_a_median_a_least_and_a_most() -> None:
    values = [0.2, 0.9, 0.4, 0.5]
    assert {name: Reduction.parse(name).of(values) for name in ("mean", "median", "min", "max")} == {
        "mean": 0.5,
        "median": 0.45,
        "min": 0.2,
        "max": 0.9,
    }


@pytest.mark.parametrize("name", ["mean", "median", "min", "max", "majority", "pass@1"])
def test_nothing_comes_of_no_score(name: str) -> None:
    assert Reduction.parse(name).of([]) is None


@pytest.mark.parametrize(
    "text", ["", "average", "pass@", "pass@0", "pass@-1", "pass^k", "at_least_", "PASS@1", "pass@٣"]
)
def test_what_is_no_reduction(text: str) -> None:
    with pytest.raises(ValueError, match="`pass@k`"):
        Reduction.parse(text)


def test_an_estimated_chance_is_no_longer_pass_or_fail() -> None:
    assert Reduction.parse("pass@2").scale_of(Scale.BINARY) is Scale.UNIT
    assert Reduction.parse("majority").scale_of(Scale.BINARY) is Scale.BINARY


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=2, max_size=7))
def test_the_flip_rate_is_the_share_of_differing_pairs(values: list[float]) -> None:
    pairs = list(combinations(values, 2))
    rate = flip_rate(values)
    assert rate is not None
    assert isclose(rate, fmean(one != other for one, other in pairs), abs_tol=1e-12)


def test_one_repeat_has_no_flip_rate() -> None:
    assert flip_rate([1.0]) is None
