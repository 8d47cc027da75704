"""The normal and Student's t distribution, to 1e-9, without numpy."""

from __future__ import annotations

from functools import lru_cache
from math import exp, lgamma, log
from statistics import NormalDist

_NORMAL = NormalDist()
_TINY = 1e-300


def normal_cdf(x: float) -> float:
    """P(Z <= x)."""
    return _NORMAL.cdf(x)


def normal_ppf(p: float) -> float:
    """The x with P(Z <= x) = p, for 0 < p < 1."""
    return _NORMAL.inv_cdf(p)


def t_cdf(x: float, df: float) -> float:
    """P(T <= x) with `df` degrees of freedom, by the incomplete beta function."""
    tail = 0.5 * _incomplete_beta(df / 2, 0.5, df / (df + x * x))
    return 1 - tail if x > 0 else tail


@lru_cache(maxsize=1024)
def t_ppf(p: float, df: float) -> float:
    """The x with P(T <= x) = p, for 0 < p < 1, by bisection."""
    if p < 0.5:  # noqa: PLR2004 - the median
        return -t_ppf(1 - p, df)
    low, high = 0.0, 1.0
    while t_cdf(high, df) < p:
        low, high = high, high * 2
    while low < (middle := (low + high) / 2) < high:
        if t_cdf(middle, df) < p:
            low = middle
        else:
            high = middle
    return middle


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """Regularised incomplete beta I_x(a, b); Abramowitz and Stegun 26.5.8 by Lentz's method."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1 - x)) / a
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, 1000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        change = 1.0
        for term in (even, odd):
            d = 1 / _away_from_zero(1 + term * d)
            c = _away_from_zero(1 + term / c)
            change = c * d
            fraction *= change
        if abs(change - 1) < 1e-15:  # noqa: PLR2004 - the precision of a float
            break
    return front * fraction


def _away_from_zero(x: float) -> float:
    return x if abs(x) > _TINY else _TINY
