"""From an answer to scores."""

from __future__ import annotations

from collections.abc import Mapping

from promptops.engine.answer import extract
from promptops.engine.plan import Cell, Job, ScorerPlan
from promptops.model.result import CaseErrored, CaseScored, Completion, Scale, Score
from promptops.plugin import CaseFailure, Sample

WEIGHTED = "weighted"
"""The metric that joins the scorers of a suite in which one has a weight."""


def sample_of(plan: ScorerPlan, cell: Cell, job: Job, completion: Completion) -> Sample:
    """What a scorer is shown of an answer."""
    case = job.request.case
    expected = job.own_expected.get(plan.name, job.expected)
    output = extract(completion.output, plan.answer or cell.plan.suite.answer)
    return Sample(output=output, expected=expected, case=case, completion=completion)


def adjusted(plan: ScorerPlan, score: Score) -> Score:
    """A scorer's answer after the options that fit every scorer: threshold, then `not`.

    Raises:
        CaseFailure: it is out of the scorer's range.
    """
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


def scored(cell: Cell, job: Job, completion: Completion, scores: dict[str, Score]) -> CaseScored:
    """A case with the scores of all scorers, and the one that joins them where they have weights."""
    plans = cell.plan.scorers
    if any(plan.weight is not None for plan in plans):
        scores[WEIGHTED] = _weighted(plans, scores)
    return CaseScored(
        case_id=job.request.case.id,
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


def _weighted(plans: tuple[ScorerPlan, ...], scores: Mapping[str, Score]) -> Score:
    parts = [(1.0 if plan.weight is None else plan.weight, scores[plan.name].value) for plan in plans]
    known = [(weight, value) for weight, value in parts if value is not None and weight > 0]
    if not known:
        return Score(value=None, reason="no scorer with a weight could tell")
    return Score(value=sum(weight * value for weight, value in known) / sum(weight for weight, _ in known))
