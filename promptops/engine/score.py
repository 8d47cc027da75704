"""From an answer to scores."""

from __future__ import annotations

from collections.abc import Mapping

from promptops.engine.answer import extract
from promptops.engine.plan import Cell, Job, ScorerPlan
from promptops.model.result import CaseErrored, CaseResult, CaseScored, Completion, Scale, Score
from promptops.plugin import CaseFailure, Sample

WEIGHTED = "weighted"
"""The metric that joins the scorers of a suite in which one has a weight."""


def score_case(cell: Cell, job: Job, completion: Completion) -> CaseResult:
    """Applies every scorer of the suite; a scorer that breaks loses the case, it never fails it."""
    case = job.request.case
    try:
        scores = {plan.name: _score(plan, cell, job, completion) for plan in cell.plan.scorers}
    except CaseFailure as failure:
        return errored(job, failure)
    if any(plan.weight is not None for plan in cell.plan.scorers):
        scores[WEIGHTED] = _weighted(cell.plan.scorers, scores)
    return CaseScored(
        case_id=case.id,
        repeat=job.request.repeat,
        completion=completion,
        scores=scores,
        expected=job.expected,
        inputs=job.request.inputs,
        slices=job.slices,
        cluster=job.cluster,
        weight=job.weight,
    )


def errored(job: Job, failure: CaseFailure) -> CaseErrored:
    """A lost case as a value."""
    return CaseErrored(
        case_id=job.request.case.id, repeat=job.request.repeat, kind=failure.kind, message=failure.message
    )


def _score(plan: ScorerPlan, cell: Cell, job: Job, completion: Completion) -> Score:
    case = job.request.case
    expected = plan.expected.evaluate({"case": case.fields}) if plan.expected else job.expected
    output = extract(completion.output, plan.answer or cell.plan.suite.answer)
    score = plan.scorer.score(Sample(output=output, expected=expected, case=case, completion=completion))
    return _adjusted(plan, score)


def _adjusted(plan: ScorerPlan, score: Score) -> Score:
    value = score.value
    if value is None:
        return score
    if value != value or value < 0 or (value > 1 and plan.scorer.scale is not Scale.COUNT):  # noqa: PLR0124 - NaN
        raise CaseFailure("invalid_score", f"`{plan.name}` gave {value}, which is out of its range")
    if plan.threshold is not None:
        value = float(value >= plan.threshold)
    if plan.negate:
        value = 1.0 - value
    return Score(value=value, reason=score.reason)


def _weighted(plans: tuple[ScorerPlan, ...], scores: Mapping[str, Score]) -> Score:
    parts = [(1.0 if plan.weight is None else plan.weight, scores[plan.name].value) for plan in plans]
    known = [(weight, value) for weight, value in parts if value is not None and weight > 0]
    if not known:
        return Score(value=None, reason="no scorer with a weight could tell")
    return Score(value=sum(weight * value for weight, value in known) / sum(weight for weight, _ in known))
