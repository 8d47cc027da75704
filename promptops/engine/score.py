"""From an answer to scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from promptops.engine.answer import extract
from promptops.engine.plan import Cell, Job, expected_of
from promptops.engine.retrieve import fixed_inputs
from promptops.engine.scorer_plan import ScorerPlan
from promptops.model.conversation import (
    ALL,
    FIRST,
    LAST,
    TOOL_CALLS,
    SaidTurn,
    conversation_text,
    said_turns,
)
from promptops.model.record import JsonValue
from promptops.model.result import CaseErrored, CaseScored, Completion, Part, Scale, Score, weighted_score
from promptops.plugin import CaseFailure, GroupScorer, Sample

WEIGHTED = "weighted"
"""The metric that joins the scorers of a suite in which one has a weight."""


def sample_of(plan: ScorerPlan, cell: Cell, job: Job, completion: Completion) -> Sample:
    """What a scorer is shown of an answer."""
    request = job.request
    expected = job.own_expected.get(plan.name, job.expected)
    if plan.turn != LAST:
        completion, expected = _of_turn(plan, cell, job, completion, expected)
    output = extract(completion.output, plan.answer or cell.plan.suite.answer)
    return Sample(
        output=output,
        expected=expected,
        case=request.case,
        completion=completion,
        tools=request.rendered.tools if request.rendered else (),
    )


def turn_numbers(plan: ScorerPlan, job: Job, completion: Completion) -> list[int]:
    """The turns, from 1, that a scorer of each turn sees: those that expect something, or all where none does."""
    said = _said(plan, completion)
    numbers = range(1, len(said) + 1)
    expecting = [
        each for each in numbers if each <= len(job.turns) and job.turns[each - 1].expected is not None
    ]
    return expecting or list(numbers)


def _of_turn(
    plan: ScorerPlan, cell: Cell, job: Job, completion: Completion, expected: JsonValue
) -> tuple[Completion, JsonValue]:
    said = _said(plan, completion)
    if plan.turn == ALL:
        return replace(completion, output=conversation_text(said)), expected
    number = 1 if plan.turn == FIRST else int(plan.turn)
    if number > len(said):
        raise CaseFailure("no_turn", f"`{plan.name}` scores turn {number}, and there are {len(said)}")
    turn = said[number - 1]
    data = {**completion.data, TOOL_CALLS: list(turn.tool_calls)}
    if plan.expected is None and job.turns:
        # What the last turn expects is nothing that an earlier one could be held against.
        own = job.turns[number - 1].expected if number <= len(job.turns) else None
        expected = expected_of(cell.plan, job.request.case) if own is None else own
    return replace(completion, output=turn.output, data=data), expected


def _said(plan: ScorerPlan, completion: Completion) -> list[SaidTurn]:
    try:
        return said_turns(completion)
    except ValueError as error:
        raise CaseFailure("no_turns", f"`{plan.name}`: {error}") from None


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
