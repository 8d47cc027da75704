from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from promptops.model.json_text import find_json, parse_json
from promptops.plugin import Example, JsonValue, Record, Sample, Scale, Score, Scorer, pass_or_fail
from promptops.render.schema import check_schema, schema_problems


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonSchema(Record):
    """1 when the JSON in the output fits a JSON Schema, else 0 with the first reason.

    JSON in a fenced block or among words is accepted, unless `strict` asks for nothing but JSON.
    """

    version: ClassVar[int] = 2
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output='{"n": 1}', options={"schema": {"required": ["n"]}}, score=1.0),
        Example(
            output='{"n": "x"}', options={"schema": {"properties": {"n": {"type": "number"}}}}, score=0.0
        ),
        Example(output="Here: {}", options={"schema": {"type": "object"}}, score=1.0),
        Example(output="Here: {}", options={"schema": {"type": "object"}, "strict": True}, score=0.0),
    )

    schema: Mapping[str, JsonValue]
    strict: bool = False

    def __post_init__(self) -> None:
        problems = check_schema(self.schema)
        if problems:
            raise ValueError(f"`schema` is not a JSON Schema: {problems[0]}")

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        try:
            value = parse_json(sample.output) if self.strict else find_json(sample.output)
        except ValueError as error:
            return pass_or_fail(False, f"not JSON: {error}")
        problems = schema_problems(self.schema, value)
        return pass_or_fail(not problems, problems[0] if problems else "")


PLUGIN: type[Scorer] = JsonSchema
