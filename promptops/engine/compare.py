"""From the scores of both sides to what is said of a suite. Pure: nothing is read or run here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from promptops.engine.both_sides import NOTHING, BothSides, Outcomes
from promptops.engine.judge_reports import judges_of_comparison, judges_of_run
from promptops.engine.plan import SuitePlan
from promptops.engine.score import WEIGHTED
from promptops.model.comparison import Check, GateRules, MetricDelta, MustPass, Verdict, worst
from promptops.model.config import GateSettings
from promptops.model.diff import CaseIds, SuiteComparison
from promptops.model.result import MetricSummary
from promptops.model.suite import Gate
from promptops.stats.evidence import SAME
from promptops.stats.families import compare_overall, judge_family
from promptops.stats.golden import PASSES, stable_breaks
from promptops.stats.limits import check_limits, judge_must_pass
from promptops.stats.pairs import Pair
from promptops.stats.verdict import is_too_many, not_compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A suite on both sides, before it is known how many suites are judged together."""

    comparison: SuiteComparison
    rules: GateRules = field(default_factory=GateRules)
    pairs: Sequence[Pair] = ()
    gates: bool = True
    """Whether its metric may fail a build: not that of a judge which was not calibrated against people."""
    is_poolable: bool = True
    """Whether its scores are means that those of other suites can be joined with."""
    is_compared: bool = True
    moved_by_judge: frozenset[str] = frozenset()
    """Cases with the same output on both sides, of which a judge alone has changed its mind."""


def rules_of(gate: Gate, settings: GateSettings) -> GateRules:
    """The rules of a suite: its own, and where it says nothing those of `[gate]`."""

    def chosen(name: str) -> float | None:
        own: float | None = getattr(gate, name)
        return getattr(settings, name) if own is None else own

    names = ("budget", "margin", "floor", "max_missing", "watch_drop")
    limits = ("max_cost_usd_per_case", "max_p95_latency_ms")
    return GateRules(must_pass=gate.must_pass, **{name: chosen(name) for name in (*names, *limits)})  # type: ignore[arg-type]  # those with a default are never None


def measure(plan: SuitePlan, base: Outcomes, head: Outcomes, rules: GateRules) -> Measured:
    """Every metric of a suite, its slices, its limits and its cases."""
    names = [scorer.name for scorer in plan.scorers]
    if any(scorer.weight is not None for scorer in plan.scorers):
        names.append(WEIGHTED)
    sides = BothSides(plan, base, head)
    metrics = tuple(sides.compared(name, rules) for name in names)
    pairs, drift = sides.pairs(plan.primary), sides.drift(plan.primary)
    moved = frozenset(drift.cases) if drift else frozenset()
    binary = any(metric.primary and metric.broke is not None for metric in metrics)
    comparison = SuiteComparison(
        suite=plan.name,
        verdict=Verdict.UNCHANGED,
        reason="",
        rules=rules,
        metrics=metrics,
        slices=sides.slices(rules),
        checks=sides.floor(rules),
        case_ids=_case_ids([each for each in pairs if each.key not in moved], base, head, binary=binary),
        components=sides.components(),
        judges=tuple(judges_of_comparison(plan, metrics, sides.drift)),
    )
    return Measured(
        comparison=comparison,
        rules=rules,
        pairs=pairs,
        is_poolable=sides.is_poolable,
        gates=sides.gates,
        moved_by_judge=moved,
    )


def measure_alone(
    plan: SuitePlan, head: Outcomes, rules: GateRules, metrics: Sequence[MetricSummary]
) -> Measured:
    """A suite that the base has nothing to compare with; its floor holds all the same."""
    sides = BothSides(plan, {}, head)
    pairs = sides.pairs(plan.primary)
    lost = tuple(sorted(id_ for id_, outcome in head.items() if outcome.lost is not None))
    comparison = SuiteComparison(
        suite=plan.name,
        verdict=Verdict.NEW,
        reason="the base has nothing to compare with",
        rules=rules,
        metrics=tuple(_new_metric(each) for each in metrics),
        checks=(*_too_many_lost(len(lost), len(head), rules), *sides.floor(rules)),
        case_ids=CaseIds(errored=lost),
        judges=tuple(judges_of_run(plan, metrics)),
    )
    return Measured(comparison=comparison, rules=rules, pairs=pairs, is_compared=False)


def _new_metric(metric: MetricSummary) -> MetricDelta:
    found = not_compared(
        metric.metric,
        primary=metric.primary,
        verdict=Verdict.NEW,
        reason="the base has nothing to compare with",
    )
    return replace(found, head_mean=metric.mean, n=metric.n)


def _too_many_lost(lost: int, cases: int, rules: GateRules) -> tuple[Check, ...]:
    if not is_too_many(lost, cases - lost, rules):
        return ()
    return (Check(verdict=Verdict.INVALID, reason=f"{lost} of {cases} cases have no score"),)


def must_pass_of(measured: Measured, base: Outcomes, head: Outcomes, *, deterministic: bool) -> MustPass:
    """What became of the cases that may not break; some may have to be asked again to tell.

    Args:
        measured: the suite on both sides; what it has no base for cannot break.
        base: further runs of some of the cases on the base.
        head: the same on the head.
        deterministic: whether another run would tell nothing new.
    """
    if not (measured.is_compared and measured.gates):
        return MustPass()
    metric = next((each.metric for each in measured.comparison.metrics if each.primary), "")
    wanted = set(measured.rules.must_pass)
    pairs = [
        replace(
            pair,
            base=pair.base + base.get(pair.key, NOTHING).values(metric),
            head=pair.head + head.get(pair.key, NOTHING).values(metric),
        )
        for pair in measured.pairs
        if pair.key in wanted - measured.moved_by_judge
    ]
    found = judge_must_pass(pairs, deterministic=deterministic)
    absent = tuple(sorted(wanted - {pair.key for pair in measured.pairs}))
    return replace(found, lost=(*found.lost, *absent))


def with_limits(measured: Measured, *, cost_usd: float | None, p95_ms: float | None) -> Measured:
    """The suite with what its limits of cost and latency say."""
    return with_checks(
        measured, *check_limits(measured.rules, cost_usd_per_case=cost_usd, p95_latency_ms=p95_ms)
    )


def with_checks(measured: Measured, *checks: Check) -> Measured:
    """The suite with what more is to be said of it."""
    all_checks = (*measured.comparison.checks, *checks)
    return replace(measured, comparison=replace(measured.comparison, checks=all_checks))


def conclude(
    suites: Sequence[Measured], rules: GateRules
) -> tuple[tuple[SuiteComparison, ...], MetricDelta | None]:
    """The verdicts, corrected for the number of suites, and the one over all cases of all suites."""
    judged = [each for each in suites if each.comparison.primary is not None]
    overall = compare_overall(
        [each.pairs for each in judged if each.pairs and each.is_compared and each.is_poolable], rules=rules
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


def _case_ids(pairs: Sequence[Pair], base: Outcomes, head: Outcomes, *, binary: bool) -> CaseIds:
    lists: dict[str, list[str]] = {"broke": [], "fixed": [], "lower": [], "higher": []}
    for pair in pairs:
        if not (pair.base and pair.head) or pair.weight == 0:
            continue
        before, after = sum(pair.base) / len(pair.base), sum(pair.head) / len(pair.head)
        if abs(after - before) > SAME:
            lists["lower" if after < before else "higher"].append(pair.key)
        if binary and (before >= PASSES) != (after >= PASSES):
            lists["broke" if after < PASSES else "fixed"].append(pair.key)
    lost = {id_ for side in (base, head) for id_, outcome in side.items() if outcome.lost is not None}
    return CaseIds(
        errored=tuple(sorted(lost)),
        stable_breaks=tuple(sorted(set(stable_breaks(pairs)).intersection(lists["broke"]))),
        **{name: tuple(sorted(ids)) for name, ids in lists.items()},
    )
