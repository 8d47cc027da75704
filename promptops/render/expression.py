"""Small expressions of suites: `where`, and values that are taken from a case."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError

from promptops.errors import InvalidFilesError, Location
from promptops.model.record import JsonValue
from promptops.render.sandbox import BoundedEnvironment, told

_ENVIRONMENT = BoundedEnvironment()
_ALONE = re.compile(r"\s*\{\{((?:(?!\}\}).)*)\}\}\s*", re.DOTALL)
FAILURES = (
    TemplateError,
    RecursionError,
    MemoryError,
    ArithmeticError,
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
)

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
        return cls(_guarded(lambda values: _defined(compiled(**values)), where))


class ValueTemplate:
    """A value of a suite in which texts are templates; a text that is one `{{ … }}` keeps its type."""

    def __init__(self, evaluate: Callable[[Values], JsonValue]) -> None:
        self.evaluate = evaluate

    @classmethod
    def compile(cls, value: JsonValue, where: Location) -> ValueTemplate:
        """Raises InvalidFilesError for a wrong template; so does evaluating over a case that lacks a field."""
        return cls(_compiled(value, where))


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


def _defined(value: Any) -> JsonValue:
    # An undefined value says so when it is turned into text.
    if type(value).__name__.endswith("Undefined"):
        str(value)
    return value
