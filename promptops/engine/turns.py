"""The turns that a case has, as its suite says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from promptops.errors import InvalidFilesError, Location, did_you_mean
from promptops.model.conversation import ToolResult, Turn
from promptops.model.record import JsonValue
from promptops.model.suite import as_text
from promptops.model.tool_arguments import read_arguments
from promptops.render.messages import HISTORY, Renderer

KEYS = ("inputs", "user", "expected", "tools")
RESULT_KEYS = ("name", "arguments", "result")
USER = "user"
A_TURN = "a turn is a text, or an object with `user` or `inputs`, and `expected` and `tools` if it likes"
A_RESULT = "results are `{tool: result}`, or a list of `{name, arguments, result}`"


def turns_of(
    written: JsonValue, given: Mapping[str, JsonValue], renderer: Renderer | None, where: Location
) -> tuple[Turn, ...]:
    """The turns of one case.

    A text is what the user says: the value of the one variable of the prompt that the case does not fill.

    Args:
        written: what the suite's `turns` came to.
        given: the inputs that the case has in every turn.
        renderer: the prompt, or None where something else answers.
        where: the suite.

    Raises:
        InvalidFilesError: they are no turns, or a text could be the value of several variables.
    """
    if not isinstance(written, (list, tuple)) or not written:
        raise _wrong(where, f"`turns` is {'empty' if written == [] else 'no list'}", A_TURN)
    return tuple(
        _Written(each, f"turn {number}", where).turn(given, renderer)
        for number, each in enumerate(written, start=1)
    )


@dataclass(frozen=True, slots=True)
class _Written:
    """One turn as a case has it; `label` names it in messages."""

    value: JsonValue
    label: str
    where: Location

    def turn(self, given: Mapping[str, JsonValue], renderer: Renderer | None) -> Turn:
        """Reads it; raises InvalidFilesError."""
        value = {USER: self.value} if isinstance(self.value, str) else self.value
        if not isinstance(value, Mapping):
            raise self._wrong("is neither a text nor an object", A_TURN)
        self._check_keys(value, KEYS, "has", A_TURN)
        inputs = value.get("inputs") or {}
        if not isinstance(inputs, Mapping):
            raise self._wrong("has `inputs` that are no object", A_TURN)
        if USER in value:
            name = USER if renderer is None else self._spoken({**given, **inputs}, renderer)
            inputs = {**inputs, name: as_text(value[USER])}
        return Turn(
            inputs=inputs, expected=value.get("expected"), tools=tuple(self._tools(value.get("tools")))
        )

    def _spoken(self, given: Mapping[str, JsonValue], renderer: Renderer) -> str:
        free = renderer.variables.difference(given, {HISTORY})
        # What has a default is what the user says only where nothing else could be.
        candidates: list[str] = sorted(free & renderer.required or free)
        if len(candidates) == 1:
            return candidates[0]
        told = (
            f"it could be any of {', '.join(f'`{name}`' for name in candidates)}"
            if candidates
            else "the case fills every variable of the prompt"
        )
        raise self._wrong(f"fits no single variable of the prompt: {told}", "write `inputs: {…}`")

    def _tools(self, written: JsonValue) -> Iterator[ToolResult]:
        if isinstance(written, Mapping):
            for name, result in written.items():
                yield _result(str(name), result)
        elif isinstance(written, (list, tuple)):
            for each in written:
                if not isinstance(each, Mapping):
                    raise self._wrong("has a result of a tool that is no object", A_RESULT)
                self._check_keys(each, RESULT_KEYS, "has a result of a tool with", A_RESULT)
                name, arguments = each.get("name"), each.get("arguments")
                if not isinstance(name, str) or "result" not in each:
                    raise self._wrong("has a result of a tool without `name` or `result`", A_RESULT)
                yield _result(name, each["result"], self._arguments(name, arguments))
        elif written is not None:
            raise self._wrong("has `tools` that are neither an object nor a list", A_RESULT)

    def _arguments(self, name: str, written: JsonValue) -> JsonValue:
        if written is None:
            return None
        try:
            arguments = read_arguments(written)
        except ValueError:
            arguments = None
        if not isinstance(arguments, Mapping):
            raise self._wrong(f"has a result of `{name}` whose `arguments` are no object", A_RESULT)
        return arguments

    def _check_keys(
        self, value: Mapping[str, JsonValue], known: tuple[str, ...], has: str, hint: str
    ) -> None:
        unknown = next((str(key) for key in value if key not in known), None)
        if unknown is not None:
            raise self._wrong(f"{has} the unknown key `{unknown}`", did_you_mean(unknown, known) or hint)

    def _wrong(self, message: str, hint: str) -> InvalidFilesError:
        return _wrong(self.where, f"{self.label} {message}", hint)


def _result(name: str, result: JsonValue, arguments: JsonValue = None) -> ToolResult:
    in_order = isinstance(result, (list, tuple))
    texts = tuple(as_text(each) for each in (result if in_order else [result]))
    return ToolResult(name=name, texts=texts, arguments=arguments, always=not in_order)


def _wrong(where: Location, message: str, hint: str) -> InvalidFilesError:
    return InvalidFilesError.single(where, "invalid-turns", message, hint)
