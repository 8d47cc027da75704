"""Conversations with a prompt: turn by turn, with the tools' results from the case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from promptops.engine.plan import Cell, Job
from promptops.model.conversation import TOOL_CALLS, TURNS, Turn
from promptops.model.prompt import RenderedPrompt, content_text
from promptops.model.record import JsonValue
from promptops.model.result import Completion
from promptops.model.suite import as_text

MOST_ROUNDS = 10
"""Rounds of tool calls in one turn; whoever needs more goes in circles."""
TOOL_LOOP = "tool_loop"

Message = Mapping[str, Any]


@dataclass(slots=True)
class _Said:
    """What has been said so far: messages for the next turn, and an account of each turn."""

    messages: list[Message] = field(default_factory=list)
    turns: list[dict[str, JsonValue]] = field(default_factory=list)
    answers: list[Completion] = field(default_factory=list)


async def converse(cell: Cell, job: Job) -> Completion:
    """The whole conversation as one answer: that of the last turn, with `turns` beside it.

    Raises:
        CaseFailure: a turn was lost, and so the case is.
        TargetError: no case can be answered.
    """
    said = _Said()
    for rendered, turn in zip(planned(cell, job), job.turns, strict=True):
        prompt = with_earlier(cell, job, turn, said.messages) if said.messages else rendered
        failure = await _turn(cell, job, turn, prompt, said)
        if failure is not None:
            break
    return _joined(said)


def planned(cell: Cell, job: Job) -> Sequence[RenderedPrompt]:
    """The prompt of each turn as far as it is known before anybody has answered.

    Raises:
        InvalidFilesError: an input that is missing or does not fit.
    """
    return [with_earlier(cell, job, turn, ()) for turn in job.turns]


def with_earlier(cell: Cell, job: Job, turn: Turn, earlier: Sequence[Message]) -> RenderedPrompt:
    """The prompt of one turn, with what was said before it."""
    assert cell.renderer is not None
    return cell.renderer.render({**job.request.inputs, **turn.inputs}, earlier)


async def _turn(cell: Cell, job: Job, turn: Turn, prompt: RenderedPrompt, said: _Said) -> str | None:
    """One turn with its calls of tools; how it failed, or None."""
    results = _Results(turn.tools)
    asked: list[Message] = []
    calls: list[JsonValue] = []
    answers: list[Completion] = []
    failure = None
    for round_ in count():
        request = replace(job.request, rendered=replace(prompt, messages=(*prompt.messages, *asked)))
        answers.append(await cell.target.complete(request))
        wanted = answers[-1].data.get(TOOL_CALLS) or []
        calls += wanted
        failure = answers[-1].failure
        told = results.of(wanted) if wanted and failure is None else None
        if told is None:
            break
        if round_ == MOST_ROUNDS:
            failure = TOOL_LOOP
            break
        asked += [{"role": "assistant", "content": "", TOOL_CALLS: [call for call, _ in told]}]
        asked += [{"role": "tool", "tool_call_id": call["id"], "content": result} for call, result in told]
    said.answers += answers
    user = next((each for each in reversed(prompt.messages) if each["role"] == "user"), None)
    said.messages += [*([user] if user else []), *asked, {"role": "assistant", "content": answers[-1].output}]
    said.turns.append(
        {
            "user": content_text(user["content"]) if user else "",
            "output": answers[-1].output,
            **({TOOL_CALLS: calls} if calls else {}),
            "latency_ms": sum(each.latency_ms for each in answers),
            **({"failure": failure} if failure else {}),
        }
    )
    return failure


class _Results:
    """The results that a turn has for calls of tools; a list is used up one by one."""

    def __init__(self, tools: Mapping[str, JsonValue]) -> None:
        self._left = {
            name: list(value) if isinstance(value, (list, tuple)) else value for name, value in tools.items()
        }
        self._numbers = count(1)

    def of(self, calls: Sequence[Any]) -> list[tuple[dict[str, Any], str]] | None:
        """Each call, with an id, and its result; None where one of them has none."""
        if not all(self._has(call["function"]["name"]) for call in calls):
            return None
        return [
            (
                {**call, "id": call.get("id") or f"call_{next(self._numbers)}"},
                self._take(call["function"]["name"]),
            )
            for call in calls
        ]

    def _has(self, name: str) -> bool:
        return name in self._left and self._left[name] != []

    def _take(self, name: str) -> str:
        left = self._left[name]
        return as_text(left.pop(0) if isinstance(left, list) and left else "" if left == [] else left)


def _joined(said: _Said) -> Completion:
    answers = said.answers
    costs = [each.cost_usd for each in answers]
    calls = [call for turn in said.turns for call in turn.get(TOOL_CALLS, ())]
    return replace(
        answers[-1],
        latency_ms=sum(each.latency_ms for each in answers),
        first_answer_ms=None,
        input_tokens=sum(each.input_tokens for each in answers),
        output_tokens=sum(each.output_tokens for each in answers),
        cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
        failure=said.turns[-1].get("failure"),
        cached=all(each.cached for each in answers),
        data={**answers[-1].data, TURNS: said.turns, **({TOOL_CALLS: calls} if calls else {})},
    )
