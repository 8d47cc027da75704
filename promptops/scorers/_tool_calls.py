"""The calls of tools that an answer makes, and those that a case expects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from promptops.model.canonical import canonical_json
from promptops.model.json_text import parse_json
from promptops.model.tool_arguments import read_arguments, same_arguments
from promptops.plugin import CaseFailure, JsonValue, Record, Sample

FIELD = "tool_calls"
MOST_NAMED = 5
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall(Record):
    """One call. `arguments` are None where an expected call leaves them free, or where they are no JSON.

    `problem` says what keeps a call from being one.
    """

    name: str
    arguments: JsonValue = None
    problem: str = ""

    def fits(self, expected: ToolCall, *, arguments: bool) -> bool:
        """Whether it is the expected call; an expected one without arguments takes any."""
        if self.name != expected.name:
            return False
        if not arguments or expected.arguments is None:
            return True
        return same_arguments(self.arguments, expected.arguments)


def made_calls(sample: Sample) -> list[ToolCall]:
    """The calls of an answer, in their order; none where it only has words.

    They stand in the field `tool_calls` of what was answered, in OpenAI's form, or are the output
    itself: a JSON list of calls, each `{"name": …, "arguments": {…}}` or in OpenAI's form.
    """
    found = sample.completion.data.get(FIELD)
    if found is None:
        found = _in_output(sample.output)
    elif not isinstance(found, (list, tuple)):
        return [ToolCall(name="", problem=f"`{FIELD}` is not a list")]
    return [_made(call, number) for number, call in enumerate(found, 1)]


def expected_calls(sample: Sample) -> list[ToolCall]:
    """The calls that a case expects: one, or a list of them; a text is the name of a tool.

    Raises:
        CaseFailure: the case does not say, or says something else.
    """
    value = sample.expected
    if value is None:
        raise CaseFailure("no_expected", "the case has no expected calls; of none they are `[]`")
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            value = parse_json(value)
        except ValueError as error:
            raise CaseFailure("bad_expected", f"the expected calls are not JSON: {error}") from None
    calls = value if isinstance(value, (list, tuple)) else [value]
    return [_expected(call, number) for number, call in enumerate(calls, 1)]


def matches(made: Sequence[ToolCall], expected: Sequence[ToolCall], *, arguments: bool) -> int:
    """How many expected calls have a call of their own, whatever the order."""
    free: Counter[tuple[str, bytes]] = Counter(_key(call, arguments) for call in made)
    open_to_any: Counter[str] = Counter()
    found = 0
    for call in expected:
        if arguments and call.arguments is None:
            open_to_any[call.name] += 1
        elif free[_key(call, arguments)] > 0:
            free[_key(call, arguments)] -= 1
            found += 1
    left: Counter[str] = Counter()
    for (name, _), count in free.items():
        left[name] += count
    return found + (left & open_to_any).total()


def named(calls: Iterable[ToolCall]) -> str:
    """The tools that are called, in their order."""
    names = [short(call.name) for call in calls]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more if names else "no tool"


def short(name: str) -> str:
    """A name of a tool for a message."""
    return f"`{name[:LONGEST_NAME]}…`" if len(name) > LONGEST_NAME else f"`{name}`"


def _key(call: ToolCall, arguments: bool) -> tuple[str, bytes]:
    return call.name, canonical_json(call.arguments) if arguments else b""


def _in_output(output: str) -> Sequence[JsonValue]:
    try:
        value = parse_json(output)
    except ValueError:
        return ()
    if isinstance(value, Mapping) and isinstance(value.get(FIELD), list):
        value = value[FIELD]
    calls = value if isinstance(value, list) else [value]
    return calls if any(_looks_like_a_call(each) for each in calls) else ()


def _looks_like_a_call(value: JsonValue) -> bool:
    return isinstance(value, Mapping) and ("function" in value or {"name", "arguments"} <= value.keys())


def _made(value: JsonValue, number: int) -> ToolCall:
    function = _function(value)
    name, arguments = function.get("name"), function.get("arguments")
    if not isinstance(name, str) or not name:
        return ToolCall(name="", problem=f"call {number} names no tool")
    try:
        return ToolCall(name=name, arguments=read_arguments(arguments))
    except ValueError as error:
        return ToolCall(name=name, problem=f"the arguments of {short(name)} are not JSON: {error}")


def _expected(value: JsonValue, number: int) -> ToolCall:
    function = {"name": value} if isinstance(value, str) else _function(value)
    name, arguments = function.get("name"), function.get("arguments")
    if not isinstance(name, str) or not name:
        raise CaseFailure("bad_expected", f"the expected call {number} names no tool")
    if arguments is None:
        return ToolCall(name=name)
    try:
        read = read_arguments(arguments)
    except ValueError as error:
        raise CaseFailure(
            "bad_expected", f"the expected arguments of `{name}` are not JSON: {error}"
        ) from None
    if not isinstance(read, Mapping):
        raise CaseFailure("bad_expected", f"the expected arguments of `{name}` are not an object")
    return ToolCall(name=name, arguments=read)


def _function(value: JsonValue) -> Mapping[str, JsonValue]:
    if not isinstance(value, Mapping):
        return {}
    function = value.get("function", value)
    return function if isinstance(function, Mapping) else {}
