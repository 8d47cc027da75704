"""Small expressions of suites: `where`, and values that are taken from a case."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jinja2 import TemplateSyntaxError

from promptops.errors import InvalidFilesError, Location
from promptops.model.record import JsonValue
from promptops.render.sandbox import FAILURES, BoundedEnvironment, Missing, told

_ENVIRONMENT = BoundedEnvironment()
_ALONE = re.compile(r"\s*\{\{((?:(?!\}\}).)*)\}\}\s*", re.DOTALL)
Values = Mapping[str, JsonValue]


class Expression:
    """A Jinja2 expression over a mapping, compiled once."""

    def __init__(self, evaluate: Callable[[Values], JsonValue]) -> None:
        self.evaluate = evaluate

    @classmethod
    def compile(cls, text: str, where: Location) -> Expression:
        """Raises InvalidFilesError for a wrong expression; so does evaluating over values that lack a field."""
        try:
            compiled = _ENVIRONMENT.compile_expression(text, undefined_to_none=False)
        except TemplateSyntaxError as error:
            raise InvalidFilesError.single(where, "template-syntax", f"expression: {told(error)}") from None
        except (RecursionError, MemoryError, SyntaxError, ValueError):
            raise InvalidFilesError.single(
                where, "template-syntax", "the expression cannot be compiled"
            ) from None
        return cls(_guarded(lambda values: _data(compiled(**values)), where))


class ValueTemplate:
    """A value of a suite in which texts are templates; a text that is one `{{ … }}` keeps its type."""

    def __init__(self, written: JsonValue, evaluate: Callable[[Values], JsonValue]) -> None:
        self.written = written
        self.evaluate = evaluate

    @classmethod
    def compile(cls, value: JsonValue, where: Location) -> ValueTemplate:
        """Raises InvalidFilesError for a wrong template; so does evaluating over a case that lacks a field."""
        return cls(value, _compiled(value, where))


def _compiled(value: JsonValue, where: Location) -> Callable[[Values], JsonValue]:
    if isinstance(value, Mapping):
        members = {key: _compiled(each, where) for key, each in value.items()}
        return lambda values: {key: member(values) for key, member in members.items()}
    if isinstance(value, (list, tuple)):
        parts = [_compiled(each, where) for each in value]
        return lambda values: [part(values) for part in parts]
    if not isinstance(value, str) or "{" not in value:
        return lambda _: value
    alone = _ALONE.fullmatch(value)
    if alone is not None:
        return Expression.compile(alone[1], where).evaluate
    try:
        template = _ENVIRONMENT.from_string(value)
    except TemplateSyntaxError as error:
        raise InvalidFilesError.single(where, "template-syntax", f"template: {told(error)}") from None
    return _guarded(template.render, where)


def _guarded(evaluate: Callable[[Values], JsonValue], where: Location) -> Callable[[Values], JsonValue]:
    def guarded(values: Values) -> JsonValue:
        _ENVIRONMENT.start()
        try:
            return evaluate(values)
        except FAILURES as error:
            raise InvalidFilesError.single(where, "unknown-field", told(error)) from None

    return guarded


def _data(value: Any) -> JsonValue:
    """What an expression came to, as JSON has it; raises TypeError and ValueError for what it has not."""
    if isinstance(value, Missing):
        # Any use of it raises what is missing.
        str(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (int, float)):
        return _finite(value)
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("the keys of an object must be texts")
        return {str(key): _data(each) for key, each in value.items()}
    if isinstance(value, Iterable):
        return [_data(each) for each in value]
    raise TypeError("the value is a part of the template language, not data")


def _finite(number: float) -> float:
    try:
        if math.isfinite(number):
            return number
    except OverflowError:
        pass
    raise ValueError("a number is too large")
