"""The values that a prompt is filled with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from promptops.errors import InvalidFilesError, Problem, did_you_mean
from promptops.model.prompt import Prompt
from promptops.model.record import JsonValue
from promptops.model.text_origin import TextOrigin
from promptops.render.schema import schema_problems
from promptops.render.template import Variable


def with_defaults(prompt: Prompt, values: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The values, and for what they leave out the declared defaults."""
    properties = (prompt.inputs or {}).get("properties", {})
    defaults = {
        name: schema["default"]
        for name, schema in properties.items()
        if isinstance(schema, Mapping) and "default" in schema
    }
    return {**defaults, **values}


def required_inputs(prompt: Prompt, variables: Iterable[Variable]) -> list[str]:
    """The names that have to be given: those without a default that a template needs, or that `inputs` requires."""
    needed = dict.fromkeys([variable.name for variable in variables if variable.required])
    needed |= dict.fromkeys((prompt.inputs or {}).get("required", ()))
    defaults = with_defaults(prompt, {})
    return [name for name in needed if name not in defaults]


def complete_inputs(
    prompt: Prompt, variables: Iterable[Variable], values: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    """The values with the declared defaults.

    Raises:
        InvalidFilesError: all values that are missing, and all that do not fit their schema, at once.
    """
    properties = (prompt.inputs or {}).get("properties", {})
    completed = with_defaults(prompt, values)
    places = {variable.name: variable.where for variable in variables}
    start = TextOrigin(path=prompt.path).start
    problems = [
        Problem(
            places.get(name, start), "missing-variable", f"`{name}` is missing", did_you_mean(name, values)
        )
        for name in required_inputs(prompt, variables)
        if name not in values
    ]
    problems += [
        Problem(places.get(name, start), "invalid-input", f"`{name}` does not fit its schema: {reason}")
        for name, schema in properties.items()
        if name in completed and isinstance(schema, Mapping)
        for reason in schema_problems(schema, completed[name])[:3]
    ]
    if problems:
        raise InvalidFilesError(problems)
    return completed
