"""What the tools of one turn answer to a model's calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptops.model.conversation import RESULT, SAID, ToolResult
from promptops.model.record import JsonValue
from promptops.model.suite import as_text
from promptops.model.tool_arguments import read_arguments, same_arguments

Call = Mapping[str, Any]


class ToolResults:
    """The results that a case has for the calls of one turn.

    `numbers` are for the ids of calls that have none; no two calls of a conversation share one.
    """

    def __init__(self, results: Sequence[ToolResult], numbers: Iterator[int]) -> None:
        self._left = [(each, list(each.texts)) for each in results]
        self._numbers = numbers

    def of(self, calls: Sequence[JsonValue], said: str) -> list[dict[str, Any]] | None:
        """The calls with their results, as a program would have run them; None where one of them cannot be run.

        `said` are the words of the model beside its calls.

        It cannot where there is no result left for it, or where its arguments are no JSON object: a provider
        would refuse such a call when it is sent back.
        """
        answered: list[dict[str, Any]] = []
        for call in calls:
            function = _function(call)
            arguments = None if function is None else _object(function.get("arguments"))
            if function is None or arguments is None:
                return None
            result = self._take(function["name"], arguments)
            if result is None:
                return None
            words = {SAID: said} if said and not answered else {}
            answered.append({**words, **self._sendable(call, function), RESULT: result})
        return answered

    def _take(self, name: str, arguments: JsonValue) -> str | None:
        for result, texts in self._left:
            fits = result.arguments is None or same_arguments(result.arguments, arguments)
            if result.name == name and fits and texts:
                return texts[0] if result.always else texts.pop(0)
        return None

    def _sendable(self, call: Call, function: Call) -> Call:
        id_ = call.get("id")
        if not isinstance(id_, str) or not id_:
            # Some providers take only ids of nine letters and digits.
            id_ = f"call{next(self._numbers):05d}"
        arguments = as_text(function.get("arguments") or {})
        return {"id": id_, "type": "function", "function": {"name": function["name"], "arguments": arguments}}


def sent(answered: Sequence[Call]) -> list[dict[str, Any]]:
    """The messages by which the model learns the results of its calls."""
    calls = [{key: call[key] for key in ("id", "type", "function")} for call in answered]
    return [
        {"role": "assistant", "content": answered[0].get(SAID, ""), "tool_calls": calls},
        *({"role": "tool", "tool_call_id": call["id"], "content": call[RESULT]} for call in answered),
    ]


def _object(arguments: JsonValue) -> Mapping[str, JsonValue] | None:
    try:
        read = read_arguments(arguments)
    except ValueError:
        return None
    return read if isinstance(read, Mapping) else None


def _function(call: JsonValue) -> Call | None:
    function = call.get("function") if isinstance(call, Mapping) else None
    return function if isinstance(function, Mapping) and isinstance(function.get("name"), str) else None
