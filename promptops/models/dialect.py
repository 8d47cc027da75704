"""How providers want a request that is written in OpenAI's chat protocol; litellm's lane writes the same."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from promptops.models.answer import ANSWERING_TOOL
from promptops.models.prices import calls_tools, takes_json_schema
from promptops.models.providers import OPENAI_LIKE, ModelPlace

_O_SERIES = re.compile(r"o\d")
_COUNTS_ITS_THOUGHTS = re.compile(r"o\d|(?:ft:)?gpt-(?!5-chat)[5-9]")


def spoken_to(place: ModelPlace, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a request as the provider of a model takes them."""
    spoken = with_structure(place, {**options, "messages": with_roles(place, options["messages"])})
    if _is_openai(place) and _COUNTS_ITS_THOUGHTS.match(place.bare_name):
        _rename(spoken, "max_tokens", "max_completion_tokens")
    elif place.provider in ("mistral", "deepseek"):
        spoken["messages"] = [_with_plain_text(message) for message in spoken["messages"]]
        if place.provider == "mistral":
            _rename(spoken, "seed", "random_seed")
            _rename(spoken, "max_completion_tokens", "max_tokens")
            if spoken.get("tool_choice") == "required":
                spoken["tool_choice"] = "any"
    elif place.provider == "groq":
        _rename(spoken, "max_completion_tokens", "max_tokens")
    elif place.provider == "openrouter":
        # Its answers then say what they cost.
        spoken.setdefault("usage", {"include": True})
    return spoken


def with_roles(place: ModelPlace, messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Instructions come from the developer for OpenAI's o series, and from the system everywhere else."""
    developer = _is_openai(place) and _O_SERIES.match(place.bare_name) is not None
    here, elsewhere = ("developer", "system") if developer else ("system", "developer")
    return [
        {**message, "role": here} if message["role"] == elsewhere else dict(message) for message in messages
    ]


def with_structure(place: ModelPlace, options: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted structure as a schema of the answer, or of a tool's arguments where the model takes no other.

    Of a model that nobody lists, the server decides what it makes of a schema; Groq refuses it, Ollama holds any to it.
    """
    model = f"{place.provider}/{place.bare_name}"
    by_call = place.provider == "groq" or (place.provider != "ollama" and calls_tools(model))
    return asking_for_a_call(options) if by_call and not takes_json_schema(model) else dict(options)


def _is_openai(place: ModelPlace) -> bool:
    return place.provider == "openai" or place.provider not in OPENAI_LIKE


def _rename(options: dict[str, Any], name: str, new_name: str) -> None:
    if name in options:
        options.setdefault(new_name, options.pop(name))


def asking_for_a_call(options: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted structure as the arguments of a tool, where there are no tools besides."""
    schema = options.get("response_format", {}).get("json_schema")
    if schema is None or "tools" in options:
        return dict(options)
    function = {"name": ANSWERING_TOOL, "parameters": schema["schema"]}
    return {
        **{name: value for name, value in options.items() if name != "response_format"},
        "tools": [{"type": "function", "function": function}],
        "tool_choice": {"type": "function", "function": {"name": ANSWERING_TOOL}},
    }


def _with_plain_text(message: Mapping[str, Any]) -> dict[str, Any]:
    content = message["content"]
    if isinstance(content, str) or any(part["type"] != "text" for part in content):
        return dict(message)
    return {**message, "content": "".join(part["text"] for part in content)}
