"""Intervals of the mean of one run."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from math import fsum, sqrt

from promptops.model.result import Scale
from promptops.stats.distributions import normal_ppf, t_ppf

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """Both limits, inclusive."""

    low: float
    high: float


def wilson(successes: float, n: int, confidence: float = CONFIDENCE) -> Interval:
    """Wilson's score interval of a share (Wilson 1927); n >= 1."""
    z = normal_ppf((1 + confidence) / 2)
    share = successes / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def t_interval(
    values: Sequence[float],
    *,
    weights: Sequence[float] | None = None,
    clusters: Sequence[Hashable] | None = None,
    confidence: float = CONFIDENCE,
) -> Interval | None:
    """Student's t interval of a weighted mean, robust against clusters; None with fewer than two groups.

    `se = sqrt(G/(G-1) * sum_g (sum_{i in g} w_i (x_i - m))^2) / W`, df = G - 1, where a group is a
    cluster, or a single value without clusters (Liang and Zeger 1986).
    """
    mean = weighted_mean(values, weights)
    groups = len(values if clusters is None else set(clusters))
    if groups < 2:  # noqa: PLR2004 - one group tells nothing about the spread between groups
        return None
    squares = fsum(each * each for each in residuals_by_group(values, mean, weights, clusters))
    error = sqrt(groups / (groups - 1) * squares) / _sum_of(weights, values)
    half = t_ppf((1 + confidence) / 2, groups - 1) * error
    return Interval(mean - half, mean + half)


def mean_interval(
    values: Sequence[float],
    *,
    scale: Scale,
    weights: Sequence[float] | None = None,
    clusters: Sequence[Hashable] | None = None,
    confidence: float = CONFIDENCE,
) -> tuple[float, Interval | None]:
    """The mean and its interval: Wilson for plain pass or fail, else t; None where one value cannot tell.

    Args:
        values: at least one, each of another case.
        scale: binary and unit values lie in [0, 1], and so do the limits.
        weights: one a value, or None for equal ones.
        clusters: one a value, or None when all cases are independent.
        confidence: two-sided.
    """
    mean = weighted_mean(values, weights)
    plain = weights is None and clusters is None
    if plain and scale is Scale.BINARY and all(value in (0.0, 1.0) for value in values):
        return mean, wilson(fsum(values), len(values), confidence)
    interval = t_interval(values, weights=weights, clusters=clusters, confidence=confidence)
    if interval is not None and scale is not Scale.COUNT:
        interval = Interval(max(0.0, interval.low), min(1.0, interval.high))
    return mean, interval


def residuals_by_group(
    values: Sequence[float],
    mean: float,
    weights: Sequence[float] | None,
    clusters: Sequence[Hashable] | None,
) -> Iterable[float]:
    """How far each value is from a mean, by its weight; summed over each cluster where there are clusters."""
    residuals = (
        (value - mean for value in values)
        if weights is None
        else (weight * (value - mean) for value, weight in zip(values, weights, strict=True))
    )
    if clusters is None:
        return residuals
    sums: dict[Hashable, float] = {}
    for residual, cluster in zip(residuals, clusters, strict=True):
        sums[cluster] = sums.get(cluster, 0.0) + residual
    return sums.values()


def weighted_mean(values: Sequence[float], weights: Sequence[float] | None) -> float:
    """The mean; weights must not all be 0, and None means equal ones."""
    if weights is None:
        return fsum(values) / len(values)
    return fsum(value * weight for value, weight in zip(values, weights, strict=True)) / fsum(weights)


def _sum_of(weights: Sequence[float] | None, values: Sequence[float]) -> float:
    return len(values) if weights is None else fsum(weights)
