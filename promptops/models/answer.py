"""An answer in OpenAI's chat protocol, as plain data from whoever; nothing in it is trusted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from typing import Any

from promptops.model.record import JsonValue
from promptops.model.result import Completion
from promptops.model.suite import as_text
from promptops.models.lane import AttemptFailed, Usage, failure_of_finish
from promptops.models.prices import Price

ANSWERING_TOOL = "json_tool_call"
"""The tool whose arguments are the answer, for models that take no schema of it."""
_THOUGHTS = re.compile(
    r"\A<(?:think|thinking|budget:thinking)>.*?</(?:think|thinking|budget:thinking)>", re.DOTALL
)
"""What a model says to itself, where its server does not set it apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long an answer took; see Completion."""

    latency_ms: float
    first_answer_ms: float | None = None


def read_answer(document: JsonValue, timing: Timing, price: Price | None) -> Completion:
    """The completion that an answer holds.

    Raises:
        AttemptFailed: it is no answer (`bad_answer`).
    """
    try:
        choice = document["choices"][0]
        message = choice["message"]
        calls = [_call(each) for each in message.get("tool_calls") or ()]
        text = _text(message.get("content"))
        if [each["function"]["name"] for each in calls] == [ANSWERING_TOOL]:
            text, calls = calls[0]["function"]["arguments"], []
        refusal = _text(
            message.get("refusal") or (message.get("provider_specific_fields") or {}).get("refusal")
        )
        failure = "refusal" if refusal and not text else failure_of_finish(choice.get("finish_reason"))
        usage = _usage(document.get("usage"))
        cost_usd = (
            price.at(datetime.now(UTC)).cost_usd(usage)
            if price and usage
            else _told_cost_usd(document.get("usage"))
        )
    except (LookupError, TypeError, AttributeError, ValueError, OverflowError):
        raise AttemptFailed("bad_answer", "the provider's answer is not a chat completion") from None
    return Completion(
        output=_whole(_THOUGHTS.sub("", text) or (as_text(calls) if calls else refusal)),
        latency_ms=timing.latency_ms,
        first_answer_ms=timing.first_answer_ms,
        input_tokens=usage.input_tokens if usage else 0,
        output_tokens=usage.output_tokens if usage else 0,
        cost_usd=cost_usd,
        failure=failure,
        data={"tool_calls": calls} if calls else {},
    )


def _whole(text: str) -> str:
    """JSON can spell the half of a character, which no file can hold."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _told_cost_usd(usage: Any) -> float | None:
    """What the provider itself says that the answer cost."""
    cost = usage.get("cost") if usage else None
    return float(cost) if isinstance(cost, int | float) and 0 <= cost < inf else None


def _text(content: Any) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    return "".join(part["text"] for part in content if part.get("type") == "text")


def _call(call: Mapping[str, Any]) -> dict[str, JsonValue]:
    function = call["function"]
    arguments = function["arguments"]
    return {
        "id": call.get("id"),
        "type": "function",
        "function": {"name": function["name"], "arguments": as_text(arguments)},
    }


def _usage(usage: Any) -> Usage | None:
    if not usage:
        return None
    details = usage.get("prompt_tokens_details") or {}
    cached = details.get("cached_tokens") or usage.get("prompt_cache_hit_tokens") or 0
    tokens = (usage.get("prompt_tokens") or 0, usage.get("completion_tokens") or 0, cached)
    if not all(isinstance(each, int) and each >= 0 for each in tokens):
        raise ValueError("tokens are whole numbers from 0 up")
    # Clients put noughts where a server says nothing; no request is without tokens.
    return Usage(*tokens) if any(tokens) else None
