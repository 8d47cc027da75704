"""Turns what the validating library says into what a person who wrote the file needs to know."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from promptops.errors import did_you_mean
from promptops.files.declared_types import (
    MOST_KEYS_IN_WORDS,
    accepts,
    alternatives,
    choices,
    expected_words,
    field_types,
    found_words,
    inner,
    listed,
)
from promptops.files.document import Keys, shown
from promptops.model.record import JsonValue

Validate = Callable[[Any, JsonValue], Sequence[Mapping[str, Any]]]
"""The errors of a value of a type, each with `type`, `loc` and perhaps `ctx`, as pydantic lists them."""

_UNKNOWN = ("unexpected_keyword_argument", "extra_forbidden")
_MISSING = ("missing", "missing_keyword_only_argument")
_BOUNDS = {
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must match `{pattern}`",
    "too_short": "must have at least {min_length} items",
    "too_long": "must have at most {max_length} items",
    "json_invalid": "nested too deep, or text that is not Unicode",
    "finite_number": "must be a finite number",
    "value_error": "{error}",
    "assertion_error": "{error}",
}


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing wrong with a value: where inside it, and what."""

    keys: Keys
    rule: str
    message: str
    hint: str | None = None
    at_key: bool = False


class _Spot(NamedTuple):
    """How far an error's place leads: the keys walked, the type declared there, the value found there."""

    keys: Keys
    declared: Any
    value: JsonValue


def explain(declared: Any, value: JsonValue, validate: Validate, outer: Keys = ()) -> Iterator[Complaint]:
    """What is wrong with a value; `outer` leads to it in the document.

    Where a union was declared, only the member that fits the value's kind is explained.
    """
    unions: set[Keys] = set()
    for error in validate(declared, value):
        about_key = error["type"] in (*_UNKNOWN, *_MISSING)
        spot = _walk(declared, value, error["loc"][:-1] if about_key else error["loc"])
        keys = (*outer, *spot.keys)
        if len(alternatives(spot.declared)) == 1:
            yield _complaint(error, spot, keys)
        elif keys not in unions:
            unions.add(keys)
            yield from _explain_union(spot, keys, validate)


def named(keys: Keys) -> str:
    """Keys as people write them: `messages[0].content`."""
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{shown(key)}" if text else shown(key)
    return text


def _walk(declared: Any, value: JsonValue, loc: Keys) -> _Spot:
    """Follows an error's place, up to the first union: what comes after it names members, not keys."""
    for length, key in enumerate(loc):
        if len(alternatives(declared)) > 1 or not _holds(value, key):
            return _Spot(loc[:length], declared, value)
        (only,) = alternatives(declared)
        declared, value = inner(only, key), value[key]
    return _Spot(loc, declared, value)


def _holds(value: JsonValue, key: str | int) -> bool:
    if isinstance(value, Mapping):
        return key in value
    return isinstance(value, list) and isinstance(key, int) and key < len(value)


def _explain_union(spot: _Spot, keys: Keys, validate: Validate) -> Iterator[Complaint]:
    members = [each for each in alternatives(spot.declared) if accepts(each, spot.value)]
    attempts = [list(explain(member, spot.value, validate, keys)) for member in members]
    if attempts and all(attempts):
        yield from min(attempts, key=len)
    else:
        yield _wrong_type(spot, keys)


def _complaint(error: Mapping[str, Any], spot: _Spot, keys: Keys) -> Complaint:
    kind = error["type"]
    (declared,) = alternatives(spot.declared)
    if kind in _UNKNOWN:
        return _unknown_key(error["loc"][-1], declared, keys)
    if kind in _MISSING:
        message = f"the key `{error['loc'][-1]}` is missing{_inside(keys)}"
        return Complaint(keys, "missing-key", message, at_key=True)
    if not accepts(declared, spot.value):
        return _wrong_type(spot, keys)
    if choices(declared):
        return _no_choice(choices(declared), spot.value, keys)
    bounds = {name: _plain(bound) for name, bound in error.get("ctx", {}).items()}
    message = _BOUNDS.get(kind, "this value cannot be used here").format(**bounds)
    return Complaint(keys, "invalid-value", f"{_before(keys)}{message}")


def _unknown_key(key: str, record: type, keys: Keys) -> Complaint:
    known = tuple(field_types(record))
    hint = did_you_mean(key, known)
    if hint is None and known and len(known) <= MOST_KEYS_IN_WORDS:
        hint = f"the known keys are {listed(known)}"
    return Complaint(
        (*keys, key), "unknown-key", f"unknown key `{shown(key)}`{_inside(keys)}", hint, at_key=True
    )


def _wrong_type(spot: _Spot, keys: Keys) -> Complaint:
    wants_text = str in alternatives(spot.declared)
    hint = "put it in quotes to make it text" if wants_text and isinstance(spot.value, (int, float)) else None
    split = int in alternatives(spot.declared) and isinstance(spot.value, float)
    found = "a number with a decimal point" if split else found_words(spot.value)
    message = f"{_before(keys)}expected {expected_words(spot.declared)}, got {found}"
    return Complaint(keys, "wrong-type", message, hint)


def _no_choice(known: Sequence[JsonValue], value: JsonValue, keys: Keys) -> Complaint:
    message = f"{_before(keys)}`{shown(value)}` is not one of {listed(known)}"
    return Complaint(keys, "invalid-value", message, did_you_mean(str(value), [str(each) for each in known]))


def _plain(bound: object) -> object:
    """A bound as it was written: 1, not 1.0."""
    return int(bound) if isinstance(bound, float) and bound.is_integer() else bound


def _before(keys: Keys) -> str:
    return f"`{named(keys)}`: " if keys else ""


def _inside(keys: Keys) -> str:
    return f" in `{named(keys)}`" if keys else ""
