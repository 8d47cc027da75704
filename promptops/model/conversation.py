"""Conversations: the turns of a case, and what was said in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from promptops.model.record import JsonValue, Record
from promptops.model.result import Completion

TURNS = "turns"
"""Where the turns of an answer stand."""
TOOL_CALLS = "tool_calls"

LAST, FIRST, ALL, EACH = "last", "first", "all", "each"
"""Which turn a scorer sees, beside one by its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn(Record):
    """What the user says in one turn: inputs of the prompt beside the case's; what is expected of the answer.

    `tools` answers the calls of the model: by the tool's name a result, or a list of results in their order.
    """

    inputs: Mapping[str, JsonValue]
    expected: JsonValue = None
    tools: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidTurn:
    """One turn of an answer: what the user said, what was answered, and the calls of tools on the way."""

    user: str
    output: str
    tool_calls: Sequence[JsonValue] = ()


def said_turns(completion: Completion) -> list[SaidTurn]:
    """The turns of an answer, whoever gave it; an answer without turns is one of a single turn.

    Raises:
        ValueError: what stands there is no list of turns.
    """
    turns = completion.data.get(TURNS)
    if turns is None:
        calls = completion.data.get(TOOL_CALLS)
        return [
            SaidTurn(user="", output=completion.output, tool_calls=calls if isinstance(calls, list) else ())
        ]
    if not isinstance(turns, list) or not turns:
        raise ValueError("the turns of the answer are no list")
    return [_said(turn) for turn in turns]


def _said(turn: Any) -> SaidTurn:
    if not isinstance(turn, Mapping) or not isinstance(turn.get("output"), str):
        raise ValueError("a turn of the answer has no `output`")  # noqa: TRY004 - what callers expect of any wrong value
    calls = turn.get(TOOL_CALLS)
    return SaidTurn(
        user=str(turn.get("user", "")),
        output=turn["output"],
        tool_calls=calls if isinstance(calls, list) else (),
    )


def conversation_text(turns: Sequence[SaidTurn]) -> str:
    """All turns as one text, each behind who speaks."""
    lines = []
    for turn in turns:
        if turn.user:
            lines.append(f"user: {turn.user}")
        lines.append(f"assistant: {turn.output}")
    return "\n".join(lines)
