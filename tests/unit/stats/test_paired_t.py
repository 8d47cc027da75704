from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.stats.intervals import t_interval
from promptops.stats.paired_t import paired_t

differences = st.lists(st.sampled_from([-1.0, -0.5, -0.25, 0.0, 0.1, 0.25, 1.0]), min_size=2, max_size=60)


@given(differences)
def test_the_upper_limit_is_the_usual_one_and_the_lower_one_never_above_it(values: list[float]) -> None:
    t, usual = paired_t(values), t_interval(values)
    assert usual is not None
    assert t.high == pytest.approx(min(1.0, usual.high), abs=1e-9)
    assert t.low <= max(-1.0, usual.low) + 1e-9
    assert -1 <= t.low <= t.mean + 1e-12
    assert t.mean - 1e-12 <= t.high <= 1


@given(differences)
def test_swapping_sides_mirrors_all_but_the_cautious_end(values: list[float]) -> None:
    there, back = paired_t(values), paired_t([-value for value in values])
    assert there.mean == pytest.approx(-back.mean, abs=1e-12)
    assert (there.se, there.cautious_se) == pytest.approx((back.se, back.cautious_se), abs=1e-12)
    assert there.p_worse + back.p_worse == pytest.approx(1, abs=1e-9)
    assert -back.low >= there.high - 1e-9


@given(differences)
def test_harm_shows_in_the_limit_and_in_p_alike(values: list[float]) -> None:
    t = paired_t(values)
    if abs(t.p_worse - 0.025) > 1e-9:
        assert (t.high < 0) == (t.p_worse < 0.025)


@given(differences, st.floats(0.1, 50))
def test_equal_weights_are_no_weights(values: list[float], weight: float) -> None:
    plain, weighted = paired_t(values), paired_t(values, weights=[weight] * len(values))
    assert (plain.mean, plain.low, plain.high, plain.p_worse) == pytest.approx(
        (weighted.mean, weighted.low, weighted.high, weighted.p_worse), abs=1e-6
    )


@given(differences)
def test_clusters_of_one_case_are_no_clusters(values: list[float]) -> None:
    plain, clustered = paired_t(values), paired_t(values, clusters=range(len(values)))
    assert (plain.low, plain.high) == pytest.approx((clustered.low, clustered.high), abs=1e-9)


def test_copies_of_a_case_in_one_cluster_do_not_make_it_surer() -> None:
    values = [-0.5, 0.0, -0.25, 0.1, -1.0, 0.0, 0.25, -0.5]
    copied = [value for value in values for _ in range(4)]
    once = paired_t(values)
    clustered = paired_t(copied, clusters=[place // 4 for place in range(len(copied))])
    assert clustered.se == pytest.approx(once.se)
    assert paired_t(copied).se < once.se


def test_counts_are_not_clipped_and_their_pseudo_cases_reach_as_far_as_they_do() -> None:
    values = [-12.0, 3.0, -9.0, 0.0, -7.0]
    t = paired_t(values, bound=None)
    assert t.low < t.mean - 1
    assert t.low < -9
    same = paired_t([-12.0] * 20, bound=None)
    assert same.low == pytest.approx(12 * paired_t([-1.0] * 20, bound=None).low)
    assert same.low < same.high


def test_one_group_bounds_nothing() -> None:
    single = paired_t([-0.5, -0.5], clusters=["same", "same"])
    assert (single.low, single.high, single.p_worse, single.se) == (-1, 1, 0.5, inf)
    assert paired_t([-3.0], bound=None).low == -inf


@pytest.mark.parametrize(("value", "p"), [(-0.25, 0.0), (0.0, 0.5), (0.25, 1.0)])
def test_without_any_spread_the_sign_decides(value: float, p: float) -> None:
    assert paired_t([value] * 20).p_worse == p
