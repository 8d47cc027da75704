from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.stats.power import cases_for_drop, mde_at, mde_binary, power_at, power_binary

flip_rates = st.floats(0.0, 0.5)


@given(st.integers(2, 3000), flip_rates)
def test_the_smallest_drop_seen_has_the_wanted_power(n: int, flip_rate: float) -> None:
    drop = mde_binary(n, flip_rate)
    if drop < 1:
        assert power_binary(drop, n, flip_rate) == pytest.approx(0.8, abs=1e-6)
    else:
        assert power_binary(0.5, n, flip_rate) < 0.8


@given(st.sampled_from([0.02, 0.05, 0.1, 0.2]), flip_rates)
def test_the_cases_that_a_drop_needs_are_the_fewest_that_do(drop: float, flip_rate: float) -> None:
    cases = cases_for_drop(drop, flip_rate)
    assert power_binary(drop, cases, flip_rate) >= 0.8 - 1e-9
    assert cases == 1 or power_binary(drop, cases - 1, flip_rate) < 0.8


@given(st.integers(2, 2000), flip_rates)
def test_more_cases_see_more(n: int, flip_rate: float) -> None:
    assert mde_binary(2 * n, flip_rate) <= mde_binary(n, flip_rate)


@given(st.floats(0.001, 0.5))
def test_at_an_error_the_smallest_drop_has_the_wanted_power(se: float) -> None:
    assert power_at(mde_at(se), se) == pytest.approx(0.8)


def test_no_spread_sees_all_and_endless_spread_nothing() -> None:
    assert (power_at(0.1, 0.0), power_at(0.0, 0.0), power_at(0.1, inf)) == (1, 0, 0)
