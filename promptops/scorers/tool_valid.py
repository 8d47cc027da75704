from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from promptops.plugin import (
    CaseFailure,
    Example,
    JsonValue,
    Record,
    Sample,
    Scale,
    Score,
    Scorer,
    pass_or_fail,
)
from promptops.render.schema import check_schema, schema_problems
from promptops.scorers._tool_calls import ToolCall, made_calls, short

Schemas = Mapping[str, Mapping[str, JsonValue]]

_TOOLS = [{"name": "find", "parameters": {"properties": {"id": {"type": "integer"}}, "required": ["id"]}}]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolValid(Record):
    """1 when every call names one of the tools, and its arguments fit that tool's JSON Schema.

    The tools are those of `tools`, else those of the prompt, else the case's field `tools`, in OpenAI's
    form or as `{name: find, parameters: {…}}`. An answer without a call scores 0; with `required: false` it
    has no score.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output='[{"name": "find", "arguments": {"id": 7}}]', options={"tools": _TOOLS}, score=1.0),
        Example(output='[{"name": "find", "arguments": {"id": "7"}}]', options={"tools": _TOOLS}, score=0.0),
        Example(output='[{"name": "find", "arguments": "{oops"}]', options={"tools": _TOOLS}, score=0.0),
        Example(output='[{"name": "drop", "arguments": {}}]', options={"tools": _TOOLS}, score=0.0),
        Example(output="It is 7.", options={"tools": _TOOLS}, score=0.0),
        Example(output="It is 7.", options={"tools": _TOOLS, "required": False}, score=None),
    )

    tools: tuple[Mapping[str, JsonValue], ...] = ()
    required: bool = True

    def __post_init__(self) -> None:
        _schemas(self.tools)

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        schemas = self._offered(sample)
        calls = made_calls(sample)
        if not calls:
            return Score(value=0.0 if self.required else None, reason="no tool was called")
        problem = next((found for call in calls if (found := _problem(call, schemas))), "")
        return pass_or_fail(not problem, problem)

    def _offered(self, sample: Sample) -> Schemas:
        tools = self.tools or sample.tools or sample.case.fields.get("tools")
        if not tools or not isinstance(tools, (list, tuple)):
            raise CaseFailure(
                "no_tools", "neither `tools`, the prompt nor the case says which tools there are"
            )
        try:
            return _schemas(tools)
        except ValueError as error:
            raise CaseFailure("bad_tools", str(error)) from None


def _schemas(tools: Sequence[JsonValue]) -> Schemas:
    """The schema of the arguments of each tool. Raises ValueError for what is no tool."""
    schemas = {}
    for number, tool in enumerate(tools, 1):
        function = tool.get("function", tool) if isinstance(tool, Mapping) else None
        if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
            raise ValueError(f"tool {number} of `tools` has no name")  # noqa: TRY004 - an option that is wrong
        schema = function.get("parameters") or {}
        problems = check_schema(schema) if isinstance(schema, Mapping) else ["is no object"]
        if problems:
            raise ValueError(
                f"`parameters` of the tool `{function['name']}` is not a JSON Schema: {problems[0]}"
            )
        schemas[function["name"]] = schema
    return schemas


def _problem(call: ToolCall, schemas: Schemas) -> str:
    if call.problem:
        return call.problem
    if call.name not in schemas:
        return f"there is no tool {short(call.name)}"
    if not isinstance(call.arguments, Mapping):
        return f"the arguments of {short(call.name)} are not an object"
    problems = schema_problems(schemas[call.name], call.arguments)
    return f"the arguments of {short(call.name)} do not fit: {problems[0]}" if problems else ""


PLUGIN: type[Scorer] = ToolValid
