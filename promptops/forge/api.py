"""Requests to the API of a forge. What it answers is not trusted; the token goes nowhere else."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from promptops.errors import ForgeError
from promptops.model.record import JsonValue

MOST_BYTES = 20_000_000
TIMEOUT_S = 30
TRIES = 4
LONGEST_WAIT_S = 60
RATE_LIMITED = (403, 429)
SERVER_FAULT = 500


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect could carry the token to another host."""

    def redirect_request(self, *arguments: Any, **keywords: Any) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: JsonValue
    headers: Mapping[str, str]

    @property
    def wait_s(self) -> float | None:
        """How long to wait before the same is asked again; None where asking again does not help."""
        after = self.headers.get("retry-after", "")
        is_spent = self.headers.get("x-ratelimit-remaining") == "0"
        if self.status in RATE_LIMITED and (after or is_spent):
            reset = self.headers.get("x-ratelimit-reset", "")
            if after.isdecimal():
                return float(after)
            return max(0.0, float(reset) - time.time()) if reset.isdecimal() else float(LONGEST_WAIT_S)
        return 1.0 if self.status >= SERVER_FAULT else None


@dataclass(frozen=True, slots=True)
class Api:
    """An API below one address; `headers` hold the token."""

    url: str
    headers: Mapping[str, str] = field(repr=False)

    def ask(self, method: str, path: str, body: JsonValue = None) -> Answer:
        """The answer, whatever its status; a limit of requests and faults of the server are waited out.

        Raises:
            ForgeError: the forge cannot be reached, or asks for too long a wait.
        """
        for _ in range(TRIES - 1):
            answer = self._once(method, path, body)
            wait_s = answer.wait_s
            if wait_s is None:
                return answer
            if wait_s > LONGEST_WAIT_S:
                raise ForgeError(f"`{self._host}` takes no more requests for {wait_s:.0f} s")
            time.sleep(wait_s)
        return self._once(method, path, body)

    def _once(self, method: str, path: str, body: JsonValue) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "promptops", **self.headers}
        request = urllib.request.Request(f"{self.url}{path}", data, headers, method=method)  # noqa: S310 - checked
        try:
            with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT_S) as response:
                return _answer(response.status, response.read(MOST_BYTES), response.headers.items())
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error.code, error.read(MOST_BYTES), error.headers.items())
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise ForgeError(f"`{self._host}` cannot be reached: {reason}") from None

    @property
    def _host(self) -> str:
        return urlsplit(self.url).hostname or ""


def _answer(status: int, body: bytes, headers: Iterable[tuple[str, str]]) -> Answer:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    return Answer(status, content, {name.lower(): value for name, value in headers})
