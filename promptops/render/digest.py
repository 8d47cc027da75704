from __future__ import annotations

from promptops.model.canonical import content_digest
from promptops.model.prompt import MessageTemplate, Prompt, Slot, Template
from promptops.model.record import JsonValue
from promptops.render.template import TemplateSet


def prompt_digest(prompt: Prompt, templates: TemplateSet) -> str:
    """Names a version of a prompt: everything that decides what a model is sent, as 64 hex digits.

    Names, descriptions, metadata and places do not matter; the text of every partial does.
    """
    partials = {
        each.text
        for message in prompt.messages
        for template in templates_of(message)
        for each in templates.reached(template)[1:]
    }
    return content_digest(
        {
            "messages": [_message(message) for message in prompt.messages],
            "partials": sorted(partials),
            "examples": [{"input": each.input, "output": each.output} for each in prompt.examples],
            "model": prompt.model,
            "parameters": prompt.parameters,
            "inputs": prompt.inputs,
            "output": prompt.output,
            "tools": list(prompt.tools),
        }
    )


def templates_of(message: MessageTemplate | Slot) -> list[Template]:
    """Every template of a message."""
    if isinstance(message, Slot):
        return []
    return (
        [message.content]
        if isinstance(message.content, Template)
        else [part.template for part in message.content]
    )


def _message(message: MessageTemplate | Slot) -> JsonValue:
    if isinstance(message, Slot):
        return str(message)
    if isinstance(message.content, Template):
        return {"role": str(message.role), "content": message.content.text}
    parts = [{"kind": part.kind, "text": part.template.text, **part.options} for part in message.content]
    return {"role": str(message.role), "content": parts}
