"""What reports tell of a suite's judges: how they were measured, and what their rates come to by that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from promptops.engine.plan import SuitePlan
from promptops.engine.scorer_plan import ScorerPlan
from promptops.model.comparison import MetricDelta
from promptops.model.judging import JudgeTable
from promptops.model.result import MetricSummary, Scale, SuiteResult
from promptops.model.trust import CorrectedRate, Drift, JudgedSide, JudgeReport
from promptops.stats.judging import accuracy_of, rogan_gladen
from promptops.stats.power import NONE_SEEN
from promptops.stats.repeats import MEAN


def judges_of_run(
    plan: SuitePlan, metrics: Iterable[MetricSummary], answers: int | None = None
) -> Iterator[JudgeReport]:
    """The judges of a suite that was evaluated alone; `answers` is how many they were shown."""
    by_name = {metric.metric: metric for metric in metrics}
    for judge in _judges(plan):
        metric = by_name.get(judge.name)
        head = None
        if metric is not None:
            rate = _corrected(plan, judge, metric.mean, metric.n)
            head = JudgedSide(answers=answers, unscored=metric.unscored, rate=rate)
        yield replace(_report(judge), head=head)


def judges_of_comparison(
    plan: SuitePlan, metrics: Iterable[MetricDelta], drift: Callable[[str], Drift | None]
) -> Iterator[JudgeReport]:
    """The judges of a suite on both sides; rates are of the cases that were compared."""
    by_name = {metric.metric: metric for metric in metrics}
    for judge in _judges(plan):
        report, metric = _report(judge), by_name.get(judge.name)
        if metric is None:
            yield report
            continue
        base, head = (
            JudgedSide(rate=_corrected(plan, judge, mean, metric.n))
            for mean in (metric.base_mean, metric.head_mean)
        )
        seen = None
        if metric.mde80 is not None and report.j is not None and _counts_passes(plan, judge):
            # A true drop shows as J times as much.
            seen = min(NONE_SEEN, metric.mde80 / report.j) if report.j > 0 else NONE_SEEN
        yield replace(report, base=base, head=head, mde80=seen, drift=drift(judge.name))


def with_answers(
    reports: Iterable[JudgeReport], base: SuiteResult | None, head: SuiteResult | None
) -> Iterator[JudgeReport]:
    """The judges of a comparison with how often each could not tell, where a side was run."""

    def counted(name: str, side: JudgedSide | None, result: SuiteResult | None) -> JudgedSide | None:
        told = next((each.head for each in result.judges if each.scorer == name), None) if result else None
        if side is None or told is None:
            return side
        return replace(side, answers=told.answers, unscored=told.unscored)

    for report in reports:
        yield replace(
            report,
            base=counted(report.scorer, report.base, base),
            head=counted(report.scorer, report.head, head),
        )


def shown_share(plan: SuitePlan, metric: str) -> float:
    """The share of a true change that a metric shows: a calibrated judge's J, and 1 of all others."""
    judge = next((each for each in _judges(plan) if each.name == metric), None)
    if judge is None or not _counts_passes(plan, judge):
        return 1.0
    j = _report(judge).j
    return 1.0 if j is None else max(0.0, j)


def _judges(plan: SuitePlan) -> list[ScorerPlan]:
    return [judge for scorer in plan.scorers for judge in scorer.judges]


def _report(judge: ScorerPlan) -> JudgeReport:
    calibration = judge.trust.calibration
    report = JudgeReport(scorer=judge.name, why_advisory=judge.why_advisory_itself)
    if calibration is None:
        return report
    report = replace(report, calibrated_at=calibration.at, labels=calibration.table.labels)
    table = _has_both(calibration.table)
    if table is None:
        return report
    accuracy = accuracy_of(table)
    return replace(report, j=accuracy.j, j_low=accuracy.j_low, j_high=accuracy.j_high)


def _corrected(plan: SuitePlan, judge: ScorerPlan, rate: float | None, n: int) -> CorrectedRate | None:
    """The true pass rate behind a judge's; None where the table of its calibration does not tell."""
    calibration = judge.trust.calibration
    table = None if calibration is None else _has_both(calibration.table)
    if table is None or rate is None or not n or not _counts_passes(plan, judge):
        return None
    if judge.negate:
        # The metric passes what the judge fails.
        table = JudgeTable(tp=table.tn, fn=table.fp, tn=table.tp, fp=table.fn)
    accuracy = accuracy_of(table)
    found = rogan_gladen(
        rate,
        n,
        specificity=accuracy.specificity,
        fails=table.tn + table.fp,
        sensitivity=accuracy.sensitivity,
        passes=table.tp + table.fn,
    )
    if found is None:
        return None
    return CorrectedRate(raw=rate, value=found.value, low=found.low, high=found.high)


def _has_both(table: JudgeTable) -> JudgeTable | None:
    return table if table.rarer else None


def _counts_passes(plan: SuitePlan, judge: ScorerPlan) -> bool:
    """Whether the metric is the plain share of cases that the judge passes, as the table counts them."""
    suite = plan.suite
    is_plain = judge in plan.scorers and judge.reduction is MEAN and not (suite.weight or suite.cluster)
    # A tie between two texts is neither pass nor fail in the table, and in the metric it has to be one.
    is_plain = is_plain and not getattr(judge.scorer, "compare", ())
    return is_plain and judge.scale is Scale.BINARY
