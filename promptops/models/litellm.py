"""Language models through litellm: its only home, imported when a call is to be made."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from functools import cache, cached_property
from http import HTTPStatus
from typing import Any, Final

from promptops.errors import ConfigError, did_you_mean
from promptops.model.prompt import RenderedPrompt
from promptops.model.record import JsonValue
from promptops.model.result import Completion
from promptops.models.answer import Timing, read_answer
from promptops.models.chat import chat_options
from promptops.models.dialect import asking_for_a_call, with_roles, with_structure
from promptops.models.lane import (
    AttemptFailed,
    FailureKind,
    error_message,
    failure_of_refusal,
    kind_of_status,
)
from promptops.models.prices import Price, listed_models
from promptops.models.providers import NO_KEY, OPENAI_LIKE, ModelPlace, base_url_of, missing_key
from promptops.models.retry import retry_after_s

ENVIRONMENT = {
    # Without these litellm fetches a price table at import, reads the repository's .env, and logs.
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_LOG": "ERROR",
}
GRACE_S = 1.0
"""The library's own timeout, which ends more tidily, comes first; it begins anew with every byte."""
_AROUND = re.compile(r"\Alitellm\..{0,80}?Exception - |\. Handle with `litellm\.\w+`\.?\Z", re.DOTALL)
"""What the library puts around a provider's own words."""


@cache
def litellm_library() -> Any:
    """The library, imported quietly and without a connection."""
    os.environ.update(ENVIRONMENT)
    collects = gc.isenabled()
    # Importing makes a million objects and no garbage; looking for some doubles the time.
    gc.disable()
    try:
        import litellm
    finally:
        gc.freeze()
        if collects:
            gc.enable()
    litellm.suppress_debug_info = True
    # Its counter would fetch tokenizers.
    litellm.disable_hf_tokenizer_download = True
    return litellm


def token_count(rendered: RenderedPrompt) -> int:
    """The tokens of a request by litellm's counter, which works offline."""
    messages = [dict(message) for message in rendered.messages]
    tools = [dict(tool) for tool in rendered.tools] or None
    count: int = litellm_library().token_counter(model=rendered.model, messages=messages, tools=tools)
    return count


class LitellmLane:
    """See Lane."""

    name: Final = "litellm"

    def __init__(
        self,
        model: str,
        place: ModelPlace,
        *,
        key: str | None,
        timeout_s: float,
        price: Callable[[], Price | None],
    ) -> None:
        """Finds the model; `key` is None where litellm is to find the key.

        Raises:
            ConfigError: litellm does not know it, or its key is not there.
        """
        litellm_library()  # no call is to wait for the import, which takes seconds
        # What litellm does not know, or speaks to in another language, it reaches as OpenAI's.
        as_openai = place.speaks_openai and (place.provider not in OPENAI_LIKE or place.provider == "ollama")
        self._model = f"openai/{place.bare_name}" if as_openai else model
        self._place = place
        self._endpoint = base_url_of(place) if place.speaks_openai else place.endpoint
        self._timeout_s = timeout_s
        self._price = price
        self._key = key or self._missing_key(model)

    async def send(self, rendered: RenderedPrompt) -> Completion:
        """See Lane."""
        begun_s = time.perf_counter()
        try:
            async with asyncio.timeout(self._timeout_s + GRACE_S):
                response = await self._ask(rendered)
        except Exception as error:  # noqa: BLE001 - the library raises many types; each is told apart
            return self._refused(error, (time.perf_counter() - begun_s) * 1000)
        timing = Timing(latency_ms=(time.perf_counter() - begun_s) * 1000)
        completion = self._read(response.model_dump(), timing)
        if self._place.speaks_openai or completion.cost_usd is not None:
            return completion
        return _priced_by_library(completion, response)

    async def close(self) -> None:
        """See Lane; leaves no task and no connection behind."""
        from litellm.litellm_core_utils.logging_worker import GLOBAL_LOGGING_WORKER

        await GLOBAL_LOGGING_WORKER.flush()
        await litellm_library().close_litellm_async_clients()

    async def _ask(self, rendered: RenderedPrompt) -> Any:
        return await litellm_library().acompletion(**self._arguments(rendered))

    def _read(self, document: JsonValue, timing: Timing) -> Completion:
        return read_answer(document, timing, self._price())

    @cached_property
    def _supported(self) -> Collection[str]:
        names: Collection[str] = litellm_library().get_supported_openai_params(self._model) or ()
        return names

    def _missing_key(self, model: str) -> str | None:
        litellm = litellm_library()
        try:
            litellm.get_llm_provider(self._model)
        except Exception:  # noqa: BLE001 - the library raises several types for the same thing
            hint = (
                did_you_mean(model, listed_models())
                or "name it as `provider/model`, such as `openai/gpt-4o-mini`"
            )
            raise ConfigError(f"litellm does not know the model `{model}`", hint=hint) from None
        missing = tuple(litellm.validate_environment(self._model).get("missing_keys") or ())
        if missing and self._endpoint is None:
            raise missing_key(model, missing)
        return NO_KEY if missing else None

    def _arguments(self, rendered: RenderedPrompt) -> dict[str, Any]:
        options = self._structured(chat_options(rendered))
        arguments: dict[str, Any] = {
            **options,
            "messages": with_roles(self._place, options["messages"]),
            **self._addressed(),
        }
        if self._place.speaks_openai:
            # Whether a parameter is wrong is for the provider to say.
            foreign = [name for name in rendered.parameters if name not in self._supported]
            arguments["allowed_openai_params"] = foreign
        if "tools" in options:
            # Some versions import a package that is not installed as soon as tools are given.
            arguments["_skip_mcp_handler"] = True
        return arguments

    def _structured(self, options: dict[str, Any]) -> dict[str, Any]:
        """The wanted structure in a way that the library does not refuse, which by itself sees to most of it."""
        if self._place.speaks_openai:
            return with_structure(self._place, options)
        wants_schema = "json_schema" in options.get("response_format", {})
        if not wants_schema or "response_format" in self._supported:
            return options
        if "tools" in self._supported:
            return asking_for_a_call(options)
        return {name: value for name, value in options.items() if name != "response_format"}

    def _addressed(self) -> dict[str, Any]:
        """Who is asked, where, with which key, and how long."""
        arguments: dict[str, Any] = {"model": self._model, "timeout": self._timeout_s, "max_retries": 0}
        if self._endpoint is not None:
            arguments["api_base"] = self._endpoint
        if self._key is not None:
            arguments["api_key"] = self._key
        return arguments

    def _refused(self, error: Exception, latency_ms: float) -> Completion:
        kind, status = _kind(error)
        message = error_message(_AROUND.sub("", str(error)), _code(error))
        failure = failure_of_refusal(status, message)
        if failure is None and not self._place.speaks_openai:
            failure = _known_failure(error)
        if failure is not None:
            return Completion(output="", failure=failure, latency_ms=latency_ms)
        if kind == "timeout" and status is None:
            message = f"no answer within {self._timeout_s:g} s"
        elif kind == "bad_answer":
            # The library shows where in its own code it gave up.
            message = f"litellm cannot read the answer: {message.partition('Traceback')[0]}"
        headers = dict(getattr(error, "litellm_response_headers", None) or {})
        connected = not any("ConnectError" in _type_names(each) for each in _causes(error))
        raise AttemptFailed(
            kind, message, status=status, retry_after_s=retry_after_s(headers), connected=connected
        ) from None


def _priced_by_library(completion: Completion, response: Any) -> Completion:
    # What it knows no price of costs nothing in its eyes.
    cost_usd = response._hidden_params.get("response_cost")  # noqa: SLF001 - its documented place
    return replace(completion, cost_usd=float(cost_usd)) if cost_usd else completion


def _known_failure(error: Exception) -> str | None:
    litellm = litellm_library()
    if isinstance(error, litellm.ContextWindowExceededError):
        return "context_overflow"
    return "content_filter" if isinstance(error, litellm.ContentPolicyViolationError) else None


def _kind(error: Exception) -> tuple[FailureKind, int | None]:
    """What really happened, and the HTTP status if there was one: the library makes up others."""
    litellm = litellm_library()
    causes = {name: each for each in _causes(error) for name in _type_names(each)}
    if "HTTPStatusError" in causes:
        received: Any = causes["HTTPStatusError"]
        status = int(received.response.status_code)
        return kind_of_status(status), status
    if isinstance(error, TimeoutError | litellm.Timeout):
        return "timeout", None
    if "TransportError" in causes:
        return "network", None
    status = int(getattr(error, "status_code", None) or 0)
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and error.__context__ is None:
        # The library would not even send it.
        return kind_of_status(status), status
    return "bad_answer", None


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    for _ in range(10):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or seen.__context__


def _type_names(error: BaseException) -> Iterator[str]:
    return (each.__name__ for each in type(error).__mro__)


def _code(error: Exception) -> str:
    bodies = (getattr(each, "body", None) for each in _causes(error))
    codes = (body.get("code") for body in bodies if isinstance(body, dict))
    return next((code for code in codes if isinstance(code, str)), "")
