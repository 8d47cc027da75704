"""From case results to what is reported about a cell, in a few bytes a case."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from promptops.engine.classification import classification_of
from promptops.engine.components import component_metrics, components_of
from promptops.engine.flip_tally import FlipTally
from promptops.engine.judge_reports import judges_of_run
from promptops.engine.metric_tally import MetricTally
from promptops.engine.money import Money
from promptops.engine.plan import Cell, SuitePlan
from promptops.engine.score import WEIGHTED
from promptops.model.result import (
    NOT_ASKED,
    CaseErrored,
    CaseResult,
    CaseScored,
    FailedOutput,
    LatencySummary,
    LostCase,
    SliceSummary,
    SuiteResult,
)
from promptops.model.suite import as_text
from promptops.stats.quantile import quantile
from promptops.stats.repeats import MEAN

MOST_LISTED = 1000
"""Lost and failed cases that are listed; all of them are counted, and stand in the journal."""


@dataclass(slots=True)
class Tally:
    """Takes results as they arrive, in any order, and forgets them."""

    plan: SuitePlan
    cases: int = 0
    errored: int = 0
    unrecorded: int = 0
    errors: list[LostCase] = field(default_factory=list)
    failed: dict[str, FailedOutput] = field(default_factory=dict)
    money: Money = field(default_factory=Money)
    judging: Money = field(default_factory=Money)
    """What scorers asked of models, also for cases that are lost."""
    latencies_ms: array[float] = field(default_factory=lambda: array("d"))
    _open: dict[str, list[CaseResult]] = field(default_factory=dict)
    _metrics: dict[str, MetricTally] = field(default_factory=dict)
    _flips: FlipTally = field(init=False)
    _component_metrics: tuple[str, str] | None = field(init=False)
    _component_scores: list[tuple[float | None, float | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._flips = FlipTally(self.plan.primary)
        self._component_metrics = component_metrics(self.plan)

    def add(self, result: CaseResult) -> None:
        """Counts one result; a case counts as soon as all its repeats are there."""
        if isinstance(result, CaseScored):
            self.money.add(result.completion)
            self.latencies_ms.append(result.completion.latency_ms)
            failure = result.completion.failure
            if failure is not None and len(self.failed) < MOST_LISTED:
                self.failed[result.case_id] = FailedOutput(id=result.case_id, failure=failure)
        if self.plan.suite.repeats == 1:
            self._close_case([result])
            return
        repeats = self._open.setdefault(result.case_id, [])
        repeats.append(result)
        if len(repeats) == self.plan.suite.repeats:
            self._close_case(self._open.pop(result.case_id))

    def result(self, cell: Cell, *, digest: str, wall_ms: float, lane: str | None) -> SuiteResult:
        """The summary of everything added; a case that lost any repeat counts as lost."""
        metrics = tuple(each.summary(primary=each.name == self.plan.primary) for each in self._in_order())
        answers = (self.cases - self.errored) * self.plan.suite.repeats
        return SuiteResult(
            suite=self.plan.name,
            prompt=cell.prompt,
            model=cell.model,
            target=cell.target_type,
            digest=digest,
            cases=self.cases,
            scored=self.cases - self.errored,
            errored=self.errored,
            unrecorded=self.unrecorded,
            calls=self.money.calls,
            cached=self.money.cached,
            input_tokens=self.money.input_tokens,
            output_tokens=self.money.output_tokens,
            cost_usd=self.money.cost_usd,
            paid_usd=self.money.paid_usd,
            judging=self.judging.calls_of_judges(),
            wall_ms=wall_ms,
            latency_ms=LatencySummary(
                p50=quantile(self.latencies_ms, 0.5), p95=quantile(self.latencies_ms, 0.95)
            ),
            metrics=metrics,
            judges=tuple(judges_of_run(self.plan, metrics, answers)),
            slices=tuple(self._slice_summaries()),
            errors=tuple(sorted(self.errors, key=lambda lost: lost.id)),
            failed_output=tuple(sorted(self.failed.values(), key=lambda failed: failed.id)),
            lane=lane,
            run=cell.run,
            flips=self._flips.result(),
            components=components_of(self._component_metrics, self._component_scores)
            if self._component_metrics
            else None,
            classification=next(filter(None, map(classification_of, self._in_order())), None),
        )

    def _close_case(self, repeats: Sequence[CaseResult]) -> None:
        self.cases += 1
        scored = [each for each in repeats if isinstance(each, CaseScored)]
        if len(scored) == len(repeats):
            self._add_scores(scored)
            return
        self.errored += 1
        lost = next(each for each in repeats if isinstance(each, CaseErrored))
        self.unrecorded += lost.kind == NOT_ASKED
        if len(self.errors) < MOST_LISTED:
            self.errors.append(LostCase(id=lost.case_id, kind=lost.kind, message=lost.message))

    def _add_scores(self, repeats: Sequence[CaseScored]) -> None:
        for name in repeats[0].scores:
            self._metric(name).add(repeats)
        if len(repeats) > 1:
            self._flips.add(repeats)
        if self._component_metrics is not None:
            retriever, answer = self._component_metrics
            self._component_scores.append((_mean(repeats, retriever), _mean(repeats, answer)))

    def _metric(self, name: str) -> MetricTally:
        kept = self._metrics.get(name)
        if kept is None:
            suite = self.plan.suite
            kept = self._metrics[name] = MetricTally(
                name,
                next((each for each in self.plan.scorers if each.name == name), None),
                has_weights=suite.weight is not None,
                has_clusters=suite.cluster is not None,
            )
        return kept

    def _in_order(self) -> list[MetricTally]:
        """The metrics as the suite names them, also those that no case has."""
        names = (*(scorer.name for scorer in self.plan.scorers), *({WEIGHTED} & set(self._metrics)))
        return [self._metric(name) for name in names]

    def _slice_summaries(self) -> list[SliceSummary]:
        rows = (row for metric in self._in_order() for row in metric.slices())
        return sorted(rows, key=lambda row: (row.slice, as_text(row.value)))


def _mean(repeats: Sequence[CaseScored], metric: str) -> float | None:
    return MEAN.of([value for each in repeats if (value := each.scores[metric].value) is not None])
