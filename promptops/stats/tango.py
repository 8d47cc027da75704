"""The difference of two paired shares: pass or fail, one run on each side.

Tango, Statistics in Medicine 1998, 17:891; at a difference of 0 its statistic is McNemar's.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, lgamma, log, sqrt

from promptops.stats.distributions import normal_cdf, normal_ppf
from promptops.stats.intervals import CONFIDENCE, Interval

BISECTIONS = 100


def tango(broke: int, fixed: int, n: int, confidence: float = CONFIDENCE) -> Interval:
    """Score interval of (fixed - broke) / n, within [-1, 1].

    Args:
        broke: cases that passed on the base and fail on the head.
        fixed: cases that failed on the base and pass on the head.
        n: all pairs, at least 1 and at least `broke + fixed`.
        confidence: two-sided.
    """
    z = normal_ppf((1 + confidence) / 2)
    estimate = (fixed - broke) / n
    low = _bisect(lambda difference: _z(difference, broke, fixed, n) > z, -1.0, estimate)
    high = _bisect(lambda difference: _z(difference, broke, fixed, n) > -z, estimate, 1.0)
    return Interval(low, high)


def mcnemar_p(broke: int, fixed: int) -> float:
    """One-sided p of harm by McNemar's statistic without correction; 0.5 when nothing changed."""
    changed = broke + fixed
    return normal_cdf((fixed - broke) / sqrt(changed)) if changed else 0.5


def mcnemar_mid_p(broke: int, fixed: int) -> float:
    """One-sided exact mid-p of harm (Fagerland, Lydersen and Laake 2013); 0.5 when nothing changed."""
    if fixed > broke:
        return 1 - mcnemar_mid_p(fixed, broke)
    changed = broke + fixed
    at = [_half_binomial(changed, count) for count in range(fixed + 1)]
    return min(1.0, sum(at) - at[-1] / 2)


def _half_binomial(n: int, k: int) -> float:
    return exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) - n * log(2))


def _z(difference: float, broke: int, fixed: int, n: int) -> float:
    """The score statistic under the hypothesis that the true difference is `difference`."""
    a = 2 * n
    b = -broke - fixed + (2 * n - fixed + broke) * difference
    c = -broke * difference * (1 - difference)
    share = (sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)
    numerator = fixed - broke - n * difference
    variance = n * (2 * share + difference * (1 - difference))
    if variance <= 0:
        return 0.0 if numerator == 0 else numerator * float("inf")
    return numerator / sqrt(variance)


def _bisect(is_below: Callable[[float], bool], low: float, high: float) -> float:
    """Where `is_below`, true on the left, turns false."""
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if is_below(middle):
            low = middle
        else:
            high = middle
    return (low + high) / 2
