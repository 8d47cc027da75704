from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from promptops.application_answer import completion_of
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
from promptops.web_service import WebService, check_url, filled


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
    _service: Any = field(init=False, default=None, repr=False, compare=False)
    _offline: bool = field(init=False, default=False, repr=False)

    def __post_init__(self) -> None:
        check_url(self.url)

    async def open(self, context: TargetContext) -> None:
        """See Target; raises ConfigError for a variable that is not set."""
        self._offline = context.offline
        self._service = WebService(
            url=self.url,
            method=self.method,
            headers=filled(self.headers, "the target `http`"),
            timeout_s=self.timeout_s or context.timeout_s,
        )

    async def complete(self, request: Request) -> Completion:
        """See Target."""
        if self._offline:
            raise CaseFailure(NOT_ASKED, "the answers of a service are not recorded")
        begun = time.perf_counter()
        answer = await self._service.ask(dict(request.inputs))
        latency_ms = (time.perf_counter() - begun) * 1000
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


PLUGIN: type[Target] = Http
