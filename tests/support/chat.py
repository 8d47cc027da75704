"""Requests and answers of OpenAI's chat protocol, as tests need them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from promptops.model.prompt import RenderedPrompt
from tests.support.service import Call, Reply

USAGE = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
MESSAGES = ({"role": "system", "content": "Answer."}, {"role": "user", "content": "Where is it?"})
TOOL = {
    "type": "function",
    "function": {"name": "find", "parameters": {"type": "object", "properties": {"q": {"type": "string"}}}},
}
TOOL_CALL = {"id": "1", "type": "function", "function": {"name": "find", "arguments": '{"q": "x"}'}}


def rendered_prompt(model: str = "openai/gpt-4o-mini", **fields: Any) -> RenderedPrompt:
    """A rendered prompt; `fields` replace what it usually has."""
    usual = {"prompt": "p", "digest": "0" * 64, "model": model, "parameters": {}, "messages": MESSAGES}
    return RenderedPrompt(**{**usual, **fields})


def answer(
    content: Any = "card", *, usage: Any = USAGE, finish_reason: str | None = "stop", **message: Any
) -> dict[str, Any]:
    """A chat completion with one choice; `message` adds to its message."""
    document = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        # Groq's answers have these two, and litellm's client for it wants them.
        "service_tier": "default",
        "x_groq": {"id": "req_1"},
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content, **message},
                "finish_reason": finish_reason,
            }
        ],
    }
    return document if usage is None else {**document, "usage": usage}


def refusal(status: int, message: str = "no such thing", code: str | None = None, **headers: str) -> Reply:
    """An error as OpenAI words it; underscores in the names of headers stand for dashes."""
    error = {"message": message, "type": "x", "param": None, "code": code}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply({"error": error}, status=status, headers=named)


def always(reply: Reply) -> Callable[[Call], Reply]:
    """Answers every call alike."""
    return lambda _: reply
