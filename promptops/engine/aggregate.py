"""From case results to what is reported about a cell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import fsum

from promptops.engine.plan import Cell, SuitePlan
from promptops.engine.score import WEIGHTED
from promptops.model.record import JsonValue
from promptops.model.result import (
    CaseErrored,
    CaseResult,
    CaseScored,
    FailedOutput,
    LatencySummary,
    LostCase,
    MetricSummary,
    Scale,
    SliceSummary,
    SuiteResult,
)
from promptops.model.suite import as_text
from promptops.stats.intervals import mean_interval

MOST_LISTED = 1000
"""Lost and failed cases that are listed; all of them are counted, and stand in the journal."""


@dataclass(slots=True)
class _CaseValues:
    """The values of one case in one metric; repeats are averaged, since they are not new cases."""

    values: list[float] = field(default_factory=list)
    weight: float = 1.0
    cluster: str | None = None


@dataclass(slots=True)
class Tally:
    """Takes results as they arrive, in any order, and holds a few numbers of each."""

    plan: SuitePlan
    cases: set[str] = field(default_factory=set)
    metrics: dict[str, dict[str, _CaseValues]] = field(default_factory=dict)
    unscored: dict[str, int] = field(default_factory=dict)
    slices: dict[tuple[str, str], tuple[JsonValue, set[str]]] = field(default_factory=dict)
    lost: dict[str, LostCase] = field(default_factory=dict)
    failed: dict[str, FailedOutput] = field(default_factory=dict)
    latencies_ms: list[float] = field(default_factory=list)
    input_tokens: int = 0
    output_tokens: int = 0
    costs_usd: list[float] = field(default_factory=list)
    cost_is_known: bool = True
    cached: int = 0

    def add(self, result: CaseResult) -> None:
        """Counts one result."""
        self.cases.add(result.case_id)
        if isinstance(result, CaseErrored):
            self.lost[result.case_id] = LostCase(id=result.case_id, kind=result.kind, message=result.message)
        else:
            self._add_scored(result)

    def _add_scored(self, result: CaseScored) -> None:
        completion = result.completion
        self.latencies_ms.append(completion.latency_ms)
        self.input_tokens += completion.input_tokens
        self.output_tokens += completion.output_tokens
        self.cached += result.cached
        if completion.cost_usd is None:
            self.cost_is_known = False
        else:
            self.costs_usd.append(completion.cost_usd)
        if completion.failure is not None:
            self.failed[result.case_id] = FailedOutput(id=result.case_id, failure=completion.failure)
        for name, value in result.slices.items():
            self.slices.setdefault((name, as_text(value)), (value, set()))[1].add(result.case_id)
        for metric, score in result.scores.items():
            if score.value is None:
                self.unscored[metric] = self.unscored.get(metric, 0) + 1
                continue
            case = self.metrics.setdefault(metric, {}).setdefault(result.case_id, _CaseValues())
            case.values.append(score.value)
            case.weight, case.cluster = result.weight, result.cluster

    def result(self, cell: Cell, *, digest: str, wall_ms: float) -> SuiteResult:
        """The summary of everything added; a case that lost any repeat counts as lost."""
        for case_id in self.lost:
            for by_case in self.metrics.values():
                by_case.pop(case_id, None)
        return SuiteResult(
            suite=self.plan.name,
            prompt=cell.prompt,
            model=cell.model,
            target=cell.target_type,
            digest=digest,
            cases=len(self.cases),
            scored=len(self.cases) - len(self.lost),
            errored=len(self.lost),
            calls=len(self.latencies_ms) - self.cached,
            cached=self.cached,
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            cost_usd=fsum(self.costs_usd) if self.cost_is_known else None,
            wall_ms=wall_ms,
            latency_ms=LatencySummary(
                p50=quantile(self.latencies_ms, 0.5), p95=quantile(self.latencies_ms, 0.95)
            ),
            metrics=tuple(self._metrics()),
            slices=tuple(self._slices()),
            errors=tuple(sorted(self.lost.values(), key=lambda lost: lost.id)[:MOST_LISTED]),
            failed_output=tuple(sorted(self.failed.values(), key=lambda failed: failed.id)[:MOST_LISTED]),
        )

    def _metrics(self) -> Iterable[MetricSummary]:
        scales = {scorer.name: scorer.scale for scorer in self.plan.scorers}
        for metric in (*scales, *({WEIGHTED} & set(self.metrics))):
            by_case = self.metrics.get(metric, {})
            scale = scales.get(metric, Scale.UNIT)
            mean, interval = _summary(by_case.values(), scale)
            yield MetricSummary(
                metric=metric,
                primary=metric == self.plan.primary,
                scale=scale,
                n=len(by_case),
                mean=mean,
                ci_low=interval[0] if interval else None,
                ci_high=interval[1] if interval else None,
                unscored=self.unscored.get(metric, 0),
            )

    def _slices(self) -> Iterable[SliceSummary]:
        for (name, _), (value, ids) in sorted(self.slices.items()):
            for metric, by_case in self.metrics.items():
                members = [by_case[case_id] for case_id in ids if case_id in by_case]
                if members:
                    mean, _ = _summary(members, Scale.COUNT)
                    assert mean is not None
                    yield SliceSummary(slice=name, value=value, metric=metric, n=len(members), mean=mean)


def quantile(values: Iterable[float], share: float) -> float | None:
    """The smallest value that at least `share` of the values do not exceed (nearest rank); None of none."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def _summary(cases: Iterable[_CaseValues], scale: Scale) -> tuple[float | None, tuple[float, float] | None]:
    members = list(cases)
    if not members:
        return None, None
    values = [fsum(case.values) / len(case.values) for case in members]
    weights = [case.weight for case in members]
    clusters = [case.cluster for case in members]
    mean, interval = mean_interval(
        values,
        scale=scale,
        weights=None if len(set(weights)) == 1 else weights,
        clusters=None if None in clusters else clusters,
    )
    return mean, (interval.low, interval.high) if interval else None
