from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.stats import quantile as module
from promptops.stats.quantile import FEW, quantile

numbers = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)


def test_of_nothing_there_is_none() -> None:
    assert quantile([], 0.5) is None


@given(st.lists(numbers, min_size=1, max_size=60), st.floats(0, 1))
def test_it_is_the_smallest_value_that_enough_values_do_not_exceed(values: list[float], share: float) -> None:
    found = quantile(values, share)
    assert found is not None
    assert sum(value <= found for value in values) >= share * len(values)
    assert found == min(values) or sum(value < found for value in values) < share * len(values)


@pytest.mark.parametrize("power", [1, 4, 40])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 0.95, 1.0])
def test_many_values_give_the_same_as_sorting_them(power: int, share: float) -> None:
    count = 3 * FEW
    values = [((index * 7919 % count) / count) ** power for index in range(count)]
    assert len(values) > module.FEW
    assert quantile(values, share) == sorted(values)[max(0, -int(-share * count // 1) - 1)]


def test_many_equal_values_have_one_quantile() -> None:
    assert quantile([2.5] * (2 * FEW), 0.95) == 2.5
