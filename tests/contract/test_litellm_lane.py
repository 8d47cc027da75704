"""A provider with a protocol of its own, which only litellm speaks."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.model.config import ProviderSettings
from promptops.models.lane import Usage
from promptops.models.prices import price_of
from tests.support.chat import TOOL, always, rendered_prompt
from tests.support.lanes import KEY, ask, failure
from tests.support.service import Reply, service

# What litellm and its dependencies warn about is not ours to mend.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]

LISTED = "anthropic/claude-haiku-4-5"
UNLISTED = "anthropic/claude-unheard-of"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    """litellm looks for other providers' keys itself."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)


def message(*content: dict[str, Any], stop_reason: str = "end_turn") -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": list(content),
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 100, "output_tokens": 10},
    }


TEXT = {"type": "text", "text": "card"}


@pytest.mark.parametrize("model", [LISTED, UNLISTED])
def test_an_answer(model: str) -> None:
    with service(always(Reply(message(TEXT)))) as server:
        completion = ask("litellm", server.url, rendered_prompt(model))
    price = price_of(model, ProviderSettings())
    assert (price is None) == (model == UNLISTED)
    assert completion.output == "card"
    assert (completion.input_tokens, completion.output_tokens) == (100, 10)
    assert completion.cost_usd == (price and pytest.approx(price.cost_usd(Usage(100, 10))))
    assert [call.path for call in server.calls] == ["/v1/messages"]
    assert KEY in server.calls[0].headers.values()


def test_a_tool_and_an_end_that_came_too_soon() -> None:
    use = {"type": "tool_use", "id": "1", "name": "find", "input": {"q": "x"}}
    with service(always(Reply(message(use, stop_reason="max_tokens")))) as server:
        completion = ask("litellm", server.url, rendered_prompt(LISTED, tools=(TOOL,)))
    (call,) = completion.data["tool_calls"]
    assert call["function"] == {"name": "find", "arguments": '{"q": "x"}'}
    assert completion.failure == "cut_off"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "refused_request"),
        (401, "wrong_key"),
        (403, "wrong_key"),
        (404, "refused_request"),
        (429, "rate_limited"),
        (500, "provider_error"),
        (529, "provider_error"),
    ],
)
def test_an_error(status: int, kind: str) -> None:
    error = {"type": "error", "error": {"type": "x", "message": f"no, {KEY}"}}
    reply = Reply(error, status=status, headers={"retry-after": "3"})
    with service(always(reply)) as server:
        told = failure("litellm", server.url, rendered_prompt(LISTED))
    assert (told.kind, told.status, told.retry_after_s) == (kind, status, 3.0)
    assert KEY not in told.message
    assert told.message.startswith("no, ")


def test_a_prompt_that_is_too_long() -> None:
    error = {"type": "error", "error": {"type": "x", "message": "prompt is too long: 9 > 8 tokens"}}
    with service(always(Reply(error, status=400))) as server:
        completion = ask("litellm", server.url, rendered_prompt(LISTED))
    assert completion.failure == "context_overflow"
