"""What a tool is called with, wherever it is read or compared."""

from __future__ import annotations

from collections.abc import Mapping

from promptops.model.canonical import canonical_json
from promptops.model.json_text import parse_json
from promptops.model.record import JsonValue

MOST_DEPTH = 64


def read_arguments(value: JsonValue) -> JsonValue:
    """The arguments that a call has, as a value or as JSON text; none at all are an empty object.

    Raises:
        ValueError: they are no JSON, or too deep to be compared.
    """
    if value is None or value == "":
        return {}
    return _plain(parse_json(value) if isinstance(value, str) else value, MOST_DEPTH)


def same_arguments(one: JsonValue, other: JsonValue) -> bool:
    """Whether two values are the same JSON; 1 and 1.0 are, true and 1 are not. Both are read already."""
    return canonical_json(one) == canonical_json(other)


def _plain(value: JsonValue, depth: int) -> JsonValue:
    """With one spelling of every number."""
    if not depth:
        raise ValueError("nested too deeply")
    if isinstance(value, Mapping):
        return {key: _plain(each, depth - 1) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each, depth - 1) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
