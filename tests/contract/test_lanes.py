"""Both ways to a model give the same answers: our own client, and the real litellm."""

from __future__ import annotations

import json
from typing import Any

import pytest

from promptops.model.config import ProviderSettings
from promptops.model.prompt import RenderedPrompt
from promptops.model.result import Completion
from promptops.models.lane import AttemptFailed, Usage
from promptops.models.prices import price_of
from tests.support.chat import TOOL, TOOL_CALL, USAGE, always, answer, rendered_prompt
from tests.support.lanes import KEY, LaneSetting, ask, failure
from tests.support.service import Call, Reply, service

# What litellm and its dependencies warn about is not ours to mend.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]

MODEL = "openai/gpt-4o-mini"
MODELS = (
    MODEL,
    "groq/llama-3.3-70b-versatile",
    "groq/openai/gpt-oss-20b",
    "together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo",
    "mistral/mistral-small-latest",
    "deepseek/deepseek-chat",
    "openrouter/openai/gpt-4o-mini",
    "hosted_vllm/acme/small",
    "acme/small",
)
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "low"}}
PARTS = [{"type": "text", "text": "What is "}, {"type": "text", "text": "this?"}]


@pytest.fixture(params=["auto", "litellm"])
def lane(request: pytest.FixtureRequest) -> LaneSetting:
    setting: LaneSetting = request.param
    return setting


def answered(lane: LaneSetting, document: Any, rendered: RenderedPrompt | None = None) -> Completion:
    with service(always(Reply(document))) as server:
        return ask(lane, f"{server.url}/v1", rendered or rendered_prompt())


def sent(lane: LaneSetting, rendered: RenderedPrompt) -> tuple[str, str, Any]:
    """What the server receives: path, authorization, body."""
    with service(always(Reply(answer()))) as server:
        ask(lane, f"{server.url}/v1", rendered)
    (call,) = server.calls
    return call.path, authorization(call), call.json


def authorization(call: Call) -> str:
    return next((value for name, value in call.headers.items() if name.lower() == "authorization"), "")


@pytest.mark.parametrize("model", MODELS)
def test_an_answer_has_text_and_tokens(lane: LaneSetting, model: str) -> None:
    completion = answered(lane, answer("card"), rendered_prompt(model))
    assert completion.output == "card"
    assert (completion.input_tokens, completion.output_tokens) == (100, 10)
    assert completion.failure is None
    assert completion.data == {}
    assert completion.latency_ms > 0


@pytest.mark.parametrize(
    ("content", "output"),
    [
        ("", ""),
        (None, ""),
        (" card\n", " card\n"),
        ("é 🎉", "é 🎉"),
        ("<think>It is a card, I think.</think>card", "card"),
        ("<thinking>\nhm\n</thinking>\n\ncard", "\n\ncard"),
        ("a <think>card</think>", "a <think>card</think>"),
        ("<think>and on", "<think>and on"),
    ],
)
def test_the_text_of_an_answer(lane: LaneSetting, content: str | None, output: str) -> None:
    assert answered(lane, answer(content)).output == output


THOUGHT = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}


def test_an_answer_in_parts(lane: LaneSetting) -> None:
    document = answer([THOUGHT, {"type": "text", "text": "card"}])
    # litellm's clients for other providers cannot read parts.
    completion = answered(lane, document, rendered_prompt("mistral/mistral-small-latest"))
    assert completion.output == "card"


def test_every_part_of_a_text_counts() -> None:
    document = answer([{"type": "text", "text": "ca"}, THOUGHT, {"type": "text", "text": "rd"}])
    # litellm keeps the last part alone, for mistral; for others it gives up.
    assert answered("auto", document).output == "card"


@pytest.mark.parametrize("content", [None, "I will look."])
def test_calls_of_tools_are_data_and_the_output_where_there_is_no_text(
    lane: LaneSetting, content: str | None
) -> None:
    document = answer(content, tool_calls=[TOOL_CALL], finish_reason="tool_calls")
    completion = answered(lane, document, rendered_prompt(tools=(TOOL,)))
    assert completion.data == {"tool_calls": [TOOL_CALL]}
    assert completion.output == (content or json.dumps([TOOL_CALL], sort_keys=True))
    assert completion.failure is None


def test_arguments_of_a_tool_that_are_no_text_become_one(lane: LaneSetting) -> None:
    call = {**TOOL_CALL, "function": {"name": "find", "arguments": {"q": "x"}}}
    completion = answered(lane, answer(None, tool_calls=[call]), rendered_prompt(tools=(TOOL,)))
    assert completion.data == {"tool_calls": [TOOL_CALL]}


@pytest.mark.parametrize(
    ("document", "output", "failure"),
    [
        (answer(None, refusal="I cannot say that."), "I cannot say that.", "refusal"),
        (answer("ca", finish_reason="length"), "ca", "cut_off"),
        (answer("ca", finish_reason="max_tokens"), "ca", "cut_off"),
        (answer("", finish_reason="content_filter"), "", "content_filter"),
        (answer("card", finish_reason="eos"), "card", None),
        (answer("card", finish_reason=None), "card", None),
    ],
    ids=["refusal", "length", "max_tokens", "content_filter", "eos", "none"],
)
def test_failures_of_the_model_itself(
    lane: LaneSetting, document: Any, output: str, failure: str | None
) -> None:
    completion = answered(lane, document, rendered_prompt(output=SCHEMA))
    assert (completion.output, completion.failure) == (output, failure)


CACHED = {**USAGE, "prompt_tokens_details": {"cached_tokens": 40}}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("usage", "tokens"), [(USAGE, Usage(100, 10)), (CACHED, Usage(100, 10, 40))], ids=["plain", "cached"]
)
def test_what_an_answer_costs(lane: LaneSetting, model: str, usage: Any, tokens: Usage) -> None:
    completion = answered(lane, answer(usage=usage), rendered_prompt(model))
    price = price_of(model, ProviderSettings())
    assert completion.cost_usd == (None if price is None else pytest.approx(price.cost_usd(tokens)))


@pytest.mark.parametrize("model", ["openai/unheard-of", "openai/gpt-9", "acme/small", "hosted_vllm/small"])
def test_a_model_that_nobody_prices_costs_nobody_knows_what(lane: LaneSetting, model: str) -> None:
    assert answered(lane, answer(), rendered_prompt(model)).cost_usd is None


@pytest.mark.parametrize("model", [MODEL, "acme/small"])
def test_a_price_of_the_settings_wins(lane: LaneSetting, model: str) -> None:
    settings = ProviderSettings(input_usd_per_million=2.0, output_usd_per_million=30.0)
    with service(always(Reply(answer()))) as server:
        completion = ask(lane, f"{server.url}/v1", rendered_prompt(model), settings=settings)
    assert completion.cost_usd == pytest.approx((100 * 2.0 + 10 * 30.0) / 1e6)


def test_a_provider_may_tell_what_it_took(lane: LaneSetting) -> None:
    document = answer(usage={**USAGE, "cost": 0.00123})
    assert answered(lane, document, rendered_prompt("openrouter/acme/small")).cost_usd == 0.00123


@pytest.mark.parametrize(
    "usage",
    [None, {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}],
    ids=["missing", "noughts"],
)
def test_an_answer_that_does_not_say_its_tokens_has_no_cost(lane: LaneSetting, usage: Any) -> None:
    completion = answered(lane, answer(usage=usage))
    assert (completion.input_tokens, completion.output_tokens) == (0, 0)
    assert completion.cost_usd is None


def test_tokens_below_nought_are_no_answer(lane: LaneSetting) -> None:
    with pytest.raises(AttemptFailed) as failed:
        answered(lane, answer(usage={**USAGE, "prompt_tokens": -1}))
    assert failed.value.kind == "bad_answer"


PARAMETERS = {
    "temperature": 0,
    "top_p": 0.5,
    "seed": 7,
    "stop": ["END"],
    "max_tokens": 16,
    "presence_penalty": 0.1,
    "frequency_penalty": 0.2,
}


def test_what_a_provider_receives(lane: LaneSetting) -> None:
    rendered = rendered_prompt(parameters=PARAMETERS, tools=(TOOL,), output=SCHEMA)
    path, key, body = sent(lane, rendered)
    assert path == "/v1/chat/completions"
    assert key == f"Bearer {KEY}"
    assert body == {
        "model": "gpt-4o-mini",
        "messages": list(rendered.messages),
        "tools": [TOOL],
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}},
        **PARAMETERS,
    }


REQUESTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "parameters": {"parameters": {name: PARAMETERS[name] for name in list(PARAMETERS)[:5]}},
    "max completion tokens": {"parameters": {"max_completion_tokens": 16}},
    "unusual parameters": {
        "parameters": {
            "logit_bias": {"5": 1},
            "logprobs": True,
            "presence_penalty": 0.1,
            "user": "u",
            "verbosity": "low",
            "service_tier": "flex",
            "top_k": 4,
            "min_p": 0.1,
        }
    },
    "an object": {"parameters": {"response_format": {"type": "json_object"}}},
    "a call": {"tools": (TOOL,), "parameters": {"tool_choice": "required", "parallel_tool_calls": False}},
    "one stop": {"parameters": {"stop": "END"}},
    "tools": {"tools": (TOOL,), "parameters": {"tool_choice": "auto"}},
    "structured": {"output": SCHEMA},
    "developer": {
        "messages": ({"role": "developer", "content": "Answer."}, {"role": "user", "content": "Where?"})
    },
    "turns": {
        "messages": tuple(
            {"role": role, "content": text}
            for role, text in (("system", "s"), ("user", "u"), ("assistant", "a"), ("user", "v"))
        )
    },
    "parts": {"messages": ({"role": "user", "content": PARTS},)},
    "image": {"messages": ({"role": "user", "content": [*PARTS, IMAGE]},)},
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("shape", REQUESTS)
def test_every_provider_receives_the_same(model: str, shape: str) -> None:
    if (model, shape) == ("deepseek/deepseek-chat", "image"):
        pytest.skip("litellm leaves the image out, without a word")
    rendered = rendered_prompt(model, **REQUESTS[shape])
    assert sent("litellm", rendered) == sent("auto", rendered)


def test_a_model_without_schemas_answers_through_a_tool(lane: LaneSetting) -> None:
    function = {"name": "json_tool_call", "arguments": '{"a": "b"}'}
    document = answer(None, tool_calls=[{**TOOL_CALL, "function": function}], finish_reason="tool_calls")
    for model in ("groq/llama-3.3-70b-versatile", "openai/gpt-4"):
        completion = answered(lane, document, rendered_prompt(model, output=SCHEMA))
        assert (completion.output, completion.data) == (function["arguments"], {})


def test_a_provider_for_which_litellm_knows_no_schema_is_asked_for_a_call() -> None:
    with service(always(Reply({"message": "no"}, status=400))) as server:
        failure("litellm", server.url, rendered_prompt("cohere/command-r", output=SCHEMA))
    body = server.calls[0].json
    assert "response_format" not in body
    assert body["tools"][0]["function"]["parameters"] == SCHEMA


def test_a_model_that_is_known_to_take_no_schema_is_asked_for_a_call(lane: LaneSetting) -> None:
    _, _, body = sent(lane, rendered_prompt("openai/gpt-4", output=SCHEMA))
    assert "response_format" not in body
    assert body["tools"][0]["function"]["parameters"] == SCHEMA
    assert body["tool_choice"] == {"type": "function", "function": {"name": "json_tool_call"}}


@pytest.mark.parametrize(
    "model",
    ["o1", "o3-mini", "o4-mini", "gpt-5", "gpt-5-mini", "gpt-5.1", "gpt-6", "gpt-4.1", "gpt-5-chat-latest"],
)
def test_models_that_count_their_thoughts(model: str) -> None:
    rendered = rendered_prompt(f"openai/{model}", parameters={"max_tokens": 16})
    ours = sent("auto", rendered)
    assert ours == sent("litellm", rendered)
    (name,) = {"max_tokens", "max_completion_tokens"} & ours[2].keys()
    assert name == ("max_tokens" if model in ("gpt-4.1", "gpt-5-chat-latest") else "max_completion_tokens")


def test_a_server_of_ones_own_needs_no_key(lane: LaneSetting) -> None:
    with service(always(Reply(answer()))) as server:
        ask(lane, server.url, rendered_prompt("hosted_vllm/small"), environment={"HOSTED_VLLM_API_KEY": ""})
        ask(lane, server.url, rendered_prompt(MODEL), environment={"OPENAI_API_KEY": ""})
    assert {authorization(call) for call in server.calls} == {"Bearer not-needed"}


def test_ollama_is_spoken_to_as_openai(lane: LaneSetting) -> None:
    with service(always(Reply(answer()))) as server:
        completion = ask(lane, server.url, rendered_prompt("ollama/llama3"))
    assert [(call.path, call.json["model"]) for call in server.calls] == [("/v1/chat/completions", "llama3")]
    assert completion.output == "card"
