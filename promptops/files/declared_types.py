"""What a declared type of a record accepts, and how that reads in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import Field, fields, is_dataclass
from enum import Enum
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from promptops.model.record import JsonValue

MOST_KEYS_IN_WORDS = 10
"""Longer lists of keys hide the message that they belong to."""

_SIMPLE = {str: "text", bool: "`true` or `false`", int: "a whole number", float: "a number"}


def key_of(field: Field[Any]) -> str:
    """How a field is spelled in files: its name, or `metadata={"key": …}` where Python keeps that word."""
    key: str = field.metadata.get("key", field.name)
    return key


@cache
def field_types(record: type) -> Mapping[str, Any]:
    """The type of each field of a dataclass, by the field's key in files."""
    hints = get_type_hints(record, include_extras=True)
    return MappingProxyType({key_of(field): hints[field.name] for field in fields(record)})


def alternatives(declared: Any) -> tuple[Any, ...]:
    """The members of a union without None; of any other type, itself."""
    if get_origin(declared) is Annotated:
        return alternatives(get_args(declared)[0])
    if get_origin(declared) in (Union, UnionType):
        return tuple(each for each in get_args(declared) if each is not NoneType)
    return (declared,)


def inner(declared: Any, key: str | int) -> Any:
    """The type of what stands at `key` inside a value of a type that is no union; Any where it is open."""
    if is_dataclass(declared) and isinstance(declared, type):
        return field_types(declared).get(str(key), Any)
    arguments = get_args(declared)
    if _is_mapping(declared):
        return arguments[1] if arguments else Any
    if _is_list(declared) and isinstance(key, int):
        spread = len(arguments) < 2 or arguments[1] is ...  # noqa: PLR2004 - tuple[item, ...] or list[item]
        return arguments[0 if spread else min(key, len(arguments) - 1)] if arguments else Any
    return Any


def records_in(declared: Any) -> Iterator[type]:
    """Every dataclass that a type can hold, itself included."""
    seen: set[type] = set()
    waiting = [declared]
    while waiting:
        each = waiting.pop()
        if isinstance(each, type) and is_dataclass(each) and each not in seen:
            seen.add(each)
            waiting.extend(field_types(each).values())
        waiting.extend(get_args(each) if get_origin(each) is not Literal else ())
    yield from seen


def choices(declared: Any) -> tuple[JsonValue, ...]:
    """The values of a Literal or Enum; nothing for any other type."""
    if get_origin(declared) is Literal:
        return get_args(declared)
    if isinstance(declared, type) and issubclass(declared, Enum):
        return tuple(each.value for each in declared)
    return ()


def accepts(declared: Any, value: JsonValue) -> bool:
    """Whether a value is of the right kind for a type that is no union; it may still be wrong inside."""
    if declared is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if declared in _SIMPLE:
        return type(value) is declared
    if choices(declared):
        return type(value) in {type(each) for each in choices(declared)}
    if is_dataclass(declared) or _is_mapping(declared):
        return isinstance(value, Mapping)
    if _is_list(declared):
        return isinstance(value, (list, tuple))
    return declared is not NoneType or value is None


def expected_words(declared: Any) -> str:
    """What a type wants, to stand behind "expected"."""
    return " or ".join(_words(each) for each in alternatives(declared))


def found_words(value: JsonValue) -> str:
    """What was found, to stand behind "got"; never the value itself, which may be private."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    kinds = ((str, "text"), ((int, float), "a number"), (Mapping, "an object"))
    return next((words for kind, words in kinds if isinstance(value, kind)), "a list")


def listed(names: Sequence[JsonValue]) -> str:
    """Names as a list of literals."""
    return ", ".join(f"`{name}`" for name in names)


def _words(declared: Any) -> str:
    if declared in _SIMPLE:
        return _SIMPLE[declared]
    if choices(declared):
        return f"one of {listed(choices(declared))}"
    if isinstance(declared, type) and is_dataclass(declared):
        keys = tuple(field_types(declared))
        return f"an object with keys {listed(keys)}" if len(keys) <= MOST_KEYS_IN_WORDS else "an object"
    if _is_mapping(declared):
        return "an object"
    return "a list" if _is_list(declared) else "another value"


def _is_mapping(declared: Any) -> bool:
    origin = get_origin(declared) or declared
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _is_list(declared: Any) -> bool:
    origin = get_origin(declared) or declared
    return isinstance(origin, type) and issubclass(origin, Sequence) and not issubclass(origin, str)
