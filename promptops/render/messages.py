"""A prompt and values become messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

from promptops.errors import InvalidFilesError, Location
from promptops.model.prompt import (
    MessageTemplate,
    Prompt,
    RenderedPrompt,
    Role,
    Slot,
    Template,
    content_text,
)
from promptops.model.record import JsonValue
from promptops.model.suite import as_text
from promptops.render.digest import prompt_digest, templates_of
from promptops.render.inputs import complete_inputs, required_inputs, with_defaults
from promptops.render.template import Partials, TemplateSet, Variable

Message = Mapping[str, Any]
Maker = Callable[[Mapping[str, JsonValue]], list[Message]]
HISTORY = str(Slot.HISTORY)
HISTORY_ROLES = ("user", "assistant")


class Renderer:
    """A prompt ready to be filled many times; everything is compiled once.

    `digest` names it with its model and parameters, `wording_digest` without them.

    Raises:
        InvalidFilesError: a template that cannot be used, an example that lacks a variable.
    """

    def __init__(
        self,
        prompt: Prompt,
        partials: Partials,
        *,
        default_model: str,
        default_parameters: Mapping[str, JsonValue],
    ) -> None:
        self.prompt = prompt
        self.model = prompt.model or default_model
        self.parameters: Mapping[str, JsonValue] = {**default_parameters, **prompt.parameters}
        templates = TemplateSet(partials)
        self._used = used_variables(prompt, templates)
        self._makers = list(_makers(prompt, templates, self._used))
        self._history_at = _history_at(prompt, self._used)
        self.digest = prompt_digest(prompt, templates)
        self.wording_digest = prompt_digest(replace(prompt, model=None, parameters={}), templates)
        declared = (prompt.inputs or {}).get("properties", {})
        self.variables = frozenset({*declared, *(variable.name for variable in self._used)})
        self.required = frozenset(required_inputs(prompt, self._used))

    def for_model(self, model: str, parameters: Mapping[str, JsonValue]) -> Renderer:
        """The same messages for another model."""
        other = copy(self)
        other.model, other.parameters = model, parameters
        return other

    def render(
        self, values: Mapping[str, JsonValue], earlier: Sequence[Message] | None = None
    ) -> RenderedPrompt:
        """The messages for these values.

        `earlier` messages of a conversation stand where the prompt says `history`, be it a place among the
        messages or a variable of a template, else before the last user message.

        Raises:
            InvalidFilesError: values that are missing or do not fit, all at once.
        """
        if earlier is not None and self._history_at is None:
            values = {**values, HISTORY: [*_history_of(self.prompt, values), *_told(earlier)]}
        completed = complete_inputs(self.prompt, self._used, values)
        return RenderedPrompt(
            prompt=self.prompt.name,
            digest=self.digest,
            model=self.model,
            parameters=self.parameters,
            messages=tuple(self._messages(completed, earlier or ())),
            tools=self.prompt.tools,
            output=self.prompt.output,
            warnings=tuple(
                f"the prompt does not use `{name}`" for name in values if name not in self.variables
            ),
        )

    def _messages(self, values: Mapping[str, JsonValue], earlier: Sequence[Message]) -> Iterator[Message]:
        for place, make in enumerate(self._makers):
            if place == self._history_at:
                yield from earlier
            yield from make(values)
        if self._history_at == len(self._makers):
            yield from earlier


def used_variables(prompt: Prompt, templates: TemplateSet) -> list[Variable]:
    """The names that the messages of a prompt take, each where it stands first."""
    found: dict[str, Variable] = {}
    for message in prompt.messages:
        for template in templates_of(message):
            for variable in templates.variables(template):
                found.setdefault(variable.name, variable)
        if message is Slot.HISTORY:
            found.setdefault(HISTORY, Variable(HISTORY, Location(prompt.path), required=False))
    return list(found.values())


def _history_at(prompt: Prompt, used: list[Variable]) -> int | None:
    """Before which maker earlier messages stand: behind `history`, else before the last user message.

    None where a template tells them itself.
    """
    last = last_user_message(prompt)
    at_last = len(prompt.messages) if last is None else prompt.messages.index(last)
    # Examples without a place of their own have a maker before the last user message.
    implied = bool(prompt.examples) and Slot.EXAMPLES not in prompt.messages
    if Slot.HISTORY in prompt.messages:
        slot = prompt.messages.index(Slot.HISTORY)
        return slot + 1 + (implied and at_last < slot)
    if any(variable.name == HISTORY for variable in used):
        return None
    return at_last + implied


def last_user_message(prompt: Prompt) -> MessageTemplate | None:
    """The message that examples are rendered with."""
    users = [each for each in prompt.messages if isinstance(each, MessageTemplate) and each.role is Role.USER]
    return users[-1] if users else None


def _makers(prompt: Prompt, templates: TemplateSet, used: list[Variable]) -> Iterator[Maker]:
    examples = _example_turns(prompt, templates, used)
    last_user = last_user_message(prompt)
    for message in prompt.messages:
        if message is Slot.EXAMPLES:
            yield lambda _: examples
        elif message is Slot.HISTORY:
            yield _history(prompt)
        elif isinstance(message, MessageTemplate):
            if message is last_user and Slot.EXAMPLES not in prompt.messages and examples:
                yield lambda _: examples
            yield _one(message, templates)


def _one(message: MessageTemplate, templates: TemplateSet) -> Maker:
    role = str(message.role)
    if isinstance(message.content, Template):
        text = templates.compile(message.content)
        return lambda values: [{"role": role, "content": text(values)}]
    parts = [(part.kind, templates.compile(part.template), part.options) for part in message.content]

    def make(values: Mapping[str, JsonValue]) -> list[Message]:
        content = [
            {"type": "text", "text": fill(values)}
            if kind == "text"
            else {"type": kind, kind: {"url": fill(values), **options}}
            for kind, fill, options in parts
        ]
        return [{"role": role, "content": content}]

    return make


def _example_turns(prompt: Prompt, templates: TemplateSet, used: list[Variable]) -> list[Message]:
    last_user = last_user_message(prompt)
    if not prompt.examples:
        return []
    if last_user is None:
        where = prompt.examples[0].origin.start
        raise InvalidFilesError.single(
            where, "invalid-example", "examples need a user message to be rendered with"
        )
    make = _one(last_user, templates)
    names = {
        variable.name for template in templates_of(last_user) for variable in templates.variables(template)
    }
    turns: list[Message] = []
    for example in prompt.examples:
        values = with_defaults(prompt, example.input)
        missing = sorted(
            each.name for each in used if each.name in names and each.required and each.name not in values
        )
        if missing:
            message = f"the example lacks {', '.join(f'`{name}`' for name in missing)}"
            raise InvalidFilesError.single(example.origin.start, "invalid-example", message)
        turns += [*make(values), {"role": "assistant", "content": as_text(example.output)}]
    return turns


def _history(prompt: Prompt) -> Maker:
    return lambda values: _history_of(prompt, values)


def _history_of(prompt: Prompt, values: Mapping[str, JsonValue]) -> list[Message]:
    turns = values.get(HISTORY) or []
    if not isinstance(turns, (list, tuple)) or not all(_is_turn(turn) for turn in turns):
        message = "`history` must be a list of {role, content}, where the role is user or assistant"
        raise InvalidFilesError.single(Location(prompt.path), "invalid-input", message)
    return [{"role": turn["role"], "content": turn["content"]} for turn in turns]


def _told(messages: Sequence[Message]) -> Iterator[Message]:
    """What was said in words; calls of tools are no part of a `history`."""
    for message in messages:
        text = content_text(message["content"])
        if message["role"] in HISTORY_ROLES and text and "tool_calls" not in message:
            yield {"role": message["role"], "content": text}


def _is_turn(turn: JsonValue) -> bool:
    return (
        isinstance(turn, Mapping)
        and set(turn) == {"role", "content"}
        and turn["role"] in HISTORY_ROLES
        and isinstance(turn["content"], str)
    )
