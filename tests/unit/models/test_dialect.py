from __future__ import annotations

from typing import Any

import pytest

from promptops.models.chat import chat_options
from promptops.models.dialect import spoken_to
from promptops.models.providers import place_of
from tests.support.chat import MESSAGES, TOOL, rendered_prompt

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
PARTS = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}


def spoken(model: str, **fields: Any) -> dict[str, Any]:
    return spoken_to(place_of(model, {}, {}), chat_options(rendered_prompt(model, **fields)))


@pytest.mark.parametrize("model", ["openai/gpt-4o", "together_ai/m", "hosted_vllm/m", "acme/m"])
def test_most_take_what_openai_takes(model: str) -> None:
    parameters = {"temperature": 0, "seed": 1, "max_tokens": 16}
    wanted = {"messages": list(MESSAGES), "tools": [TOOL], **parameters}
    assert spoken(model, parameters=parameters, tools=(TOOL,)) == wanted


@pytest.mark.parametrize(
    ("model", "written", "sent"),
    [
        ("openai/gpt-5-mini", "max_tokens", "max_completion_tokens"),
        ("openai/ft:gpt-5-mini:acme::1", "max_tokens", "max_completion_tokens"),
        ("openai/o3", "max_tokens", "max_completion_tokens"),
        ("openai/gpt-4o", "max_completion_tokens", "max_completion_tokens"),
        ("openrouter/openai/o3", "max_tokens", "max_tokens"),
        ("mistral/m", "seed", "random_seed"),
        ("mistral/m", "max_completion_tokens", "max_tokens"),
        ("groq/m", "max_completion_tokens", "max_tokens"),
    ],
)
def test_names_of_parameters(model: str, written: str, sent: str) -> None:
    options = spoken(model, parameters={written: 7})
    assert options[sent] == 7
    assert (written in options) == (written == sent)


def test_what_is_written_in_the_providers_own_words_stands() -> None:
    assert spoken("mistral/m", parameters={"seed": 1, "random_seed": 2})["random_seed"] == 2


@pytest.mark.parametrize("role", ["system", "developer"])
@pytest.mark.parametrize(
    ("model", "sent"), [("openai/o3", "developer"), ("openai/gpt-4o", "system"), ("groq/m", "system")]
)
def test_who_gives_instructions(model: str, role: str, sent: str) -> None:
    messages = ({"role": role, "content": "s"}, {"role": "user", "content": "u"})
    assert [each["role"] for each in spoken(model, messages=messages)["messages"]] == [sent, "user"]


@pytest.mark.parametrize(
    ("model", "parts", "content"),
    [
        ("deepseek/m", PARTS, "ab"),
        ("mistral/m", PARTS, "ab"),
        ("mistral/m", [*PARTS, IMAGE], [*PARTS, IMAGE]),
        ("openai/m", PARTS, PARTS),
    ],
)
def test_texts_in_parts(model: str, parts: Any, content: Any) -> None:
    (message,) = spoken(model, messages=({"role": "user", "content": parts},))["messages"]
    assert message["content"] == content


def test_openrouter_tells_its_costs() -> None:
    assert spoken("openrouter/m")["usage"] == {"include": True}


def test_a_schema_for_models_that_take_none() -> None:
    options = spoken("groq/llama-3.3-70b-versatile", output=SCHEMA)
    (tool,) = options["tools"]
    assert tool["function"]["parameters"] == SCHEMA
    assert options["tool_choice"]["function"]["name"] == tool["function"]["name"]
    assert "response_format" not in options
    assert "response_format" in spoken("groq/openai/gpt-oss-20b", output=SCHEMA)
    assert "response_format" in spoken("groq/llama-3.3-70b-versatile", output=SCHEMA, tools=(TOOL,))
    plain = {"parameters": {"response_format": {"type": "json_object"}}}
    assert "tools" not in spoken("groq/llama-3.3-70b-versatile", **plain)


@pytest.mark.parametrize(
    ("model", "takes_schema"),
    [
        ("openai/gpt-4o", True),
        ("openai/gpt-4", False),
        ("openai/unheard-of", True),
        ("hosted_vllm/m", True),
        ("ollama/llama3.1", True),
        ("groq/m", False),
    ],
)
def test_the_wanted_structure_is_a_schema_or_a_call(model: str, takes_schema: bool) -> None:
    options = spoken(model, output=SCHEMA)
    assert ("response_format" in options, "tools" in options) == (takes_schema, not takes_schema)
