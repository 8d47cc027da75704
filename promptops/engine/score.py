"""From an answer to scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from promptops.engine.answer import extract
from promptops.engine.plan import Cell, Job
from promptops.engine.retrieve import fixed_inputs
from promptops.engine.scorer_plan import ScorerPlan
from promptops.engine.seen_turn import of_turn
from promptops.model.conversation import LAST, TURNS
from promptops.model.result import CaseErrored, CaseScored, Completion, Part, Scale, Score, weighted_score
from promptops.plugin import CaseFailure, GroupScorer, Sample

WEIGHTED = "weighted"
"""The metric that joins the scorers of a suite in which one has a weight."""


def sample_of(plan: ScorerPlan, cell: Cell, job: Job, completion: Completion) -> Sample:
    """What a scorer is shown of an answer."""
    request = job.request
    expected = job.expected
    if plan.turn != LAST or TURNS in completion.data:
        completion, expected = of_turn(plan, cell, job, completion)
    output = extract(completion.output, plan.answer or cell.plan.suite.answer)
    return Sample(
        output=output,
        expected=job.own_expected.get(plan.name, expected),
        case=request.case,
        completion=completion,
        tools=request.rendered.tools if request.rendered else (),
    )


def joined(plan: ScorerPlan, scores: Sequence[Score]) -> Score:
    """What a group says, from the scores of its members."""
    group = cast("GroupScorer", plan.scorer)
    return group.join(
        [
            Part(name=part.name.removeprefix(f"{plan.name}."), score=score, weight=_weight_of(part))
            for part, score in zip(plan.parts, scores, strict=True)
        ]
    )


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
    if plan.threshold is None and not plan.negate:
        return score
    if plan.threshold is not None:
        value = float(value >= plan.threshold)
    if plan.negate:
        value = 1.0 - value
    return replace(score, value=value)


def scored(cell: Cell, job: Job, completion: Completion, scores: dict[str, Score]) -> CaseScored:
    """A case with the scores of all scorers, and the one that joins them where they have weights."""
    plans = cell.plan.scorers
    if any(plan.weight is not None for plan in plans):
        parts = (Part(name=plan.name, score=scores[plan.name], weight=_weight_of(plan)) for plan in plans)
        scores[WEIGHTED] = weighted_score(parts)
    return CaseScored(
        case_id=job.request.case.id,
        repeat=job.request.repeat,
        completion=completion,
        scores=scores,
        expected=job.expected,
        inputs=fixed_inputs(cell, job, completion),
        slices=job.slices,
        cluster=job.cluster,
        weight=job.weight,
    )


def errored(job: Job, failure: CaseFailure) -> CaseErrored:
    """A lost case as a value."""
    return CaseErrored(
        case_id=job.request.case.id, repeat=job.request.repeat, kind=failure.kind, message=failure.message
    )


def _weight_of(plan: ScorerPlan) -> float:
    return 1.0 if plan.weight is None else plan.weight
