"""Both ways to a model tell what went wrong by the same names: our own client, and the real litellm."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from email.utils import formatdate
from threading import Event
from typing import Any

import pytest

from promptops.models import openai_chat
from promptops.models.lane import AttemptFailed
from tests.support.chat import always, answer, refusal, rendered_prompt
from tests.support.lanes import KEY, LaneSetting, ask, failure
from tests.support.service import Call, Reply, service

# What litellm and its dependencies warn about is not ours to mend.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]

MODELS = (
    "openai/gpt-4o-mini",
    "groq/llama-3.3-70b-versatile",
    "together_ai/acme/small",
    "mistral/mistral-small-latest",
    "deepseek/deepseek-chat",
    "openrouter/acme/small",
    "hosted_vllm/small",
    "acme/small",
)
SHORT_S = 0.3


@pytest.fixture(params=["auto", "litellm"])
def lane(request: pytest.FixtureRequest) -> LaneSetting:
    setting: LaneSetting = request.param
    return setting


def failed(lane: LaneSetting, reply: Reply, model: str = MODELS[0]) -> AttemptFailed:
    with service(always(reply)) as server:
        failure_ = failure(lane, f"{server.url}/v1", rendered_prompt(model))
    assert len(server.calls) == 1
    return failure_


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "refused_request"),
        (401, "wrong_key"),
        (402, "wrong_key"),
        (403, "wrong_key"),
        (404, "refused_request"),
        (408, "timeout"),
        (413, "refused_request"),
        (422, "refused_request"),
        (429, "rate_limited"),
        (500, "provider_error"),
        (502, "provider_error"),
        (503, "provider_error"),
        (504, "provider_error"),
        (529, "provider_error"),
    ],
)
def test_a_status(lane: LaneSetting, model: str, status: int, kind: str) -> None:
    told = failed(lane, refusal(status, "no such thing", "odd_code", Retry_After="3"), model)
    assert (told.kind, told.status) == (kind, status)
    assert told.message == "odd_code: no such thing"
    assert told.retry_after_s == 3.0


@pytest.mark.parametrize(
    ("headers", "asked_s"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0.25"}, 0.25),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "Retry-After": "7"}, 1.5),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"Retry-After": "soon"}, 0.0),
        ({}, 0.0),
    ],
)
def test_how_long_a_provider_asks_to_wait(lane: LaneSetting, headers: dict[str, str], asked_s: float) -> None:
    assert failed(lane, refusal(429, **headers)).retry_after_s == asked_s


def test_a_date_to_wait_for(lane: LaneSetting) -> None:
    begun_s = time.time()
    told = failed(lane, refusal(429, Retry_After=formatdate(begun_s + 3600, usegmt=True)))
    assert 0 < told.retry_after_s <= 3600


@pytest.mark.parametrize("model", MODELS)
def test_a_spent_quota_is_named(lane: LaneSetting, model: str) -> None:
    told = failed(lane, refusal(429, "Check your plan. " * 30, "insufficient_quota"), model)
    assert told.kind == "rate_limited"
    assert "insufficient_quota" in told.message


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("status", "message", "code", "own_failure"),
    [
        (400, "This model's maximum context length is 8192 tokens.", None, "context_overflow"),
        (400, "Too long.", "context_length_exceeded", "context_overflow"),
        (413, "Please reduce the length of the messages.", None, "context_overflow"),
        (422, "`inputs` tokens + `max_new_tokens` must be <= 4097", None, "context_overflow"),
        (400, "Your request was rejected by our safety system.", None, "content_filter"),
        (400, "Flagged.", "content_filter", "content_filter"),
        (403, "Your input was flagged.", None, "content_filter"),
    ],
)
def test_failures_of_the_model_that_come_as_errors(
    lane: LaneSetting, model: str, status: int, message: str, code: str | None, own_failure: str
) -> None:
    with service(always(refusal(status, message, code))) as server:
        completion = ask(lane, server.url, rendered_prompt(model))
    assert (completion.output, completion.failure) == ("", own_failure)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "body",
    [b"<html>Bad gateway</html>", b"", b"{", [], None, "card", {}, {"error": {"message": "overloaded"}}],
    ids=["html", "nothing", "half", "list", "null", "text", "empty", "error"],
)
def test_what_is_no_answer(lane: LaneSetting, model: str, body: Any) -> None:
    assert failed(lane, Reply(body), model).kind == "bad_answer"


@pytest.mark.parametrize("model", [each for each in MODELS if not each.startswith("groq/")])
@pytest.mark.parametrize(
    "change",
    [
        {"choices": []},
        {"choices": None},
        {"choices": [{"index": 0, "finish_reason": "stop"}]},
        {"choices": [{"index": 0, "message": {"content": 5}, "finish_reason": "stop"}]},
        {"choices": [{"index": 0, "message": {"tool_calls": [{"id": "1"}]}, "finish_reason": "stop"}]},
    ],
    ids=["no choice", "null", "no message", "a number", "half a tool call"],
)
def test_answers_with_holes(lane: LaneSetting, model: str, change: dict[str, Any]) -> None:
    # litellm's client for groq makes an empty answer of some of these.
    assert failed(lane, Reply({**answer(), **change}), model).kind == "bad_answer"


@pytest.mark.parametrize("model", MODELS)
def test_nobody_listens(lane: LaneSetting, model: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    assert failure(lane, url, rendered_prompt(model)).kind == "network"


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("cut_after", [-1, 0, 40])
def test_a_cut_connection(lane: LaneSetting, model: str, cut_after: int) -> None:
    assert failed(lane, Reply(answer(), cut_after=cut_after), model).kind == "network"


@pytest.mark.parametrize("model", MODELS)
def test_an_answer_that_does_not_come_in_time(lane: LaneSetting, model: str) -> None:
    over = Event()

    def late(_: Call) -> Reply:
        over.wait()
        return Reply(answer())

    with service(late) as server:
        told = failure(lane, server.url, rendered_prompt(model), timeout_s=SHORT_S)
        over.set()
    assert told.kind == "timeout"
    assert told.message == f"no answer within {SHORT_S:g} s"


def test_an_answer_that_comes_in_drops_is_late_as_well(lane: LaneSetting) -> None:
    over = Event()
    with service(always(Reply(answer(), drips=over))) as server:
        told = failure(lane, server.url, rendered_prompt(), timeout_s=SHORT_S)
        over.set()
    assert told.kind == "timeout"


def test_an_answer_without_end_is_given_up() -> None:
    # litellm takes whatever comes.
    body = b" " * (openai_chat.MOST_BYTES + 1)
    told = failed("auto", Reply(body))
    assert told.kind == "bad_answer"
    assert "larger than" in told.message


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("model", MODELS)
def test_no_key_follows_a_redirect(lane: LaneSetting, model: str, status: int) -> None:
    with service(always(Reply(answer()))) as elsewhere:
        moved = Reply({}, status=status, headers={"Location": f"{elsewhere.url}/v1/chat/completions"})
        # litellm goes where it is sent, but leaves the key at home.
        with service(always(moved)) as server, suppress(AttemptFailed):
            ask(lane, f"{server.url}/v1", rendered_prompt(model))
    assert KEY in str([call.headers for call in server.calls])
    assert KEY not in str([call.headers for call in elsewhere.calls])


def test_a_redirect_is_named() -> None:
    told = failed("auto", Reply(b"", status=307, headers={"Location": "https://example.org/v1"}))
    assert (told.kind, told.status) == ("refused_request", 307)
    assert "https://example.org/v1" in told.message


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("status", [200, 400, 401, 429, 500])
def test_a_key_that_is_echoed_is_not_told(
    lane: LaneSetting, model: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "f3b1c7d9e5a2"
    monkeypatch.setenv("ACME_API_KEY", secret)
    told = failed(lane, refusal(status, f"Incorrect API key provided: {KEY} {secret}"), model)
    assert KEY not in str(told)
    assert secret not in str(told)
