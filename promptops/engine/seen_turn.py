"""What of a conversation a scorer sees, and what of it is expected."""

from __future__ import annotations

from dataclasses import replace

from promptops.engine.plan import Cell, Job, expected_of
from promptops.engine.scorer_plan import ScorerPlan
from promptops.model.conversation import (
    ALL,
    EACH,
    LAST,
    TOOL_CALLS,
    TURNS,
    SaidTurn,
    conversation_text,
    said_turns,
)
from promptops.model.record import JsonValue
from promptops.model.result import Completion
from promptops.plugin import CaseFailure


def of_turn(plan: ScorerPlan, cell: Cell, job: Job, completion: Completion) -> tuple[Completion, JsonValue]:
    """The answer as the scorer sees it, and what is expected of it.

    A turn that has a number is seen alone; if it expects nothing itself, it is held against its case. Of `last`
    and `all` latency, tokens and cost are those of the whole conversation.

    Raises:
        CaseFailure: the answer has no turns, or the case has none of that number.
    """
    if plan.turn == LAST:
        return _last(job, completion), job.expected
    if plan.turn == ALL:
        whole = expected_of(cell.plan, job.request.case)
        text = conversation_text(_said(plan, job, completion))
        return replace(completion, output=text), job.expected if whole is None else whole
    said = _said(plan, job, completion)
    number, turns = plan.turn_number, _count(said, job)
    if number > turns:
        raise CaseFailure("no_turn", f"`{plan.name}` scores turn {number}, and there are {turns}")
    # Turns that were not held are wrong: nobody is to gain by leaving out the hard ones.
    turn = said[number - 1] if number <= len(said) else SaidTurn()
    own = job.turns[number - 1].expected if number <= len(job.turns) else None
    if own is None and (plan.turn != EACH or number == turns or not _expect_something(job)):
        own = expected_of(cell.plan, job.request.case)
    return turn.alone(completion), own


def turn_numbers(plan: ScorerPlan, job: Job, completion: Completion) -> range:
    """The turns, from 1, that a scorer of each turn goes through; raises CaseFailure."""
    return range(1, _count(_said(plan, job, completion), job) + 1)


def _count(said: list[SaidTurn], job: Job) -> int:
    return max(len(said), len(job.turns))


def _expect_something(job: Job) -> bool:
    return any(turn.expected is not None for turn in job.turns)


def _last(job: Job, completion: Completion) -> Completion:
    try:
        said = said_turns(completion)
    except ValueError:
        # Something else that an application calls so.
        return completion
    if len(said) < len(job.turns):
        return replace(completion, output="", data={**completion.data, TOOL_CALLS: []})
    if not any(turn.tool_calls or turn.failure for turn in said):
        return completion
    data = {**completion.data, TOOL_CALLS: list(said[-1].tool_calls)}
    return replace(completion, failure=said[-1].failure, data=data)


def _said(plan: ScorerPlan, job: Job, completion: Completion) -> list[SaidTurn]:
    if TURNS not in completion.data and len(job.turns) > 1:
        raise CaseFailure("no_turns", f"`{plan.name}` wants a turn, and the answer does not tell its turns")
    try:
        return said_turns(completion)
    except ValueError as error:
        raise CaseFailure("no_turns", f"`{plan.name}` wants a turn: {error}") from None
