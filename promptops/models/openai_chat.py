"""The fast lane: OpenAI's chat protocol, spoken directly. The only home of aiohttp."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies

import aiohttp

from promptops.model.json_text import parse_json
from promptops.model.prompt import RenderedPrompt
from promptops.model.result import Completion
from promptops.models.answer import Timing, read_answer
from promptops.models.chat import chat_options
from promptops.models.dialect import spoken_to
from promptops.models.lane import (
    AttemptFailed,
    error_message,
    failure_of_refusal,
    kind_of_status,
    without_secrets,
)
from promptops.models.prices import Price
from promptops.models.providers import ModelPlace, url_of
from promptops.models.retry import retry_after_s

OK: Final = 200
MOST_BYTES = 20_000_000


class OpenAiChatLane:
    """See Lane."""

    name: Final = "fast"

    def __init__(
        self,
        place: ModelPlace,
        *,
        headers: Mapping[str, str],
        timeout_s: float,
        price: Callable[[], Price | None],
    ) -> None:
        self._place = place
        self._url = url_of(place)
        self._headers = {**headers, "Content-Type": "application/json"}
        self._timeout_s = timeout_s
        self._price = price
        self._session: aiohttp.ClientSession | None = None

    async def send(self, rendered: RenderedPrompt) -> Completion:
        """See Lane."""
        body = json.dumps(self._body(rendered)).encode()
        begun_s = time.perf_counter()
        try:
            # A redirect could carry the key to another host.
            async with self._open().post(self._url, data=body, allow_redirects=False) as response:
                first_answer_ms = (time.perf_counter() - begun_s) * 1000
                text = await _text(response)
        except TimeoutError:
            raise AttemptFailed("timeout", f"no answer within {self._timeout_s:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            told = f"`{urlsplit(self._url).netloc}`: {str(error) or type(error).__name__}"
            connected = not isinstance(error, aiohttp.ClientConnectorError | ValueError)
            raise AttemptFailed("network", told, connected=connected) from None
        timing = Timing(latency_ms=(time.perf_counter() - begun_s) * 1000, first_answer_ms=first_answer_ms)
        if response.status != OK:
            return _refused(response, text, timing)
        try:
            document = parse_json(text)
        except ValueError:
            raise AttemptFailed(
                "bad_answer", f"the answer is not JSON: {without_secrets(text)[:80]!r}"
            ) from None
        return read_answer(document, timing, self._price())

    async def close(self) -> None:
        """See Lane."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _body(self, rendered: RenderedPrompt) -> dict[str, Any]:
        return {"model": self._place.bare_name, **spoken_to(self._place, chat_options(rendered))}

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers=self._headers,
                timeout=aiohttp.ClientTimeout(total=self._timeout_s),
                # How many calls are under way is decided by who makes them.
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=bool(getproxies()),
            )
        return self._session


async def _text(response: aiohttp.ClientResponse) -> str:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MOST_BYTES:
            raise AttemptFailed("bad_answer", f"the answer is larger than {MOST_BYTES:,} bytes")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise AttemptFailed("bad_answer", "the answer is not in UTF-8") from None


def _refused(response: aiohttp.ClientResponse, text: str, timing: Timing) -> Completion:
    failure = failure_of_refusal(response.status, text)
    if failure is not None:
        return Completion(output="", failure=failure, latency_ms=timing.latency_ms)
    raise AttemptFailed(
        kind_of_status(response.status),
        error_message(text) or _status_line(response),
        status=response.status,
        retry_after_s=retry_after_s(response.headers),
    )


def _status_line(response: aiohttp.ClientResponse) -> str:
    to = response.headers.get("Location")
    return f"HTTP status {response.status}" + (f", a redirect to {to}" if to else "")
