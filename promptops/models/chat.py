"""A rendered prompt in OpenAI's chat protocol, and the key of its answer."""

from __future__ import annotations

import json
import re
from typing import Any

from promptops.model.canonical import content_digest
from promptops.model.prompt import RenderedPrompt

KEY_FORMAT = 1
NOT_PARAMETERS = frozenset(
    """
    api_base api_key api_type api_version azure_ad_token base_url cache callbacks client custom_llm_provider
    default_headers extra_headers fallbacks headers max_retries messages metadata mock_response mock_timeout
    mock_tool_calls model model_list n num_retries organization proxy_server_request stream stream_options
    timeout tools
    """.split()  # noqa: SIM905 - reads like a dictionary
)
_STEERS = re.compile(
    r"(?:aws|azure|vertex|litellm|oci|watsonx|sagemaker|ssl|mock|proxy|tenant|client|custom)_\w+"
    r"|\w*(?:endpoint|url|_base|_proxy|_header|_headers|_credentials|_secret|_token|_id|_model|_session)"
    r"|\w*cost_per_\w+|(?:additional_)?drop_params|allowed_openai_params|extra_body|caching|use_\w+"
    r"|prompt_(?:id|variables|version)|region_name|no-log|tags|guardrails",
    re.IGNORECASE,
)


def steers_client(parameter: str) -> bool:
    """Whether a parameter would steer the client and not the model: where keys go, who answers, how often it is tried."""
    return parameter in NOT_PARAMETERS or _STEERS.fullmatch(parameter) is not None


BYTES_PER_TOKEN = 4
TOKENS_PER_MESSAGE = 8


def chat_options(rendered: RenderedPrompt) -> dict[str, Any]:
    """Everything of a request but the model: parameters, messages, tools, the wanted structure."""
    options: dict[str, Any] = {**rendered.parameters, "messages": [dict(each) for each in rendered.messages]}
    if rendered.tools:
        options["tools"] = [dict(tool) for tool in rendered.tools]
    if rendered.output is not None and rendered.output.get("type") == "object":
        schema = {"name": "answer", "schema": dict(rendered.output)}
        options["response_format"] = {"type": "json_schema", "json_schema": schema}
    return options


def answer_key(rendered: RenderedPrompt, *, endpoint: str | None, sample: int) -> str:
    """The digest of all that can change the answer, as 64 hex digits.

    Args:
        rendered: what is sent.
        endpoint: where it is sent to, or None for the provider's own place.
        sample: which of several independent answers to the same request is meant.
    """
    return content_digest(
        {
            "format": KEY_FORMAT,
            "model": rendered.model,
            "endpoint": endpoint,
            "sample": sample,
            "request": chat_options(rendered),
        }
    )


def most_input_tokens(rendered: RenderedPrompt) -> int:
    """A bound that no tokenizer exceeds: a token is at least one byte."""
    return _bytes(rendered) + TOKENS_PER_MESSAGE * (1 + len(rendered.messages))


def likely_input_tokens(rendered: RenderedPrompt) -> int:
    """A guess, for pacing."""
    return _bytes(rendered) // BYTES_PER_TOKEN + 1


def most_output_tokens(rendered: RenderedPrompt) -> int | None:
    """How long the answer may be, where the prompt says so."""
    for name in ("max_completion_tokens", "max_tokens"):
        bound = rendered.parameters.get(name)
        # Some servers take -1 for no bound.
        if isinstance(bound, int) and not isinstance(bound, bool) and bound > 0:
            return bound
    return None


def _bytes(rendered: RenderedPrompt) -> int:
    extra = (rendered.tools, rendered.output) if rendered.tools or rendered.output else ()
    texts = sum(
        len(content.encode("utf-8", "replace"))
        if isinstance(content := message["content"], str)
        else len(json.dumps(content))
        for message in rendered.messages
    )
    texts += sum(
        len(json.dumps(calls)) for message in rendered.messages if (calls := message.get("tool_calls"))
    )
    return texts + (len(json.dumps(extra, default=dict)) if extra else 0)
