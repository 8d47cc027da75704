"""A service of the user's: a JSON document goes to it over HTTP, and one comes back."""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

from promptops.errors import ConfigError, TargetError
from promptops.plugin import CaseFailure, JsonValue, Record

MOST_BYTES = 10_000_000
CHUNK_BYTES = 65_536
KEY_REJECTED = (401, 403)
VARIABLE = re.compile(r"\$([A-Z][A-Z0-9_]*)")
"""A variable of the environment in the value of a header."""
_HEADER = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect could carry the headers to another host."""

    def redirect_request(self, *arguments: Any, **keywords: Any) -> None:
        return None


def check_url(url: str) -> None:
    """Raises ValueError for what is not the URL of a service."""
    parts = urlsplit(url)
    names_place = parts.hostname and parts.port != 0 and url.isprintable() and " " not in url
    if parts.scheme not in ("http", "https") or not names_place:
        raise ValueError("`url` must begin with http:// or https://, and name a host")


def filled(headers: Mapping[str, str], owner: str) -> dict[str, str]:
    """Headers with the values of the variables that they name.

    Raises:
        ConfigError: a variable is not set, and `owner` needs it; or a value is none that a header can have.
    """

    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1])
        if found is None:
            hint = f"a header of {owner} needs it"
            raise ConfigError(f"the variable `{match[1]}` is not set", hint=hint)
        return found.strip()

    made = {name: VARIABLE.sub(value, text) for name, text in headers.items()}
    for name, text in made.items():
        # The library's own message would show it.
        if not (text.isascii() and text.isprintable() and _HEADER.fullmatch(name)):
            raise ConfigError(f"the header `{name}` of {owner} holds characters that no header can have")
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class WebService(Record):
    """Where it is, and how it is asked; `headers` hold secrets."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    timeout_s: float
    method: str = "POST"

    async def ask(self, question: JsonValue) -> JsonValue:
        """The answer; redirects are not followed.

        Raises:
            CaseFailure: there is none that can be used.
            TargetError: the service rejects the key.
        """
        body = await asyncio.to_thread(self._send, json.dumps(question).encode())
        try:
            answer: JsonValue = json.loads(body)
        except (ValueError, RecursionError):
            raise CaseFailure("bad_output", "the service answered with something that is not JSON") from None
        return answer

    def _send(self, data: bytes) -> bytes:
        headers = {"Content-Type": "application/json", **self.headers}
        request = urllib.request.Request(self.url, data=data, headers=headers, method=self.method)  # noqa: S310 - checked
        opener = urllib.request.build_opener(_NoRedirect)
        try:
            with opener.open(request, timeout=self.timeout_s) as response:
                return self._read(response)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in KEY_REJECTED:
                raise TargetError(
                    f"the service at `{self._host}` rejected the request with {error.code}"
                ) from None
            raise CaseFailure(f"http_{error.code}", f"the service answered with {error.code}") from None
        except TimeoutError:
            raise CaseFailure("timeout", f"no answer within {self.timeout_s:g} s") from None
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise CaseFailure("network", f"`{self._host}` cannot be reached: {reason}") from None

    def _read(self, response: HTTPResponse) -> bytes:
        """The body. The timeout of a connection begins anew with every byte, so that time is kept here."""
        body = bytearray()
        ends_s = time.monotonic() + self.timeout_s
        while chunk := response.read1(CHUNK_BYTES):
            body += chunk
            if len(body) > MOST_BYTES:
                raise CaseFailure("bad_output", f"the answer is larger than {MOST_BYTES:,} bytes")
            if time.monotonic() > ends_s:
                raise TimeoutError
        return bytes(body)

    @property
    def _host(self) -> str:
        return urlsplit(self.url).hostname or ""
