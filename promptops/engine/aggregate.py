"""From case results to what is reported about a cell, in a few bytes a case."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import fsum

from promptops.engine.plan import Cell, SuitePlan
from promptops.engine.score import WEIGHTED
from promptops.model.record import JsonValue
from promptops.model.result import (
    NOT_ASKED,
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
from promptops.stats.quantile import quantile

MOST_LISTED = 1000
"""Lost and failed cases that are listed; all of them are counted, and stand in the journal."""


@dataclass(slots=True)
class _Metric:
    """The values of a metric, one a case; weights and clusters only where the suite has some."""

    values: array[float] = field(default_factory=lambda: array("d"))
    weights: array[float] = field(default_factory=lambda: array("d"))
    clusters: list[str | None] = field(default_factory=list)
    unscored: int = 0


@dataclass(slots=True)
class _Slice:
    """Weighted sums of a metric over the cases that share a value."""

    n: int = 0
    weight: float = 0.0
    weighted: float = 0.0


@dataclass(slots=True)
class _Money:
    """Tokens and US dollars; a sum that holds an unknown price is unknown."""

    cached: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0
    paid_usd: float | None = 0.0

    def add(self, result: CaseScored) -> None:
        """Counts one answer."""
        completion = result.completion
        self.input_tokens += completion.input_tokens
        self.output_tokens += completion.output_tokens
        self.cost_usd = _plus(self.cost_usd, completion.cost_usd)
        if completion.cached:
            self.cached += 1
        else:
            self.paid_usd = _plus(self.paid_usd, completion.cost_usd)


@dataclass(slots=True)
class Tally:
    """Takes results as they arrive, in any order, and forgets them."""

    plan: SuitePlan
    cases: int = 0
    errored: int = 0
    unrecorded: int = 0
    errors: list[LostCase] = field(default_factory=list)
    failed: dict[str, FailedOutput] = field(default_factory=dict)
    money: _Money = field(default_factory=_Money)
    latencies_ms: array[float] = field(default_factory=lambda: array("d"))
    _open: dict[str, list[CaseResult]] = field(default_factory=dict)
    _metrics: dict[str, _Metric] = field(default_factory=dict)
    _slices: dict[tuple[str, str, str], tuple[JsonValue, _Slice]] = field(default_factory=dict)

    def add(self, result: CaseResult) -> None:
        """Counts one result; a case counts as soon as all its repeats are there."""
        if isinstance(result, CaseScored):
            self.money.add(result)
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
            calls=len(self.latencies_ms) - self.money.cached,
            cached=self.money.cached,
            input_tokens=self.money.input_tokens,
            output_tokens=self.money.output_tokens,
            cost_usd=self.money.cost_usd,
            paid_usd=self.money.paid_usd,
            wall_ms=wall_ms,
            latency_ms=LatencySummary(
                p50=quantile(self.latencies_ms, 0.5), p95=quantile(self.latencies_ms, 0.95)
            ),
            metrics=tuple(self._metric_summaries()),
            slices=tuple(self._slice_summaries()),
            errors=tuple(sorted(self.errors, key=lambda lost: lost.id)),
            failed_output=tuple(sorted(self.failed.values(), key=lambda failed: failed.id)),
            lane=lane,
            run=cell.run,
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
        """Repeats of a case are averaged, since they are not new cases."""
        case = repeats[0]
        for metric in case.scores:
            values = [value for each in repeats if (value := each.scores[metric].value) is not None]
            kept = self._metrics.get(metric) or self._metrics.setdefault(metric, _Metric())
            kept.unscored += len(repeats) - len(values)
            if not values:
                continue
            value = values[0] if len(values) == 1 else fsum(values) / len(values)
            kept.values.append(value)
            if self.plan.suite.weight is not None:
                kept.weights.append(case.weight)
            if self.plan.suite.cluster is not None:
                kept.clusters.append(case.cluster)
            for name, member in case.slices.items():
                self._add_to_slice((name, as_text(member), metric), member, value, case.weight)

    def _add_to_slice(
        self, key: tuple[str, str, str], member: JsonValue, value: float, weight: float
    ) -> None:
        kept = self._slices.setdefault(key, (member, _Slice()))[1]
        kept.n += 1
        kept.weight += weight
        kept.weighted += weight * value

    def _metric_summaries(self) -> Iterator[MetricSummary]:
        scales = {scorer.name: scorer.scale for scorer in self.plan.scorers}
        for name in (*scales, *({WEIGHTED} & set(self._metrics))):
            metric = self._metrics.get(name, _Metric())
            scale = scales.get(name, Scale.UNIT)
            mean, interval = _summary(metric, scale)
            yield MetricSummary(
                metric=name,
                primary=name == self.plan.primary,
                scale=scale,
                n=len(metric.values),
                mean=mean,
                ci_low=interval[0] if interval else None,
                ci_high=interval[1] if interval else None,
                unscored=metric.unscored,
            )

    def _slice_summaries(self) -> Iterator[SliceSummary]:
        metrics = list(self._metrics)
        ordered = sorted(self._slices.items(), key=lambda entry: (entry[0][:2], metrics.index(entry[0][2])))
        for (name, _, metric), (value, kept) in ordered:
            mean = kept.weighted / kept.weight
            yield SliceSummary(slice=name, value=value, metric=metric, n=kept.n, mean=mean)


def _plus(sum_usd: float | None, cost_usd: float | None) -> float | None:
    return None if sum_usd is None or cost_usd is None else sum_usd + cost_usd


def _summary(metric: _Metric, scale: Scale) -> tuple[float | None, tuple[float, float] | None]:
    if not metric.values:
        return None, None
    weights, clusters = metric.weights, metric.clusters
    mean, interval = mean_interval(
        metric.values,
        scale=scale,
        weights=weights if weights and min(weights) != max(weights) else None,
        clusters=clusters if clusters and None not in clusters else None,
    )
    return mean, (interval.low, interval.high) if interval else None
