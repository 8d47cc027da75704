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
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from promptops.application_answer import completion_of
from promptops.errors import ConfigError, TargetError
from promptops.model.retrieval import DOCUMENTS
from promptops.plugin import (
    NOT_ASKED,
    CaseFailure,
    Completion,
    JsonValue,
    Record,
    Request,
    Target,
    TargetContext,
    look_up,
)

MOST_BYTES = 10_000_000
KEY_REJECTED = (401, 403)
_VARIABLE = re.compile(r"\$([A-Z][A-Z0-9_]*)")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect could carry the headers to another host."""

    def redirect_request(self, *arguments: Any, **keywords: Any) -> None:
        return None


@dataclass(slots=True, kw_only=True)
class Http(Record):
    """A service of yours: gets the case's inputs as JSON; `output` names a field of its JSON answer.

    `documents` names the field of the documents that a retriever found; with them `output` may be absent.
    A header may name a variable of the environment: `Authorization: "Bearer $MY_TOKEN"`.
    """

    version: ClassVar[int] = 1
    needs_prompt: ClassVar[bool] = False
    shorthand: ClassVar[str | None] = "url"

    url: str
    method: Literal["POST", "PUT"] = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    output: str = "output"
    documents: str = DOCUMENTS
    timeout_s: float | None = None
    _headers: dict[str, str] = field(init=False, default_factory=dict, repr=False)
    _limit_s: float = field(init=False, default=0.0, repr=False)
    _offline: bool = field(init=False, default=False, repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("`url` must begin with http:// or https://")

    async def open(self, context: TargetContext) -> None:
        """See Target; raises ConfigError for a variable that is not set."""
        self._limit_s = self.timeout_s or context.timeout_s
        self._offline = context.offline
        self._headers = {
            name: _VARIABLE.sub(_from_environment, value) for name, value in self.headers.items()
        }

    async def complete(self, request: Request) -> Completion:
        """See Target."""
        if self._offline:
            raise CaseFailure(NOT_ASKED, "the answers of a service are not recorded")
        begun = time.perf_counter()
        body = await asyncio.to_thread(self._send, dict(request.inputs))
        latency_ms = (time.perf_counter() - begun) * 1000
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            raise CaseFailure("bad_output", "the service answered with something that is not JSON") from None
        output, documents = look_up(answer, self.output), look_up(answer, self.documents)
        if output is None and documents is None:
            raise CaseFailure("bad_output", f"the answer has nothing at `{self.output}`")
        rest = answer if isinstance(answer, dict) else {}
        return completion_of({**rest, "output": output, DOCUMENTS: documents}, latency_ms)

    async def close(self) -> None:
        """See Target."""

    def identity(self) -> JsonValue:
        """See Target."""
        return None

    def _send(self, inputs: dict[str, JsonValue]) -> bytes:
        data = json.dumps(inputs).encode()
        headers = {"Content-Type": "application/json", **self._headers}
        request = urllib.request.Request(self.url, data=data, headers=headers, method=self.method)  # noqa: S310 - checked
        opener = urllib.request.build_opener(_NoRedirect)
        try:
            with opener.open(request, timeout=self._limit_s) as response:
                body: bytes = response.read(MOST_BYTES + 1)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in KEY_REJECTED:
                raise TargetError(
                    f"the service at `{self._host}` rejected the request with {error.code}"
                ) from None
            raise CaseFailure(f"http_{error.code}", f"the service answered with {error.code}") from None
        except TimeoutError:
            raise CaseFailure("timeout", f"no answer within {self._limit_s:g} s") from None
        except OSError as error:
            reason = getattr(error, "reason", error)
            raise CaseFailure("network", f"`{self._host}` cannot be reached: {reason}") from None
        if len(body) > MOST_BYTES:
            raise CaseFailure("bad_output", f"the answer is larger than {MOST_BYTES:,} bytes")
        return body

    @property
    def _host(self) -> str:
        return urlsplit(self.url).hostname or ""


def _from_environment(match: re.Match[str]) -> str:
    value = os.environ.get(match[1])
    if value is None:
        raise ConfigError(
            f"the variable `{match[1]}` is not set", hint="a header of the target `http` needs it"
        )
    return value


PLUGIN: type[Target] = Http
