"""Records from and to plain data, checked by their declared types."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from promptops.errors import InvalidFilesError, Location, Problem
from promptops.files.declared_types import key_of, records_in
from promptops.files.decode_problems import Complaint, explain, named
from promptops.files.document import Document, Keys
from promptops.model.record import JsonValue

T = TypeVar("T")


def decode(cls: type[T], document: Document, keys: Sequence[str | int] = ()) -> T:
    """The part of a document at `keys` as a record (or a tuple of records).

    Raises:
        InvalidFilesError: with every problem, each where it stands in the file.
    """
    outer = tuple(keys)

    def problem(complaint: Complaint) -> Problem:
        where = document.locate(complaint.keys, at_key=complaint.at_key)
        return Problem(where, complaint.rule, complaint.message, complaint.hint)

    value = document.data
    for depth, key in enumerate(outer):
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            missing = f"the key `{named(outer[: depth + 1])}` is missing"
            raise InvalidFilesError(
                [problem(Complaint(outer[:depth], "missing-key", missing, at_key=True))]
            ) from None
    return _decode(cls, value, outer, problem)


def decode_value(cls: type[T], value: JsonValue, where: Location) -> T:
    """A value that stands in no file as a record; `where` is what its problems point at.

    Raises:
        InvalidFilesError: with every problem.
    """
    return _decode(
        cls,
        encode(value),
        (),
        lambda complaint: Problem(where, complaint.rule, complaint.message, complaint.hint),
    )


def to_json(value: object) -> str:
    """A record as one line of JSON, without the copy of `encode` and without fields that are as by default."""
    return _ENCODER.encode(value)


def _shallow(value: Any) -> JsonValue:
    kind: Any = type(value)
    told = _defaulted_keys(kind)
    if told is not None:
        return {key: each for name, key, default in told if (each := getattr(value, name)) is not default}
    return dict(value.items()) if isinstance(value, Mapping) else encode(value)


@cache
def _field_keys(cls: Any) -> tuple[tuple[str, str], ...] | None:
    return tuple((field.name, key_of(field)) for field in fields(cls)) if is_dataclass(cls) else None


@cache
def _defaulted_keys(cls: Any) -> tuple[tuple[str, str, Any], ...] | None:
    if not is_dataclass(cls):
        return None
    return tuple((field.name, key_of(field), field.default) for field in fields(cls))


# What was decoded, or made by our own code, holds no circle.
_ENCODER = json.JSONEncoder(separators=(",", ":"), default=_shallow, check_circular=False)


def encode(value: object) -> JsonValue:
    """A record as plain data: enums as their values, tuples as lists, mappings as dicts."""
    kind: Any = type(value)
    names = _field_keys(kind)
    if names is not None:
        return {key: encode(getattr(value, name)) for name, key in names}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key.value if isinstance(key, Enum) else key: encode(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [encode(each) for each in value]
    return value


def _decode(cls: type[T], value: JsonValue, outer: Keys, problem: Callable[[Complaint], Problem]) -> T:
    strangers = [problem(complaint) for complaint in _not_json(value, outer)]
    if strangers:
        raise InvalidFilesError(strangers)
    declared: Any = cls
    try:
        record: T = adapter(declared).validate_json(json.dumps(value), strict=True)
    except ValidationError:
        problems = [problem(complaint) for complaint in explain(cls, value, _errors, outer)]
        problems.sort(key=lambda each: (each.where.line or 0, each.where.column or 0))
        raise InvalidFilesError(problems) from None
    return record


def _errors(declared: Any, value: JsonValue) -> list[Any]:
    try:
        adapter(declared).validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        return error.errors(include_url=False, include_input=False)
    return []


def _not_json(value: JsonValue, keys: Keys) -> Iterator[Complaint]:
    """What JSON cannot hold: NaN and infinities (also as huge ints), and values of other types."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _not_json(each, (*keys, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _not_json(each, (*keys, index))
    elif isinstance(value, (int, float)):
        if not abs(value) <= sys.float_info.max:
            yield Complaint(keys, "invalid-value", f"`{named(keys)}` must be a finite number")
    elif value is not None and not isinstance(value, str):
        yield Complaint(keys, "wrong-type", f"`{named(keys)}` is of a type that JSON does not have")


@cache
def adapter(cls: Any) -> TypeAdapter[Any]:
    """What checks values of a declared type; building one takes milliseconds. Keys that are Python's own words become pydantic's aliases first."""
    for record in records_in(cls):
        for field in fields(record):
            if "key" in field.metadata:
                field.metadata = MappingProxyType({**field.metadata, "alias": field.metadata["key"]})
    return TypeAdapter(cls)
