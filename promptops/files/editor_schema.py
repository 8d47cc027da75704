"""JSON Schemas for editors, from the data classes that files are read into."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from promptops.files.codec import adapter
from promptops.model.record import JsonValue

DRAFT_07 = "http://json-schema.org/draft-07/schema#"


def schema_for(cls: type, *, title: str) -> dict[str, JsonValue]:
    """The JSON Schema (draft-07) of a record's files."""
    schema = adapter(cls).json_schema(ref_template="#/definitions/{model}", schema_generator=_SchemaWithDocs)
    definitions = schema.pop("$defs", {})
    return {"$schema": DRAFT_07, **_for_editors(schema), "title": title, **_definitions(definitions)}


class _SchemaWithDocs(GenerateJsonSchema):
    """Takes over the docstrings of plain dataclasses, which not every version of pydantic does."""

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        made = super().dataclass_schema(schema)
        return {**made, "description": " ".join((schema["cls"].__doc__ or "").split())}


def _definitions(definitions: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {"definitions": _for_editors(definitions)} if definitions else {}


def _for_editors(schema: JsonValue) -> JsonValue:
    """Without generated titles and null defaults; `$ref` alone, as draft-07 ignores what stands beside it."""
    if isinstance(schema, list):
        return [_for_editors(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    kept = {
        key: _for_editors(each)
        for key, each in schema.items()
        if not (key == "title" and isinstance(each, str)) and not (key == "default" and each is None)
    }
    if "$ref" in kept and len(kept) > 1:
        return {"allOf": [{"$ref": kept.pop("$ref")}], **kept}
    return kept
