"""JSON Schema; the only home of jsonschema, which is loaded when a schema is not trivial."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from promptops.model.canonical import canonical_json
from promptops.model.record import JsonValue

TRIVIAL: dict[str, Callable[[JsonValue], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def check_schema(schema: Mapping[str, JsonValue]) -> list[str]:
    """What is wrong with a JSON Schema (draft 2020-12); references to other files are refused."""
    reasons = _misfits_of_schema(canonical_json(schema))
    if reasons:
        return list(reasons)
    return [f"`$ref` to another file: {ref}" for ref in _refs(schema) if not ref.startswith("#")]


def schema_problems(schema: Mapping[str, JsonValue], value: JsonValue) -> list[str]:
    """Why a value does not fit a schema that `check_schema` accepts; empty when it does."""
    is_trivial = TRIVIAL.get(str(schema.get("type")))
    known = set(schema) <= {"type", "description", "default", "minLength"}
    if known and is_trivial is not None and isinstance(schema.get("minLength", 0), int):
        fits = is_trivial(value)
        if fits and isinstance(value, str) and len(value) < schema.get("minLength", 0):
            return [f"is shorter than {schema['minLength']} characters"]
        return [] if fits else [f"is not of type `{schema['type']}`"]
    try:
        errors = sorted(
            _validator(canonical_json(schema)).iter_errors(value), key=lambda each: each.json_path
        )
    except Exception as error:  # noqa: BLE001 - a reference that leads nowhere raises types of several libraries
        reason = str(error).partition("\n")[0]
        return [f"the schema cannot be followed: {reason}"]
    return [_told(error) for error in errors]


@cache
def _misfits_of_schema(schema: bytes) -> tuple[str, ...]:
    """Cached, since the prompts of a project often declare the same inputs."""
    import json

    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(json.loads(schema))
    except SchemaError as error:
        return (error.message,)
    except RecursionError:
        return ("nested too deeply",)
    return ()


def _told(error: Any) -> str:
    place = error.json_path.removeprefix("$").removeprefix(".")
    message = error.message if len(error.message) <= 200 else f"{error.message[:200]}…"  # noqa: PLR2004 - a line or two
    return f"`{place}`: {message}" if place else message


@cache
def _validator(schema: bytes) -> Any:
    import json

    from jsonschema import Draft202012Validator
    from referencing import Registry

    # An empty registry: a schema never fetches anything.
    return Draft202012Validator(json.loads(schema), registry=Registry())


def _refs(value: JsonValue) -> list[str]:
    if isinstance(value, Mapping):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [ref for each in value.values() for ref in _refs(each)]
    if isinstance(value, (list, tuple)):
        return [ref for each in value for ref in _refs(each)]
    return []
