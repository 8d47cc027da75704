"""JSON Schemas for editors, made from the data classes that the files are read into."""

from __future__ import annotations

from typing import Any

from promptops import registry
from promptops.errors import Location
from promptops.files.editor_schema import schema_for
from promptops.files.prompt import TYPES, PromptSource
from promptops.files.suite import ScorerSource
from promptops.model.suite import Suite

Schema = dict[str, Any]


def editor_schemas() -> dict[str, Schema]:
    """The schema of each kind of file, by name; draft-07, which every editor understands."""
    return {"prompt": _prompt_schema(), "suite": _suite_schema()}


_SCORERS: Schema = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": {"$ref": "#/definitions/Scorer"},
}


def _prompt_schema() -> Schema:
    schema = schema_for(PromptSource, title="promptops prompt")
    short = {"type": "string", "enum": list(TYPES)}
    schema["properties"]["inputs"] = {
        "description": "A JSON Schema for each variable, or just its type",
        "type": "object",
        "additionalProperties": {"anyOf": [short, {"type": ["object", "array", "boolean", "null"]}]},
    }
    return schema


def _suite_schema() -> Schema:
    schema = schema_for(Suite, title="promptops suite")
    schema["properties"]["scorers"] = _SCORERS
    schema["definitions"]["Scorer"] = _scorer_schema(schema["definitions"])
    return schema


def _scorer_schema(definitions: Schema) -> Schema:
    common = schema_for(ScorerSource, title="scorer")
    definitions.update(common.get("definitions", {}))
    built_in = {name: _options(name, definitions) for name in registry.names("scorers")}
    rules = [
        {
            "if": {"properties": {"type": {"const": name}}},
            "then": {
                "description": options.get("description", ""),
                "properties": {**_open(common["properties"]), **options["properties"]},
                "required": options.get("required", []),
                "additionalProperties": False,
            },
        }
        for name, options in built_in.items()
    ]
    names = {
        "anyOf": [{"enum": list(built_in)}, {"type": "string"}],
        "description": "A scorer, or a path to one",
    }
    return {"type": "object", "required": ["type"], "properties": {"type": names}, "allOf": rules}


def _options(name: str, definitions: Schema) -> Schema:
    plugin = registry.plugin("scorers", name, Location(name))
    schema = schema_for(plugin, title=name)
    definitions.update(schema.pop("definitions", {}))
    if hasattr(plugin, "join"):
        schema["properties"]["scorers"] = _SCORERS
    return schema


def _open(properties: Schema) -> Schema:
    return {key: value for key, value in properties.items() if key != "type"} | {"type": True}
