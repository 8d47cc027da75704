from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.model.result import Scale
from promptops.stats.distributions import normal_cdf, normal_ppf, t_cdf, t_ppf
from promptops.stats.intervals import mean_interval, t_interval, wilson

# Reference values computed with scipy and statsmodels.
WILSON = [(0, 10, 0.0, 0.27753279986288915), (8, 10, 0.49016247153664183, 0.9433178485456247)]
WILSON += [
    (45, 50, 0.7863976856252035, 0.9565242350681096),
    (246, 300, 0.7725668011129554, 0.859341697303335),
]
T_PPF = [(0.975, 1, 12.706204736174708), (0.975, 2, 4.3026527297494646)]
T_CDF = [(-2.5, 10, 0.01572342211830443), (-0.3, 50, 0.38271044012764976)]


@pytest.mark.parametrize(("successes", "n", "low", "high"), WILSON)
def test_wilson_agrees_with_the_reference(successes: int, n: int, low: float, high: float) -> None:
    interval = wilson(successes, n)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize(("p", "df", "x"), T_PPF)
def test_t_quantiles_agree_with_the_reference(p: float, df: float, x: float) -> None:
    assert t_ppf(p, df) == pytest.approx(x, abs=1e-7)


@pytest.mark.parametrize(("x", "df", "p"), T_CDF)
def test_t_probabilities_agree_with_the_reference(x: float, df: float, p: float) -> None:
    assert t_cdf(x, df) == pytest.approx(p, abs=1e-9)


@given(st.floats(0.001, 0.999), st.integers(1, 200))
def test_quantile_and_probability_undo_each_other(p: float, df: int) -> None:
    assert t_cdf(t_ppf(p, df), df) == pytest.approx(p, abs=1e-6)
    assert normal_cdf(normal_ppf(p)) == pytest.approx(p, abs=1e-9)


@given(st.integers(1, 500), st.data())
def test_wilson_holds_the_share_and_mirrors_it(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, n))
    interval, mirrored = wilson(successes, n), wilson(n - successes, n)
    assert interval.low - 1e-12 <= successes / n <= interval.high + 1e-12
    assert interval.low == pytest.approx(1 - mirrored.high, abs=1e-9)


def test_the_t_interval_covers_as_often_as_it_promises() -> None:
    random = Random(5)
    covered = 0
    for _ in range(1000):
        interval = t_interval([random.gauss(0.4, 0.2) for _ in range(15)])
        assert interval is not None
        covered += interval.low <= 0.4 <= interval.high
    assert 0.93 <= covered / 1000 <= 0.97


def test_clusters_that_agree_widen_the_interval() -> None:
    values = [1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0]
    alone = t_interval(values)
    together = t_interval(values, clusters=[index // 2 for index in range(10)])
    assert alone is not None
    assert together is not None
    assert together.high - together.low > alone.high - alone.low


def test_a_single_graded_value_has_a_mean_and_no_interval() -> None:
    assert mean_interval([0.5], scale=Scale.UNIT) == (0.5, None)


def test_graded_limits_stay_inside_the_scale() -> None:
    mean, interval = mean_interval([1.0, 1.0, 0.9], scale=Scale.UNIT)
    assert interval is not None
    assert interval.low < mean < interval.high == 1.0
