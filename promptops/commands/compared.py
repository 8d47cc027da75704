"""What is said of each suite once everything has run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import fsum

from promptops.commands.base_scores import BaseScores, Outcomes
from promptops.commands.collect import Collector
from promptops.commands.sides import Sides
from promptops.commands.suite_pairs import CellPair
from promptops.commands.swapped import Crossed
from promptops.engine.classification import confusion_changes
from promptops.engine.compare import (
    Measured,
    measure,
    measure_alone,
    must_pass_of,
    rules_of,
    with_checks,
    with_limits,
)
from promptops.engine.judge_reports import with_answers
from promptops.engine.plan import Cell
from promptops.engine.swap import Versions, share_out
from promptops.model.comparison import Check, MustPass, Verdict
from promptops.model.diff import (
    NO_LATENCY,
    CaseRate,
    Ruler,
    SideAnswers,
    SideCost,
    SideFlips,
    SideJudging,
    SideLatency,
    SuiteComparison,
)
from promptops.model.judge_calls import JudgeCalls
from promptops.model.result import MetricSummary, SuiteResult
from promptops.stats.limits import check_must_pass

OF_THE_SUITE = ("inputs", "parameters", "target", "retriever")


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """All that is known of the cells once everything has run."""

    known: BaseScores
    collector: Collector
    results: Mapping[Cell, SuiteResult]
    crossed: Mapping[CellPair, Crossed | str] = field(default_factory=dict)

    def base(self, pair: CellPair) -> Outcomes | None:
        """The base's scores; None where there is nothing to compare with."""
        if pair.base is None:
            return None
        return self.known.of(pair.base.cell) or self.collector.of(pair.base.cell)

    def number(self, cell: Cell) -> int | None:
        """A cell's number in the journal of the run."""
        return next((number for number, each in enumerate(self.results) if each is cell), None)

    def by_branch(self, pair: CellPair) -> SuiteResult | None:
        """The head measured by the branch's ruler, where that was wanted."""
        if pair.branch is None:
            return None
        return self.results.get(pair.branch.cell) or (
            self.results.get(pair.head.cell) if pair.scored_alike else None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A pair with its measures; what may not break may have to be run again before it is judged."""

    pair: CellPair
    measured: Measured
    must_pass: MustPass = field(default_factory=MustPass)

    def confirmed(self, base: Outcomes, head: Outcomes) -> Examined:
        """The same with further runs of the cases that may not break."""
        deterministic = self.pair.head.cell.is_deterministic
        return replace(self, must_pass=must_pass_of(self.measured, base, head, deterministic=deterministic))

    def finished(self) -> Measured:
        """What is judged."""
        return with_checks(self.measured, *check_must_pass(self.must_pass))


def examine(sides: Sides, pair: CellPair, runs: Runs) -> Examined:
    """A pair's measures, described."""
    measured = _measured(sides, pair, runs)
    described = _swapped(_described(measured.comparison, pair, runs), pair, runs)
    return Examined(pair=pair, measured=replace(measured, comparison=described)).confirmed({}, {})


def _measured(sides: Sides, pair: CellPair, runs: Runs) -> Measured:
    head = runs.results.get(pair.head.cell)
    if head is None:
        reason = "only the ruler differs: the comparison counts by the base's"
        nothing = SuiteComparison(suite=pair.suite, verdict=Verdict.UNCHANGED, reason=reason)
        return Measured(comparison=nothing, is_compared=False)
    cell = pair.head.cell
    rules = rules_of(cell.plan.suite.gate, sides.base.config.gate)
    base, after = runs.base(pair), runs.collector.of(cell)
    measured = (
        measure_alone(cell.plan, after, rules, head.metrics)
        if base is None
        else measure(cell.plan, base, after, rules)
    )
    cost_usd = None if head.cost_usd is None else head.cost_usd / max(1, head.scored)
    limited = with_limits(measured, cost_usd=cost_usd, p95_ms=head.latency_ms.p95)
    return with_checks(limited, *_unrecorded(pair, runs))


def _unrecorded(pair: CellPair, runs: Runs) -> Iterator[Check]:
    """Answers that may not be asked for are no reason to pass: somebody who may ask has to."""
    for side, prepared in (("base", pair.base), ("head", pair.head)):
        result = runs.results.get(prepared.cell) if prepared else None
        if result is not None and result.unrecorded:
            share = result.unrecorded / result.cases
            reason = (
                f"{result.unrecorded} of {result.cases} answers of the {side} ({share:.0%}) are not recorded;"
                f" whoever has the key can run the rest with `promptops gate {pair.suite}`"
            )
            yield Check(verdict=Verdict.INVALID, reason=reason)


def _described(comparison: SuiteComparison, pair: CellPair, runs: Runs) -> SuiteComparison:
    """The comparison with what was compared, what it cost, and how long it took."""
    base_cell = pair.base.cell if pair.base else None
    base = runs.results.get(base_cell) if base_cell else None
    head = runs.results.get(pair.head.cell)
    branch = runs.by_branch(pair)
    own = runs.results.get(pair.branch.cell) if pair.branch else None
    ran = [each for each in (base, head, own) if each is not None]
    stored = runs.known.found.get(base_cell) if base_cell else None
    return replace(
        comparison,
        prompt=pair.head.cell.prompt,
        model=pair.head.cell.model,
        base_model=base_cell.model if base_cell else None,
        changed=tuple(_changed(pair)),
        ruler=Ruler(changes=pair.ruler_changes, branch_metrics=branch.metrics if branch else ()),
        case_ids=replace(
            comparison.case_ids,
            added=tuple(sorted(pair.cases.added)),
            removed=tuple(sorted(pair.cases.removed)),
            edited=tuple(sorted(pair.cases.edited)),
        ),
        rates=tuple(_rates(pair, runs)),
        cost_usd=SideCost(base=base.cost_usd if base else None, head=head.cost_usd if head else None),
        latency_ms=SideLatency(
            base=base.latency_ms if base else NO_LATENCY, head=head.latency_ms if head else NO_LATENCY
        ),
        answers=SideAnswers(base=_answers(base), head=_answers(head)),
        flips=SideFlips(base=base.flips if base else None, head=head.flips if head else None),
        confusions=confusion_changes(
            base.classification if base else None, head.classification if head else None
        ),
        judges=tuple(with_answers(comparison.judges, base, head)),
        judging=SideJudging(
            base=base.judging if base else JudgeCalls(), head=head.judging if head else JudgeCalls()
        ),
        calls=sum(each.calls for each in ran),
        cached=sum(each.cached for each in ran),
        how=_how(base, pair, is_stored=stored is not None) if head else "none",
        base_runs=len(stored.entries) if stored else 0,
        base_runs_left_out=stored.left_out if stored else 0,
        base_scored_at=stored.newest if stored else None,
        base_cell=runs.number(base_cell) if base_cell else None,
        head_cell=runs.number(pair.head.cell),
        branch_cell=runs.number(pair.branch.cell) if pair.branch else None,
    )


def _answers(result: SuiteResult | None) -> int:
    return result.calls + result.cached if result else 0


def _swapped(comparison: SuiteComparison, pair: CellPair, runs: Runs) -> SuiteComparison:
    """The comparison with how much of it one component makes, where that was asked."""
    versions = runs.crossed.get(pair)
    if versions is None:
        return comparison
    if isinstance(versions, str):
        return replace(comparison, swap_note=versions)
    crossed_cells = (versions.base_with_head.cell, versions.head_with_base.cell)
    results = [runs.results[cell] for cell in crossed_cells]
    base_with_head, head_with_base = map(runs.collector.of, crossed_cells)
    swap = share_out(
        pair.head.cell.plan,
        versions.component,
        Versions(
            base=runs.base(pair) or {},
            base_with_head=base_with_head,
            head_with_base=head_with_base,
            head=runs.collector.of(pair.head.cell),
        ),
    )
    return replace(
        comparison,
        swap=swap,
        swap_note="" if swap else "no case was answered by all four versions",
        calls=comparison.calls + sum(each.calls for each in results),
        cached=comparison.cached + sum(each.cached for each in results),
    )


def _rates(pair: CellPair, runs: Runs) -> Iterator[CaseRate]:
    branch = runs.by_branch(pair)
    if branch is not None and pair.branch is not None:
        outcomes = runs.collector.of(pair.branch.cell) or runs.collector.of(pair.head.cell)
        for cases, ids in (("added", pair.cases.added), ("edited", pair.cases.edited)):
            for metric in _names(branch.metrics) if ids else ():
                n, mean = _mean(outcomes, ids, metric)
                yield CaseRate(cases=cases, metric=metric, n=n, base_mean=None, head_mean=mean)
    head = runs.results.get(pair.head.cell)
    if head is not None and pair.cases.removed:
        base, after = runs.base(pair) or {}, runs.collector.of(pair.head.cell)
        for metric in _names(head.metrics):
            _, base_mean = _mean(base, pair.cases.removed, metric)
            n, head_mean = _mean(after, pair.cases.removed, metric)
            yield CaseRate(cases="removed", metric=metric, n=n, base_mean=base_mean, head_mean=head_mean)


def _names(metrics: Sequence[MetricSummary]) -> Iterator[str]:
    return (each.metric for each in metrics)


def _mean(outcomes: Outcomes, ids: Sequence[str], metric: str) -> tuple[int, float | None]:
    """How many of these cases have a score, and the mean of their means."""
    values = [each.values(metric) for id_ in ids if (each := outcomes.get(id_)) is not None]
    means = [fsum(each) / len(each) for each in values if each]
    return len(means), fsum(means) / len(means) if means else None


def _how(base: SuiteResult | None, pair: CellPair, *, is_stored: bool) -> str:
    if pair.base is None:
        return "none"
    if base is None or is_stored:
        return "ledger"
    return "evaluated" if base.calls else "cache"


def _changed(pair: CellPair) -> Iterator[str]:
    yield from pair.notes
    if pair.base is None:
        return
    before, after = pair.base.cell, pair.head.cell
    if before.prompt != after.prompt:
        yield f"prompt {before.prompt} → {after.prompt}"
    if before.model != after.model:
        yield f"model {before.model} → {after.model}"
    if before.renderer and after.renderer and before.renderer.digest != after.renderer.digest:
        yield f"prompt {after.prompt} edited"
    for name in OF_THE_SUITE:
        if getattr(before.plan.suite, name) != getattr(after.plan.suite, name):
            yield f"{name} of the suite edited"
    if before.target.identity() != after.target.identity():
        yield "the recorded outputs differ"
    if before.retriever and after.retriever and before.retriever.identity != after.retriever.identity:
        yield "the recorded documents differ"
