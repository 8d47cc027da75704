"""From the scores of both sides to what is said of a suite. Pure: nothing is read or run here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from promptops.engine.outcome import CaseOutcome
from promptops.engine.plan import SuitePlan
from promptops.engine.score import WEIGHTED
from promptops.model.comparison import Check, GateRules, MetricDelta, MustPass, SliceDelta, Verdict, worst
from promptops.model.config import GateSettings
from promptops.model.diff import CaseIds, SuiteComparison
from promptops.model.result import Scale
from promptops.model.suite import Gate
from promptops.stats.compare import compare
from promptops.stats.families import compare_overall, judge_family
from promptops.stats.limits import check_floor, check_limits, check_must_pass, judge_must_pass
from promptops.stats.pairs import Pair
from promptops.stats.slices import compare_slices

PASSES = 0.5
CHANGED = 1e-9
Outcomes = Mapping[str, CaseOutcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A suite on both sides, before it is known how many suites are judged together."""

    comparison: SuiteComparison
    pairs: Sequence[Pair] = ()
    is_count: bool = False


def rules_of(gate: Gate, settings: GateSettings) -> GateRules:
    """The rules of a suite: its own, and where it says nothing those of `[gate]`."""

    def chosen(name: str) -> float | None:
        own: float | None = getattr(gate, name)
        return getattr(settings, name) if own is None else own

    names = ("budget", "margin", "floor", "max_missing", "watch_drop")
    limits = ("max_cost_usd_per_case", "max_p95_latency_ms")
    return GateRules(must_pass=gate.must_pass, **{name: chosen(name) for name in (*names, *limits)})  # type: ignore[arg-type]  # those with a default are never None


def pairs_of(base: Outcomes, head: Outcomes, metric: str) -> list[Pair]:
    """Every case of either side in one metric."""
    nothing = CaseOutcome()
    pairs = []
    for id_ in dict.fromkeys([*base, *head]):
        before, after = base.get(id_, nothing), head.get(id_, nothing)
        known = after if id_ in head and after.lost is None else before
        pairs.append(
            Pair(
                key=id_,
                base=before.values(metric),
                head=after.values(metric),
                weight=known.weight,
                cluster=known.cluster,
            )
        )
    return pairs


def measure(plan: SuitePlan, base: Outcomes, head: Outcomes, rules: GateRules) -> Measured:
    """Every metric of a suite, its slices, its limits and its cases."""
    scales = {scorer.name: scorer.scale for scorer in plan.scorers}
    names = [*scales, *([WEIGHTED] if any(WEIGHTED in each.scores for each in head.values()) else [])]
    metrics = tuple(
        compare(
            pairs_of(base, head, name),
            metric=name,
            rules=rules,
            scale=scales.get(name, Scale.UNIT),
            kind=plan.suite.kind,
            primary=name == plan.primary,
        )
        for name in names
    )
    pairs = pairs_of(base, head, plan.primary)
    scale = scales.get(plan.primary, Scale.UNIT)
    checks = [] if rules.floor is None else [check_floor(pairs, floor=rules.floor, scale=scale)]
    comparison = SuiteComparison(
        suite=plan.name,
        verdict=Verdict.UNCHANGED,
        reason="",
        metrics=metrics,
        slices=_slices(plan, pairs, head, rules),
        checks=tuple(check for check in checks if check is not None),
        case_ids=_case_ids(pairs, base, head),
    )
    return Measured(comparison=comparison, pairs=pairs, is_count=scale is Scale.COUNT)


def must_pass_of(measured: Measured, rules: GateRules, *, deterministic: bool) -> MustPass:
    """What became of the cases that may not break; some may have to be asked again to tell."""
    wanted = set(rules.must_pass)
    found = judge_must_pass(
        [pair for pair in measured.pairs if pair.key in wanted], deterministic=deterministic
    )
    absent = tuple(sorted(wanted - {pair.key for pair in measured.pairs}))
    return replace(found, lost=(*found.lost, *absent))


def with_limits(
    measured: Measured, rules: GateRules, must_pass: MustPass, *, cost_usd: float | None, p95_ms: float | None
) -> Measured:
    """The suite with what its limits and the cases that may not break say."""
    checks = (
        *measured.comparison.checks,
        *check_limits(rules, cost_usd_per_case=cost_usd, p95_latency_ms=p95_ms),
        *check_must_pass(must_pass),
    )
    return replace(measured, comparison=replace(measured.comparison, checks=checks))


def conclude(
    suites: Sequence[Measured], rules: GateRules
) -> tuple[tuple[SuiteComparison, ...], MetricDelta | None]:
    """The verdicts, corrected for the number of suites, and the one over all cases of all suites."""
    judged = [each for each in suites if each.comparison.primary is not None]
    overall = compare_overall(
        [each.pairs for each in judged if each.pairs and not each.is_count], rules=rules
    )
    primaries = [each.comparison.primary for each in judged]
    family = judge_family([each for each in primaries if each is not None], overall)
    corrected = iter(family.metrics)
    return (
        tuple(
            _judged(each.comparison, next(corrected)) if each.comparison.primary else each.comparison
            for each in suites
        ),
        family.overall,
    )


def _judged(suite: SuiteComparison, primary: MetricDelta) -> SuiteComparison:
    metrics = tuple(primary if metric.primary else metric for metric in suite.metrics)
    checks: list[Check | MetricDelta] = [check for check in suite.checks if not check.warning]
    verdict = worst([primary.verdict, *(check.verdict for check in checks)])
    reason = next(each.reason for each in (*checks, primary) if each.verdict is verdict)
    return replace(suite, metrics=metrics, verdict=verdict, reason=reason)


def _slices(
    plan: SuitePlan, pairs: Sequence[Pair], head: Outcomes, rules: GateRules
) -> tuple[SliceDelta, ...]:
    scale = next((scorer.scale for scorer in plan.scorers if scorer.name == plan.primary), Scale.UNIT)
    values = {id_: outcome.slices for id_, outcome in head.items() if outcome.slices}
    return compare_slices(pairs, values=values, metric=plan.primary, rules=rules, scale=scale)


def _case_ids(pairs: Iterable[Pair], base: Outcomes, head: Outcomes) -> CaseIds:
    lists: dict[str, list[str]] = {"broke": [], "fixed": [], "lower": [], "higher": []}
    for pair in pairs:
        if not (pair.base and pair.head) or pair.weight == 0:
            continue
        before, after = sum(pair.base) / len(pair.base), sum(pair.head) / len(pair.head)
        if abs(after - before) > CHANGED:
            lists["lower" if after < before else "higher"].append(pair.key)
        if (before >= PASSES) != (after >= PASSES):
            lists["broke" if after < PASSES else "fixed"].append(pair.key)
    lost = {id_ for side in (base, head) for id_, outcome in side.items() if outcome.lost is not None}
    return CaseIds(errored=tuple(sorted(lost)), **{name: tuple(sorted(ids)) for name, ids in lists.items()})
