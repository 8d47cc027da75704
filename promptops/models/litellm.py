"""Language models through litellm: its only home, imported when a call is to be made."""

from __future__ import annotations

import asyncio
import os
import re
import time
from functools import cache
from random import Random
from typing import Any

from promptops.errors import ConfigError, TargetError, did_you_mean
from promptops.model.config import ProviderSettings
from promptops.model.prompt import RenderedPrompt
from promptops.model.suite import as_text
from promptops.models.retry import delay_s, is_worth_retrying
from promptops.plugin import CaseFailure, Completion

ENVIRONMENT = {
    # Without these litellm fetches a price table at import, reads the repository's .env, and logs.
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_LOG": "ERROR",
}
PLACEHOLDER_KEY = "not-needed"
LONGEST_MESSAGE = 300
_SECRET = re.compile(r"\b(?:sk|pk|rk|key|Bearer)[-_ ][\w.*-]{6,}|AIza[\w-]{8,}")
STOPS_THE_RUN = (400, 401, 403, 404, 422)


@cache
def litellm_library() -> Any:
    """The library, imported quietly and without a connection."""
    os.environ.update(ENVIRONMENT)
    import litellm

    litellm.suppress_debug_info = True
    return litellm


class LitellmModel:
    """One model of one provider."""

    def __init__(
        self, name: str, settings: ProviderSettings | None, *, timeout_s: float, retries: int
    ) -> None:
        self._name = name
        self._settings = settings or ProviderSettings()
        self._timeout_s = timeout_s
        self._retries = retries
        self._random = Random()  # noqa: S311 - jitter
        self._key: str | None = None

    def check(self) -> None:
        """Whether litellm knows the model and its key is there.

        Raises:
            ConfigError: it does not, or it is not.
        """
        litellm = litellm_library()
        try:
            litellm.get_llm_provider(self._name)
        except Exception:  # noqa: BLE001 - the library raises several types for the same thing
            known = [
                *litellm.model_list,
                *(f"{each.value}/…" for each in litellm.provider_list if hasattr(each, "value")),
            ]
            hint = (
                did_you_mean(self._name, known) or "name it as `provider/model`, such as `openai/gpt-4o-mini`"
            )
            raise ConfigError(f"litellm does not know the model `{self._name}`", hint=hint) from None
        missing = litellm.validate_environment(self._name).get("missing_keys") or []
        if missing and self._settings.api_base is None:
            variables = ", ".join(f"`{each}`" for each in missing)
            raise ConfigError(
                f"the model `{self._name}` needs {variables} in the environment",
                hint="keys never stand in files",
            )
        self._key = PLACEHOLDER_KEY if missing else None

    async def complete(self, rendered: RenderedPrompt) -> Completion:
        """See Model."""
        attempt = 0
        while True:
            begun = time.perf_counter()
            try:
                response = await litellm_library().acompletion(**self._arguments(rendered))
                return self._completion(response, (time.perf_counter() - begun) * 1000)
            except Exception as error:  # noqa: BLE001 - every type of the library is told apart by its status
                outcome = _outcome(error)
                if outcome is not None:
                    return outcome
                status = getattr(error, "status_code", None)
                message = _told(error)
                if status in STOPS_THE_RUN:
                    raise TargetError(f"`{self._name}` refused the request ({status}): {message}") from None
                if attempt >= self._retries or not is_worth_retrying(status, message):
                    raise CaseFailure(_kind(error, status), message) from None
                headers = getattr(error, "litellm_response_headers", None) or {}
                await asyncio.sleep(delay_s(attempt, dict(headers), self._random))
                attempt += 1

    async def close(self) -> None:
        """See Model; leaves no task and no connection behind."""
        from litellm.litellm_core_utils.logging_worker import GLOBAL_LOGGING_WORKER

        await GLOBAL_LOGGING_WORKER.flush()
        await litellm_library().close_litellm_async_clients()

    def _arguments(self, rendered: RenderedPrompt) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            **rendered.parameters,
            "model": self._name,
            "messages": [dict(message) for message in rendered.messages],
            "timeout": self._timeout_s,
            "max_retries": 0,
        }
        if self._settings.api_base is not None:
            arguments["api_base"] = self._settings.api_base
        if self._key is not None:
            arguments["api_key"] = self._key
        if rendered.tools:
            # Some versions import a package that is not installed as soon as tools are given.
            arguments |= {"tools": [dict(tool) for tool in rendered.tools], "_skip_mcp_handler": True}
        if rendered.output is not None and rendered.output.get("type") == "object":
            schema = {"name": "answer", "schema": dict(rendered.output)}
            arguments["response_format"] = {"type": "json_schema", "json_schema": schema}
        return arguments

    def _completion(self, response: Any, latency_ms: float) -> Completion:
        if not response.choices:
            raise CaseFailure("bad_output", "the provider answered without a choice")
        choice = response.choices[0]
        calls = [call.model_dump() for call in choice.message.tool_calls or ()]
        usage = getattr(response, "usage", None)
        input_tokens = getattr(usage, "prompt_tokens", 0) or 0
        output_tokens = getattr(usage, "completion_tokens", 0) or 0
        return Completion(
            output=choice.message.content or (as_text(calls) if calls else ""),
            latency_ms=latency_ms,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cost_usd=self._cost_usd(response, input_tokens, output_tokens),
            failure={"length": "cut_off", "content_filter": "content_filter"}.get(choice.finish_reason),
            data={"tool_calls": calls} if calls else {},
        )

    def _cost_usd(self, response: Any, input_tokens: int, output_tokens: int) -> float | None:
        prices = self._settings
        if prices.input_usd_per_million is not None and prices.output_usd_per_million is not None:
            cost = input_tokens * prices.input_usd_per_million + output_tokens * prices.output_usd_per_million
            return cost / 1e6
        cost = response._hidden_params.get("response_cost")  # noqa: SLF001 - the library's documented place for it
        return None if cost is None else float(cost)


def _outcome(error: Exception) -> Completion | None:
    litellm = litellm_library()
    if isinstance(error, litellm.ContextWindowExceededError):
        return Completion(output="", failure="context_overflow")
    if isinstance(error, litellm.ContentPolicyViolationError):
        return Completion(output="", failure="content_filter")
    if isinstance(error, CaseFailure):
        raise error
    return None


def _kind(error: Exception, status: int | None) -> str:
    litellm = litellm_library()
    if isinstance(error, litellm.Timeout):
        return "timeout"
    return {429: "rate_limited", None: "network"}.get(status, "provider_error")


def _told(error: Exception) -> str:
    text = " ".join(str(error).split())
    return _SECRET.sub("[key]", text)[:LONGEST_MESSAGE]
