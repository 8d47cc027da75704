"""Many verdicts at once: corrected so that ten harmless suites fail no more often than one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from promptops.model.comparison import GateRules, MetricDelta, Verdict
from promptops.model.result import Scale
from promptops.stats.compare import compare
from promptops.stats.evidence import ALPHA
from promptops.stats.pairs import Pair

FEWEST_FOR_OVERALL = 3
OVERALL = "overall"
_NOT_JUDGED = (Verdict.INVALID, Verdict.NEW, Verdict.UNCHANGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The gating metrics, one a suite in the order given, and all cases together where that was asked."""

    metrics: tuple[MetricDelta, ...]
    overall: MetricDelta | None = None


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """Adjusted p-values in the order given (Benjamini and Hochberg 1995)."""
    adjusted = [1.0] * len(p)
    least = 1.0
    for rank, place in reversed(list(enumerate(sorted(range(len(p)), key=p.__getitem__), start=1))):
        least = min(least, p[place] * (len(p) / rank))
        adjusted[place] = least
    return adjusted


def compare_overall(suites: Sequence[Iterable[Pair]], *, rules: GateRules) -> MetricDelta | None:
    """All cases of several suites as one hypothesis, for small losses that no suite can prove; None below three.

    A case that several suites score is one cluster. Suites of counts do not belong here, since
    their scores have another unit.
    """
    if len(suites) < FEWEST_FOR_OVERALL:
        return None
    pairs = (
        replace(pair, cluster=f"case {pair.key}" if pair.cluster is None else f"cluster {pair.cluster}")
        for suite in suites
        for pair in suite
    )
    return compare(pairs, metric=OVERALL, rules=rules, scale=Scale.UNIT)


def judge_family(metrics: Iterable[MetricDelta], overall: MetricDelta | None = None) -> Family:
    """Correct the verdicts on the gating metrics of several suites for their number.

    A regression stays one when its adjusted p is at most 0.025; else it is `inconclusive`, and the
    reason says so. What was not judged (`new`, `unchanged`, `invalid`) is no member of the family.
    """
    given = tuple(metrics)
    members = [each for each in (*given, overall) if each is not None and _is_member(each)]
    suites = sum(_is_member(each) for each in given)
    adjusted = iter(benjamini_hochberg([_p_of(each) for each in members]))

    def judged(each: MetricDelta) -> MetricDelta:
        return _corrected(each, next(adjusted), suites) if _is_member(each) else each

    return Family(
        metrics=tuple(judged(each) for each in given),
        overall=None if overall is None else judged(overall),
    )


def _is_member(delta: MetricDelta) -> bool:
    return delta.p_worse is not None and delta.verdict not in _NOT_JUDGED


def _p_of(delta: MetricDelta) -> float:
    """What the metric brings into the family; harm that is not proven or is tolerated cannot reject."""
    if delta.p_worse is None or not delta.enough or delta.verdict is Verdict.WITHIN_BUDGET:
        return 1.0
    return delta.p_worse


def _corrected(delta: MetricDelta, p_adjusted: float, suites: int) -> MetricDelta:
    if delta.verdict is Verdict.REGRESSED and p_adjusted > ALPHA:
        reason = f"drop, not counted among {suites} suites"
        return replace(delta, p_adjusted=p_adjusted, verdict=Verdict.INCONCLUSIVE, reason=reason)
    return replace(delta, p_adjusted=p_adjusted)
