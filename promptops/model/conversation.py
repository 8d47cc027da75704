"""Conversations: the turns of a case, and what was said in each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from promptops.model.record import JsonValue, Record
from promptops.model.result import Completion
from promptops.model.suite import as_text

TURNS = "turns"
"""Where the turns of an answer stand."""
TOOL_CALLS = "tool_calls"
RESULT = "result"
"""What a call of a tool was answered, beside the call."""
SAID = "said"
"""What was said before a call of a tool, beside the call."""

LAST, FIRST, ALL, EACH = "last", "first", "all", "each"
"""Which turn a scorer sees, beside one by its number."""

MEASURED = ("latency_ms", "input_tokens", "output_tokens", "cost_usd")
MOST_MEASURED = 1e15


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult(Record):
    """What a tool answers: to calls with these arguments, or to any.

    Several `texts` are answered one after the other, each once; `always` there is one, however often it is called.
    """

    name: str
    texts: tuple[str, ...]
    arguments: JsonValue = None
    always: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn(Record):
    """What the user says in one turn: inputs of the prompt beside the case's; what is expected of the answer."""

    inputs: Mapping[str, JsonValue] = field(default_factory=dict)
    expected: JsonValue = None
    tools: tuple[ToolResult, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidTurn(Record):
    """One turn of an answer: what the user said, what was answered, and the calls of tools on the way.

    `measured` is what it took by itself, as far as that is known: fields of a completion.
    """

    user: str = ""
    output: str = ""
    tool_calls: Sequence[JsonValue] = ()
    failure: str | None = None
    measured: Mapping[str, Any] = field(default_factory=dict)

    def alone(self, whole: Completion) -> Completion:
        """The turn as an answer of its own; what is not known of it is that of the whole conversation."""
        data = {**whole.data, TOOL_CALLS: list(self.tool_calls)}
        return replace(whole, output=self.output, failure=self.failure, data=data, **self.measured)


def said_turns(completion: Completion) -> list[SaidTurn]:
    """The turns of an answer, whoever gave it; an answer without turns is one of a single turn.

    Raises:
        ValueError: what stands there is no list of turns.
    """
    turns = completion.data.get(TURNS)
    if turns is None:
        calls = _listed(completion.data.get(TOOL_CALLS))
        return [SaidTurn(output=completion.output, tool_calls=calls, failure=completion.failure)]
    if not isinstance(turns, (list, tuple)) or not turns:
        raise ValueError("the turns of the answer are no list")
    return [_said(turn) for turn in turns]


def conversation_text(turns: Sequence[SaidTurn]) -> str:
    """All turns as one text, each line or more behind who speaks: user, assistant, tool."""
    return "\n".join(line for turn in turns for line in _lines(turn))


def _said(turn: Any) -> SaidTurn:
    calls = _listed(turn.get(TOOL_CALLS)) if isinstance(turn, Mapping) else ()
    output = turn.get("output") if isinstance(turn, Mapping) else None
    if output is None and not calls:
        raise ValueError("a turn of the answer has no `output`")
    user, failure = turn.get("user"), turn.get("failure")
    return SaidTurn(
        user="" if user is None else as_text(user),
        output=as_text(calls if output is None else output),
        tool_calls=calls,
        failure=None if failure is None else str(failure),
        measured={name: value for name in MEASURED if _is_measure(value := turn.get(name))},
    )


def _listed(calls: JsonValue) -> Sequence[JsonValue]:
    return calls if isinstance(calls, (list, tuple)) else ()


def _is_measure(value: JsonValue) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= MOST_MEASURED


def _lines(turn: SaidTurn) -> Iterator[str]:
    if turn.user:
        yield f"user: {turn.user}"
    unanswered = [call for call in turn.tool_calls if not (isinstance(call, Mapping) and RESULT in call)]
    for call in turn.tool_calls:
        told = call if isinstance(call, Mapping) else {}
        if SAID in told:
            yield f"assistant: {as_text(told[SAID])}"
        yield f"assistant calls: {_call_text(call)}"
        if RESULT in told:
            yield f"tool: {as_text(told[RESULT])}"
    # An answer that is nothing but calls has been told.
    if not unanswered or turn.output != as_text(unanswered):
        yield f"assistant: {turn.output}"


def _call_text(call: JsonValue) -> str:
    function = call.get("function", call) if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping) or "name" not in function:
        return as_text(call)
    arguments = function.get("arguments")
    return f"{function['name']}({'' if arguments in (None, '', '{}', {}) else as_text(arguments)})"
