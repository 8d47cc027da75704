"""What can be wrong with a prompt before it is filled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from promptops.errors import Location, Problem, did_you_mean
from promptops.model.prompt import Prompt, Slot
from promptops.render.digest import templates_of
from promptops.render.inputs import with_defaults
from promptops.render.messages import last_user_message, used_variables
from promptops.render.schema import check_schema, schema_problems
from promptops.render.template import TemplateSet

Locate = Callable[[Sequence[str | int]], Location]
"""The place of a part of the prompt's file."""


def check_prompt(prompt: Prompt, templates: TemplateSet, locate: Locate) -> list[Problem]:
    """Every problem of a prompt's templates, inputs, examples and schemas."""
    problems: list[Problem] = []
    for message in prompt.messages:
        for template in templates_of(message):
            problems += templates.problems(template)
    return [
        *problems,
        *_slots(prompt, locate),
        *_schemas(prompt, locate),
        *_undeclared(prompt, templates),
        # What a broken template or a missing partial would use is not known.
        *([] if problems else _unused(prompt, templates, locate)),
        *_examples(prompt, templates),
    ]


def _slots(prompt: Prompt, locate: Locate) -> Iterator[Problem]:
    for slot in Slot:
        places = [index for index, message in enumerate(prompt.messages) if message is slot]
        for index in places[1:]:
            message = f"`{slot}` stands among the messages more than once"
            yield Problem(locate(("messages", index)), "twice", message)


def _schemas(prompt: Prompt, locate: Locate) -> Iterator[Problem]:
    for name, schema in (("inputs", prompt.inputs), ("output", prompt.output)):
        for reason in [] if schema is None else check_schema(schema):
            yield Problem(locate((name,)), "invalid-schema", f"`{name}` is not a JSON Schema: {reason}")


def _undeclared(prompt: Prompt, templates: TemplateSet) -> Iterator[Problem]:
    if prompt.inputs is None:
        return
    declared = prompt.inputs.get("properties", {})
    for variable in used_variables(prompt, templates):
        if variable.name not in declared and variable.name != Slot.HISTORY:
            hint = did_you_mean(variable.name, declared) or "declare it in `inputs`"
            yield Problem(
                variable.where,
                "undeclared-variable",
                f"`{variable.name}` is not an input of the prompt",
                hint,
            )


def _unused(prompt: Prompt, templates: TemplateSet, locate: Locate) -> Iterator[Problem]:
    used = {variable.name for variable in used_variables(prompt, templates)}
    for name in (prompt.inputs or {}).get("properties", {}):
        if name not in used:
            message = f"no message uses the input `{name}`"
            yield Problem(locate(("inputs", name)), "unused-input", message, None, "warning")


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
            if variable.name not in with_defaults(prompt, example.input):
                hint = did_you_mean(variable.name, example.input)
                yield Problem(where, "invalid-example", f"the example lacks `{variable.name}`", hint)
        for name, value in example.input.items():
            for reason in _misfits(properties.get(name), value):
                yield Problem(
                    where, "invalid-example", f"`{name}` of the example does not fit its schema: {reason}"
                )


def _misfits(schema: object, value: object) -> list[str]:
    return schema_problems(schema, value) if isinstance(schema, Mapping) else []
