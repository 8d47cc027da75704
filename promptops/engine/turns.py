"""The turns that a case has, as its suite says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from promptops.errors import InvalidFilesError, Location
from promptops.model.conversation import Turn
from promptops.model.record import JsonValue
from promptops.model.suite import as_text
from promptops.render.messages import Renderer

KEYS = ("inputs", "user", "expected", "tools")
USER = "user"


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
        raise _wrong(where, "`turns` is no list of turns, or it is empty")
    return tuple(_turn(each, place, given, renderer, where) for place, each in enumerate(written, start=1))


def _turn(
    written: JsonValue,
    place: int,
    given: Mapping[str, JsonValue],
    renderer: Renderer | None,
    where: Location,
) -> Turn:
    if isinstance(written, str):
        written = {USER: written}
    if not isinstance(written, Mapping):
        raise _wrong(where, f"turn {place} is neither a text nor an object")
    unknown = sorted(str(key) for key in written if key not in KEYS)
    if unknown:
        raise _wrong(where, f"turn {place} has the unknown key `{unknown[0]}`; known are {', '.join(KEYS)}")
    inputs, tools = written.get("inputs") or {}, written.get("tools") or {}
    if not isinstance(inputs, Mapping) or not isinstance(tools, Mapping):
        raise _wrong(where, f"`inputs` and `tools` of turn {place} are objects")
    turn = Turn(inputs=inputs, expected=written.get("expected"), tools=tools)
    if USER not in written:
        return turn
    name = USER if renderer is None else _spoken(place, {**given, **inputs}, renderer, where)
    return replace(turn, inputs={**inputs, name: as_text(written[USER])})


def _spoken(place: int, given: Mapping[str, JsonValue], renderer: Renderer, where: Location) -> str:
    free: list[str] = sorted(renderer.variables.difference(given, {"history"}))
    if len(free) != 1:
        told = (
            f"it could be any of {', '.join(f'`{name}`' for name in free)}"
            if free
            else "the prompt takes nothing more"
        )
        raise _wrong(
            where,
            f"what the user says in turn {place} fits no single variable: {told}",
            "write `inputs: {…}`",
        )
    return free[0]


def _wrong(where: Location, message: str, hint: str | None = None) -> InvalidFilesError:
    return InvalidFilesError.single(where, "invalid-turns", message, hint)
