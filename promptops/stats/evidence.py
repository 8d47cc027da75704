"""What a comparison found, before any rule of the gate is applied."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from math import fsum, isfinite
from typing import Literal

from promptops.model.comparison import Method
from promptops.model.result import Scale
from promptops.stats.golden import PASSES, golden_test
from promptops.stats.intervals import weighted_mean
from promptops.stats.paired_t import PairedT, paired_t
from promptops.stats.pairs import Columns, Pair, columns
from promptops.stats.power import NONE_SEEN, mde_at, mde_binary, power_at, power_binary
from promptops.stats.tango import mcnemar_mid_p, mcnemar_p, tango

Kind = Literal["sample", "golden"]

ALPHA = 0.025
MIN_CHANGED = 5
SAME = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Counts of cases that changed; `groups` and `changed_groups` count clusters, or cases without clusters."""

    lower: int
    higher: int
    broke: int | None
    fixed: int | None
    groups: int
    changed_groups: int

    @property
    def enough(self) -> bool:
        """Whether so many changed that a change may be called proven; fewer clusters never reach it."""
        return self.changed_groups >= MIN_CHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What this comparison could have seen: by flips of pass or fail, or by a standard error."""

    n: int
    se: float = 0.0
    flip_rate: float | None = None

    @property
    def mde80(self) -> float:
        """The smallest true drop that is found with 80 % power, in units of the score."""
        return mde_at(self.se) if self.flip_rate is None else mde_binary(self.n, self.flip_rate)

    def power(self, drop: float) -> float:
        """How likely a true drop is found, 0 to 1."""
        if self.flip_rate is None:
            return power_at(drop, self.se)
        return power_binary(drop, self.n, self.flip_rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The numbers of a comparison; limits are infinite where nothing bounds them.

    `tolerates` says whether a budget may excuse a proven loss: not where each case is a requirement.
    """

    test: Method
    n: int
    scale: Scale
    base_mean: float
    head_mean: float
    delta: float
    low: float
    high: float
    changes: Changes
    enough: bool
    p_worse: float
    p_mid: float | None
    proven_worse: bool
    proven_better: bool
    tolerates: bool
    sight: Sight

    @property
    def mde80(self) -> float | None:
        """At most 1 unless scores are counts; None where nothing can be said."""
        drop = self.sight.mde80
        if self.scale is not Scale.COUNT:
            return min(NONE_SEEN, drop)
        return drop if isfinite(drop) else None

    def power(self, drop: float) -> float | None:
        """How likely a true drop is found; None for counts, which have no common unit."""
        return None if self.scale is Scale.COUNT else self.sight.power(drop)


def gather(pairs: Sequence[Pair], kind: Kind, scale: Scale) -> Evidence:
    """Compare pairs that have a score on both sides; at least one."""
    sides = columns(pairs)
    changes = count_changes(sides, scale)
    evidence = _by_counts(sides, changes) if _is_plain(sides, scale) else _by_t(sides, changes, scale)
    return _as_golden(evidence, pairs) if kind == "golden" else evidence


def count_changes(sides: Columns, scale: Scale) -> Changes:
    """Count the cases, and the clusters, that changed."""
    both = list(zip(sides.base, sides.head, strict=True))
    changed = [abs(head - base) > SAME for base, head in both]
    lower = sum(head - base < -SAME for base, head in both)
    groups: Sequence[Hashable] = range(len(both)) if sides.clusters is None else sides.clusters
    binary = scale is Scale.BINARY
    return Changes(
        lower=lower,
        higher=sum(changed) - lower,
        broke=sum(base >= PASSES > head for base, head in both) if binary else None,
        fixed=sum(base < PASSES <= head for base, head in both) if binary else None,
        groups=len(set(groups)),
        changed_groups=len({group for group, is_changed in zip(groups, changed, strict=True) if is_changed}),
    )


def _is_plain(sides: Columns, scale: Scale) -> bool:
    """Pass or fail, one run a side, no weights, no clusters."""
    if scale is not Scale.BINARY or not sides.single:
        return False
    if sides.weights is not None or sides.clusters is not None:
        return False
    return all(value in (0.0, 1.0) for side in (sides.base, sides.head) for value in side)


def _by_counts(sides: Columns, changes: Changes) -> Evidence:
    n, broke, fixed = len(sides.base), changes.lower, changes.higher
    interval = tango(broke, fixed, n)
    return Evidence(
        test=Method.TANGO,
        n=n,
        scale=Scale.BINARY,
        base_mean=fsum(sides.base) / n,
        head_mean=fsum(sides.head) / n,
        delta=(fixed - broke) / n,
        low=interval.low,
        high=interval.high,
        changes=changes,
        enough=changes.enough,
        p_worse=mcnemar_p(broke, fixed),
        p_mid=mcnemar_mid_p(broke, fixed),
        proven_worse=interval.high < 0 and changes.enough,
        proven_better=interval.low > 0 and changes.enough,
        tolerates=True,
        sight=Sight(n=n, flip_rate=(broke + fixed + 2) / (n + 2)),
    )


def _by_t(sides: Columns, changes: Changes, scale: Scale) -> Evidence:
    differences = [head - base for base, head in zip(sides.base, sides.head, strict=True)]
    bound = None if scale is Scale.COUNT else 1.0
    t = paired_t(differences, weights=sides.weights, clusters=sides.clusters, bound=bound)
    return Evidence(
        test=Method.PAIRED_T,
        n=len(differences),
        scale=scale,
        base_mean=weighted_mean(sides.base, sides.weights),
        head_mean=weighted_mean(sides.head, sides.weights),
        delta=t.mean,
        low=t.low,
        high=t.high,
        changes=changes,
        enough=changes.enough,
        p_worse=t.p_worse,
        p_mid=None,
        proven_worse=t.high < 0 and changes.enough,
        proven_better=t.low > 0 and changes.enough,
        tolerates=True,
        sight=Sight(n=len(differences), se=_telling_se(t, changes)),
    )


def _telling_se(t: PairedT, changes: Changes) -> float:
    """Where hardly a case changed, the plain error says that everything would be seen."""
    return t.se if changes.enough else max(t.se, t.cautious_se)


def _as_golden(evidence: Evidence, pairs: Sequence[Pair]) -> Evidence:
    """The same numbers, with harm judged by the test for requirements.

    Pass or fail needs no least number of changed cases; graded scores do, as their p is not exact.
    """
    test = golden_test(pairs)
    enough = evidence.scale is Scale.BINARY or evidence.enough
    return replace(
        evidence,
        test=Method.GOLDEN,
        enough=enough,
        p_worse=test.p_worse,
        p_mid=None,
        proven_worse=test.p_worse <= ALPHA and evidence.delta < 0 and enough,
        tolerates=False,
    )
