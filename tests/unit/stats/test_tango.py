from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.stats.distributions import normal_ppf
from promptops.stats.tango import mcnemar_mid_p, mcnemar_p, tango

Z = normal_ppf(0.975)


@st.composite
def counts(draw: st.DrawFn) -> tuple[int, int, int]:
    """Broke, fixed and all cases."""
    n = draw(st.integers(1, 400))
    broke = draw(st.integers(0, n))
    return broke, draw(st.integers(0, n - broke)), n


@given(counts())
def test_swapping_sides_mirrors_the_interval(table: tuple[int, int, int]) -> None:
    broke, fixed, n = table
    there, back = tango(broke, fixed, n), tango(fixed, broke, n)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low), abs=1e-9)


@given(counts())
def test_the_limits_hold_the_difference_and_stay_possible(table: tuple[int, int, int]) -> None:
    broke, fixed, n = table
    interval = tango(broke, fixed, n)
    assert -1 <= interval.low <= (fixed - broke) / n <= interval.high <= 1


@given(counts())
def test_excluding_zero_is_mcnemars_test(table: tuple[int, int, int]) -> None:
    broke, fixed, n = table
    p = mcnemar_p(broke, fixed)
    if abs(p - 0.025) > 1e-9:
        assert (tango(broke, fixed, n).high < 0) == (p < 0.025)


@given(counts())
def test_more_confidence_never_narrows(table: tuple[int, int, int]) -> None:
    usual, wide = tango(*table), tango(*table, confidence=0.99)
    assert wide.low <= usual.low + 1e-12
    assert usual.high <= wide.high + 1e-12


@given(st.integers(1, 2000))
def test_nothing_changed_has_a_closed_form(n: int) -> None:
    interval = tango(0, 0, n)
    limit = Z * Z / (n + Z * Z)
    assert (interval.low, interval.high) == pytest.approx((-limit, limit), abs=1e-9)


@given(st.integers(0, 200), st.integers(0, 200))
def test_p_values_of_both_directions_add_up(broke: int, fixed: int) -> None:
    for p in (mcnemar_p, mcnemar_mid_p):
        assert p(broke, fixed) + p(fixed, broke) == pytest.approx(1, abs=1e-9)


@given(st.integers(0, 200), st.integers(0, 200))
def test_another_break_is_never_better(broke: int, fixed: int) -> None:
    assert mcnemar_p(broke + 1, fixed) <= mcnemar_p(broke, fixed)
    assert mcnemar_mid_p(broke + 1, fixed) <= mcnemar_mid_p(broke, fixed) + 1e-9


def test_score_and_mid_p_decide_alike_but_for_a_few_tables() -> None:
    """With the rule of five changed cases; the nine exceptions lie just above the line."""
    tables = [(broke, changed - broke) for changed in range(5, 301) for broke in range(changed + 1)]
    # Far from the line both agree, and mid-p is slow.
    close = [table for table in tables if 0.005 < mcnemar_p(*table) < 0.1]
    apart = [
        mcnemar_mid_p(*table)
        for table in close
        if (mcnemar_p(*table) < 0.025) != (mcnemar_mid_p(*table) <= 0.025)
    ]
    assert len(apart) == 9
    assert all(0.025 < p < 0.0263 for p in apart)
