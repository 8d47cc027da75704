"""Metrics of a whole suite, such as F1 or kappa: a statistic of all cases, not a mean of scores."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from math import inf, isfinite, sqrt
from random import Random
from statistics import pstdev
from typing import Generic, TypeVar

from promptops.model.comparison import GateRules, Method, MetricDelta, Verdict
from promptops.model.result import Scale
from promptops.stats.distributions import normal_cdf, normal_ppf, t_cdf, t_ppf
from promptops.stats.evidence import ALPHA, Changes, Evidence, Sight
from promptops.stats.intervals import Interval
from promptops.stats.power import CRITICAL
from promptops.stats.verdict import delta_of, not_compared

T = TypeVar("T")

RESAMPLES = 1000
FEWEST_GROUPS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides(Generic[T]):
    """What a statistic is taken of: one item a case, in the same order on both sides.

    Attributes:
        base: items of the base, for instance (predicted, expected).
        head: items of the change under test.
        statistic: of any number of items; in [0, 1], higher is better, NaN where it is not defined.
        clusters: one an item, or None when all cases are independent.
        missing: cases that are in neither side, since infrastructure lost them.
    """

    base: Sequence[T]
    head: Sequence[T]
    statistic: Callable[[Sequence[T]], float]
    clusters: Sequence[Hashable] | None = None
    missing: int = 0


def compare_statistic(
    sides: Sides[T], *, metric: str, rules: GateRules, seed: int = 0, primary: bool = True
) -> MetricDelta:
    """Compare a statistic of all cases by resampling pairs of them, or whole clusters.

    The interval is the percentile bootstrap's, widened to Student's t (Hesterberg, The American
    Statistician 2015, 69:371), since plain percentiles raise false alarms in small suites. A
    resample without a defined statistic counts against both limits. The rule of five changed cases
    holds; with fewer the lower limit is no better than that of a share of which none changed.

    Args:
        sides: items and statistic.
        metric: its name.
        rules: the gate's.
        seed: of the resampling; the same seed gives the same numbers.
        primary: whether the metric gates.
    """
    n = len(sides.base)
    base, head = (sides.statistic(side) if n else inf for side in (sides.base, sides.head))
    if not (isfinite(base) and isfinite(head)):
        reason = "the metric is not defined on these cases" if n else "no case can be compared"
        return not_compared(
            metric, primary=primary, verdict=Verdict.INVALID, reason=reason, missing=sides.missing
        )
    evidence = _evidence(sides, (base, head), seed)
    return delta_of(metric, primary=primary, evidence=evidence, rules=rules, missing=sides.missing)


def _evidence(sides: Sides[T], values: tuple[float, float], seed: int) -> Evidence:
    base, head = values
    changes = _changes(sides)
    drawn = _resampled(sides, Random(seed))  # noqa: S311 - no secret
    interval = drawn.limits(head - base, changes)
    return Evidence(
        test=Method.BOOTSTRAP,
        n=len(sides.base),
        scale=Scale.UNIT,
        base_mean=base,
        head_mean=head,
        delta=head - base,
        low=interval.low,
        high=interval.high,
        changes=changes,
        enough=changes.enough,
        p_worse=drawn.p_worse(changes.groups),
        p_mid=None,
        proven_worse=interval.high < 0 and changes.enough,
        proven_better=interval.low > 0 and changes.enough,
        tolerates=True,
        sight=Sight(n=len(sides.base), se=drawn.error() if changes.enough else inf),
    )


def _changes(sides: Sides[T]) -> Changes:
    groups: Sequence[Hashable] = range(len(sides.base)) if sides.clusters is None else sides.clusters
    changed = {
        group for group, base, head in zip(groups, sides.base, sides.head, strict=True) if base != head
    }
    # Which way a case moved is not known, as only all cases together have a score.
    return Changes(
        lower=0, higher=0, broke=None, fixed=None, groups=len(set(groups)), changed_groups=len(changed)
    )


@dataclass(frozen=True, slots=True)
class _Resampled:
    """Resampled differences in order, and how many resamples had none."""

    differences: Sequence[float]
    undefined: int

    def limits(self, estimate: float, changes: Changes) -> Interval:
        """The widened percentiles, within [-1, 1]."""
        if changes.groups < FEWEST_GROUPS:
            return Interval(-1.0, 1.0)
        tail = normal_cdf(-_widening(changes.groups) * t_ppf(1 - ALPHA, changes.groups - 1))
        beyond = int(tail * RESAMPLES) - self.undefined
        if beyond < 0:
            return Interval(-1.0, 1.0)
        low, high = self.differences[beyond], self.differences[-1 - beyond]
        if not changes.enough:
            low = min(low, estimate - CRITICAL**2 / (changes.groups + CRITICAL**2))
        return Interval(max(-1.0, low), min(1.0, high))

    def p_worse(self, groups: int) -> float:
        """One-sided, by the same widening; ties count half, undefined resamples against harm."""
        if groups < FEWEST_GROUPS:
            return 0.5
        rose = sum((difference > 0) + (difference == 0) / 2 for difference in self.differences)
        share = (rose + self.undefined + 0.5) / (RESAMPLES + 1)
        return t_cdf(normal_ppf(share) / _widening(groups), groups - 1)

    def error(self) -> float:
        """The standard error of the difference."""
        return pstdev(self.differences) if self.differences else inf


def _widening(groups: int) -> float:
    return sqrt(groups / (groups - 1))


def _resampled(sides: Sides[T], random: Random) -> _Resampled:
    drawn = [_difference(sides, places) for places in _draws(sides, random)]
    defined = sorted(difference for difference in drawn if isfinite(difference))
    return _Resampled(defined, RESAMPLES - len(defined))


def _difference(sides: Sides[T], places: Sequence[int]) -> float:
    base = sides.statistic([sides.base[place] for place in places])
    return sides.statistic([sides.head[place] for place in places]) - base


def _draws(sides: Sides[T], random: Random) -> Iterator[Sequence[int]]:
    """The places of the items of each resample."""
    if sides.clusters is None:
        everywhere = range(len(sides.base))
        for _ in range(RESAMPLES):
            yield random.choices(everywhere, k=len(everywhere))
        return
    by_cluster: dict[Hashable, list[int]] = {}
    for place, cluster in enumerate(sides.clusters):
        by_cluster.setdefault(cluster, []).append(place)
    clusters = list(by_cluster.values())
    for _ in range(RESAMPLES):
        yield [place for cluster in random.choices(clusters, k=len(clusters)) for place in cluster]
