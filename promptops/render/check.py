"""What can be wrong with a prompt before it is filled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from promptops.errors import Location, Problem, did_you_mean
from promptops.model.prompt import Prompt, Slot
from promptops.render.digest import templates_of
from promptops.render.messages import last_user_message, used_variables
from promptops.render.schema import check_schema, schema_problems
from promptops.render.template import TemplateSet


def check_prompt(prompt: Prompt, templates: TemplateSet) -> list[Problem]:
    """Every problem of a prompt's templates, inputs, examples and schemas."""
    problems: list[Problem] = []
    for message in prompt.messages:
        for template in templates_of(message):
            problems += templates.problems(template)
    return [
        *problems,
        *_slots(prompt),
        *_schemas(prompt),
        *_variables(prompt, templates),
        *_examples(prompt, templates),
    ]


def _slots(prompt: Prompt) -> Iterator[Problem]:
    for slot in Slot:
        if prompt.messages.count(slot) > 1:
            yield Problem(
                Location(prompt.path), "twice", f"`{slot}` stands among the messages more than once"
            )


def _schemas(prompt: Prompt) -> Iterator[Problem]:
    for name, schema in (("inputs", prompt.inputs), ("output", prompt.output)):
        for reason in [] if schema is None else check_schema(schema):
            yield Problem(Location(prompt.path), "invalid-schema", f"`{name}` is not a JSON Schema: {reason}")


def _variables(prompt: Prompt, templates: TemplateSet) -> Iterator[Problem]:
    if prompt.inputs is None:
        return
    declared = prompt.inputs.get("properties", {})
    used = used_variables(prompt, templates)
    for variable in used:
        if variable.name not in declared and variable.name != Slot.HISTORY:
            hint = did_you_mean(variable.name, declared) or "declare it in `inputs`"
            yield Problem(
                variable.where,
                "undeclared-variable",
                f"`{variable.name}` is not an input of the prompt",
                hint,
            )
    for name in declared:
        if name not in {variable.name for variable in used}:
            yield Problem(
                Location(prompt.path), "unused-input", f"no message uses the input `{name}`", None, "warning"
            )


def _examples(prompt: Prompt, templates: TemplateSet) -> Iterator[Problem]:
    last_user = last_user_message(prompt)
    if not prompt.examples:
        return
    if last_user is None:
        where = prompt.examples[0].origin.start
        yield Problem(where, "invalid-example", "examples need a user message to be rendered with")
        return
    needed = [
        each
        for template in templates_of(last_user)
        for each in templates.variables(template)
        if each.required
    ]
    properties = (prompt.inputs or {}).get("properties", {})
    for example in prompt.examples:
        where = example.origin.start
        for variable in needed:
            if variable.name not in example.input:
                hint = did_you_mean(variable.name, example.input)
                yield Problem(where, "invalid-example", f"the example lacks `{variable.name}`", hint)
        for name, value in example.input.items():
            for reason in _misfits(properties.get(name), value):
                yield Problem(
                    where, "invalid-example", f"`{name}` of the example does not fit its schema: {reason}"
                )


def _misfits(schema: object, value: object) -> list[str]:
    return schema_problems(schema, value) if isinstance(schema, Mapping) else []
