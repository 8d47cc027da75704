from __future__ import annotations

from typing import Any

import pytest

from promptops.models.chat import answer_key, likely_input_tokens, most_input_tokens, most_output_tokens
from tests.support.chat import MESSAGES, TOOL, rendered_prompt

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
TEXT_SCHEMA = {"type": "string"}
FULL: dict[str, Any] = {
    "model": "openai/gpt-4o-mini",
    "parameters": {"temperature": 0, "max_tokens": 16},
    "messages": MESSAGES,
    "tools": (TOOL,),
    "output": SCHEMA,
}
GOLDEN = "d9bd093649a8bd7a345016333dfc8f35021bd437753b613dfcf9b4015954c155"
"""A change of this key throws away every answer that anybody has kept, and paid for."""


def key(endpoint: str | None = None, sample: int = 0, **fields: Any) -> str:
    return answer_key(rendered_prompt(**{**FULL, **fields}), endpoint=endpoint, sample=sample)


def test_the_key_of_an_answer_stays_what_it_is() -> None:
    assert key() == GOLDEN


USER = {"role": "user", "content": "Where is it?"}
CHANGES: dict[str, dict[str, Any]] = {
    "model": {"model": "openai/gpt-4o"},
    "provider": {"model": "groq/gpt-4o-mini"},
    "endpoint": {"endpoint": "http://127.0.0.1:8000/v1"},
    "sample": {"sample": 1},
    "a parameter": {"parameters": {"temperature": 0.5, "max_tokens": 16}},
    "one parameter less": {"parameters": {"temperature": 0}},
    "one parameter more": {"parameters": {"temperature": 0, "max_tokens": 16, "seed": 1}},
    "a parameter's type": {"parameters": {"temperature": 0, "max_tokens": "16"}},
    "a text": {"messages": (MESSAGES[0], {**USER, "content": "Where is it ?"})},
    "a role": {"messages": ({**MESSAGES[0], "role": "developer"}, MESSAGES[1])},
    "order": {"messages": (MESSAGES[1], MESSAGES[0])},
    "one message less": {"messages": (MESSAGES[1],)},
    "parts": {"messages": (MESSAGES[0], {**USER, "content": [{"type": "text", "text": "Where is it?"}]})},
    "no tools": {"tools": ()},
    "two tools": {"tools": (TOOL, {**TOOL, "function": {"name": "other"}})},
    "no structure": {"output": None},
    "another structure": {"output": {**SCHEMA, "required": ["a"]}},
}


def test_whatever_can_change_an_answer_changes_its_key() -> None:
    keys = {name: key(**change) for name, change in CHANGES.items()}
    assert len({*keys.values(), key()}) == len(CHANGES) + 1


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "other"},
        {"digest": "1" * 64},
        {"warnings": ("unused input",)},
        {"parameters": {"max_tokens": 16, "temperature": 0}},
        {"messages": tuple(dict(reversed(each.items())) for each in MESSAGES)},
        {"output": {"properties": {"a": {"type": "string"}}, "type": "object"}},
    ],
    ids=["name", "digest", "warnings", "order of parameters", "order in messages", "order in the schema"],
)
def test_nothing_else_does(change: dict[str, Any]) -> None:
    assert key(**change) == key()


def test_a_structure_that_is_not_asked_for_does_not_count() -> None:
    assert key(output=TEXT_SCHEMA) == key(output=None)


@pytest.mark.parametrize(
    ("parameters", "most"),
    [
        ({}, None),
        ({"max_tokens": 16}, 16),
        ({"max_completion_tokens": 32, "max_tokens": 16}, 32),
        ({"max_tokens": True}, None),
        ({"max_tokens": "16"}, None),
    ],
)
def test_how_long_an_answer_may_be(parameters: dict[str, Any], most: int | None) -> None:
    assert most_output_tokens(rendered_prompt(parameters=parameters)) == most


@pytest.mark.parametrize("text", ["", "card", "🎉" * 100, "日本語" * 50, "a\ud83d", "x" * 10_000])
def test_no_tokenizer_finds_more_tokens_than_bytes(text: str) -> None:
    rendered = rendered_prompt(messages=({"role": "user", "content": text},))
    assert most_input_tokens(rendered) > len(text.encode("utf-8", "replace"))
    assert 0 < likely_input_tokens(rendered) <= most_input_tokens(rendered)


def test_tools_and_structures_are_tokens_too() -> None:
    plain = most_input_tokens(rendered_prompt())
    assert most_input_tokens(rendered_prompt(tools=(TOOL,))) > plain
    assert most_input_tokens(rendered_prompt(output=SCHEMA)) > plain
