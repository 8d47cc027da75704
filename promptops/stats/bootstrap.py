"""Metrics of a whole suite, such as F1 or kappa: a statistic of all cases, not a mean of scores."""

from __future__ import annotations

from collections import Counter
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

T = TypeVar("T", bound=Hashable)

Statistic = Callable[[Sequence[T], Sequence[float]], float]
"""Of any number of items and their weights; in [0, 1], higher is better, NaN where it is not defined."""

RESAMPLES = 1000
FEWEST_GROUPS = 2
FROM_0_TO_1 = Interval(0.0, 1.0)
FROM_MINUS_1_TO_1 = Interval(-1.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides(Generic[T]):
    """What a statistic is taken of: one item a case, in the same order on both sides.

    Attributes:
        base: items of the base, for instance (predicted, expected).
        head: items of the change under test.
        statistic: what is compared.
        weights: one an item, or None when all count alike.
        clusters: one an item, or None when all cases are independent.
        missing: cases that are in neither side, since infrastructure lost them.
    """

    base: Sequence[T]
    head: Sequence[T]
    statistic: Statistic[T]
    weights: Sequence[float] | None = None
    clusters: Sequence[Hashable] | None = None
    missing: int = 0

    def value(self, side: Sequence[T]) -> float:
        """The statistic of all items of a side."""
        return self.statistic(side, self.weights or [1.0] * len(side))


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
    base, head = (sides.value(side) if n else inf for side in (sides.base, sides.head))
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
    drawn = _resampled(_differences(sides, seed))
    interval = drawn.limits_of_difference(head - base, changes)
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
    """Resampled values in order, and how many resamples had none."""

    values: Sequence[float]
    undefined: int

    def limits(self, groups: int) -> Interval | None:
        """The widened percentiles; None where too few groups or undefined resamples leave no limit."""
        if groups < FEWEST_GROUPS:
            return None
        beyond = int(normal_cdf(-_reach(groups)) * RESAMPLES) - self.undefined
        return Interval(self.values[beyond], self.values[-1 - beyond]) if beyond >= 0 else None

    def corrected_limits(self, estimate: float, groups: int, bounds: Interval) -> Interval | None:
        """The same, moved by as much as the resamples lie to one side of the estimate.

        Statistics such as macro F1 are lower in resamples than in the sample, and in the sample than in
        truth (Efron 1981, Canadian Journal of Statistics 9:139). Where all resamples are alike, as of answers
        that are all right, the limits are as far away as Wilson's of a share that is 0 or 1.
        """
        if groups < FEWEST_GROUPS or self.undefined:
            return self.limits(groups)
        if self.values[0] == self.values[-1]:
            doubt = CRITICAL**2 / (groups + CRITICAL**2)
            return Interval(max(bounds.low, estimate - doubt), min(bounds.high, estimate + doubt))
        below = sum((value < estimate) + (value == estimate) / 2 for value in self.values)
        shift = 2 * normal_ppf((below + 0.5) / (RESAMPLES + 1))
        low, high = (
            self.values[min(RESAMPLES - 1, int(normal_cdf(shift + reach) * RESAMPLES))]
            for reach in (-_reach(groups), _reach(groups))
        )
        return Interval(low, high)

    def limits_of_difference(self, estimate: float, changes: Changes) -> Interval:
        """The limits within [-1, 1], and the lower one no better than few changes allow."""
        found = self.limits(changes.groups)
        if found is None:
            return Interval(-1.0, 1.0)
        low = found.low
        if not changes.enough:
            low = min(low, estimate - CRITICAL**2 / (changes.groups + CRITICAL**2))
        return Interval(max(-1.0, low), min(1.0, found.high))

    def p_worse(self, groups: int) -> float:
        """One-sided, by the same widening; ties count half, undefined resamples against harm."""
        if groups < FEWEST_GROUPS:
            return 0.5
        rose = sum((difference > 0) + (difference == 0) / 2 for difference in self.values)
        share = (rose + self.undefined + 0.5) / (RESAMPLES + 1)
        return t_cdf(normal_ppf(share) / _widening(groups), groups - 1)

    def error(self) -> float:
        """The standard error of the difference."""
        return pstdev(self.values) if self.values else inf


def statistic_interval(
    items: Sequence[T],
    statistic: Statistic[T],
    *,
    weights: Sequence[float] | None = None,
    clusters: Sequence[Hashable] | None = None,
    bounds: Interval = FROM_0_TO_1,
    seed: int = 0,
) -> tuple[float | None, Interval | None]:
    """A statistic of one side with its 95 % interval, by bias-corrected percentiles; None where undefined.

    Args:
        items: one a case.
        statistic: of these items.
        weights: one an item, or None when all count alike.
        clusters: one an item, or None when all cases are independent.
        bounds: the values that are possible.
        seed: of the resampling.
    """
    sides = Sides(base=items, head=items, statistic=statistic, weights=weights, clusters=clusters)
    value = sides.value(items) if items else inf
    if not isfinite(value):
        return None, None
    drawn = _resampled(statistic(*side) for side, _ in _draws(sides, seed))
    groups = len(items if clusters is None else set(clusters))
    return value, drawn.corrected_limits(value, groups, bounds)


def _reach(groups: int) -> float:
    """How many standard errors the limits are away."""
    return _widening(groups) * t_ppf(1 - ALPHA, groups - 1)


def _widening(groups: int) -> float:
    return sqrt(groups / (groups - 1))


def _resampled(drawn: Iterator[float]) -> _Resampled:
    defined = sorted(value for value in drawn if isfinite(value))
    return _Resampled(defined, RESAMPLES - len(defined))


def _differences(sides: Sides[T], seed: int) -> Iterator[float]:
    for base, head in _draws(sides, seed):
        yield sides.statistic(*head) - sides.statistic(*base)


_Weighted = tuple[list[T], list[float]]
"""Items, and how much each of them weighs."""


def _draws(sides: Sides[T], seed: int) -> Iterator[tuple[_Weighted[T], _Weighted[T]]]:
    """The items of each resample on both sides; equal ones stand there once, with their joint weight."""
    weights = sides.weights or [1.0] * len(sides.base)
    kinds: dict[tuple[T, T, float], int] = {}
    kind_of = [
        kinds.setdefault(kind, len(kinds)) for kind in zip(sides.base, sides.head, weights, strict=True)
    ]
    distinct = list(kinds)
    for counts in _counts(kind_of, sides.clusters, Random(seed)):  # noqa: S311 - no secret
        drawn = [distinct[kind] for kind in counts]
        weighed = [count * kind[2] for count, kind in zip(counts.values(), drawn, strict=True)]
        yield ([base for base, _, _ in drawn], weighed), ([head for _, head, _ in drawn], weighed)


def _counts(
    kind_of: Sequence[int], clusters: Sequence[Hashable] | None, random: Random
) -> Iterator[Counter[int]]:
    """How often each kind of case is drawn, in each resample of cases or of whole clusters."""
    if clusters is None:
        for _ in range(RESAMPLES):
            yield Counter(random.choices(kind_of, k=len(kind_of)))
        return
    by_cluster: dict[Hashable, list[int]] = {}
    for kind, cluster in zip(kind_of, clusters, strict=True):
        by_cluster.setdefault(cluster, []).append(kind)
    members = list(by_cluster.values())
    for _ in range(RESAMPLES):
        yield Counter(kind for cluster in random.choices(members, k=len(members)) for kind in cluster)
