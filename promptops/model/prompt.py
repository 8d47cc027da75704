from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from promptops.model.record import JsonValue, Record
from promptops.model.text_origin import TextOrigin

NEAREST_EXAMPLE = "promptops/nearest-example"


def model_label(model: str) -> str:
    """How a model is named wherever a score made with it is shown."""
    return f"{model} (not an LLM)" if model == NEAREST_EXAMPLE else model


class Role(StrEnum):
    """Who speaks in a message."""

    SYSTEM = "system"
    DEVELOPER = "developer"
    USER = "user"
    ASSISTANT = "assistant"


class Slot(StrEnum):
    """A place among the messages that is filled when the prompt is rendered."""

    EXAMPLES = "examples"
    HISTORY = "history"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template(Record):
    """A Jinja2 text and where it stands."""

    text: str
    origin: TextOrigin


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentPart(Record):
    """A part of a message: `kind` is text or image_url; `options` are sent along (image detail)."""

    kind: str
    template: Template
    options: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTemplate(Record):
    """One message before rendering; content is a text or a tuple of parts."""

    role: Role
    content: Template | tuple[ContentPart, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptExample(Record):
    """A few-shot pair: what stands in for the inputs, and the wanted output."""

    input: Mapping[str, JsonValue]
    output: JsonValue
    origin: TextOrigin


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt(Record):
    """A prompt file, read and resolved; `inputs` and `output` are JSON Schemas (or None when undeclared)."""

    name: str
    path: str
    messages: tuple[MessageTemplate | Slot, ...]
    description: str = ""
    model: str | None = None
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)
    inputs: Mapping[str, JsonValue] | None = None
    output: Mapping[str, JsonValue] | None = None
    examples: tuple[PromptExample, ...] = ()
    tools: tuple[Mapping[str, JsonValue], ...] = ()
    metadata: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedPrompt(Record):
    """A prompt filled with values: exactly what a model is sent.

    `messages` are in the chat format of OpenAI: role, and content as a text or a list of parts.
    `digest` names the version of the prompt (not of the values), as 64 hex digits.
    """

    prompt: str
    digest: str
    model: str
    parameters: Mapping[str, JsonValue]
    messages: tuple[Mapping[str, Any], ...]
    tools: tuple[Mapping[str, JsonValue], ...] = ()
    output: Mapping[str, JsonValue] | None = None
    warnings: tuple[str, ...] = ()

    def text(self) -> str:
        """The messages as one text, each behind a line with its role."""
        return "\n\n".join(
            f"{message['role']}:\n{content_text(message['content'])}" for message in self.messages
        )


def content_text(content: str | list[Mapping[str, Any]]) -> str:
    """The words of a message; parts that are not text are named, not shown."""
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] if part["type"] == "text" else f"[{part['type']}]" for part in content)
