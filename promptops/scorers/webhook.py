from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import ClassVar
from urllib.parse import urlsplit

from promptops.plugin import (
    NOT_ASKED,
    AsyncScorer,
    CaseFailure,
    Example,
    Record,
    Sample,
    Scale,
    Score,
    TargetContext,
)
from promptops.scorers._exchange import losses_of_a_scorer, question, score_of
from promptops.web_service import WebService, check_url, filled


@dataclass(kw_only=True)
class Webhook(Record):
    """What a service of yours says; `url` begins with https://, or names this machine.

    Each case is one POST of `{"id": …, "output": …, "expected": …, "case": {…}, "completion": {…}}`. The
    answer is `{"score": 0.5, "reason": "…"}`, where the score is from 0 to 1, true, false or null (it
    cannot tell), or `{"error": "…"}`. One of `headers` may name a variable of the environment:
    `Authorization: "Bearer $MY_TOKEN"`. An error, nonsense, a redirect, or no answer within `timeout_s`
    (`[run] timeout_s` unless it is given) loses the case.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.UNIT
    examples: ClassVar[tuple[Example, ...]] = ()
    keeps_time: ClassVar[bool] = True

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float | None = field(default=None, metadata={"gt": 0})

    def __post_init__(self) -> None:
        check_url(self.url)
        if urlsplit(self.url).scheme != "https" and not _is_this_machine(urlsplit(self.url).hostname or ""):
            raise ValueError("`url` must begin with https://, since what is scored would be sent in the open")
        # Not fields, because fields are options.
        self._service: WebService | None = None
        self._offline = False

    async def open(self, context: TargetContext) -> None:
        """See AsyncScorer; raises ConfigError for a variable that is not set."""
        self._offline = context.offline
        self._service = WebService(
            url=self.url,
            headers=filled(self.headers, "the scorer `webhook`"),
            timeout_s=self.timeout_s or context.timeout_s,
        )

    async def score(self, sample: Sample) -> Score:
        """See AsyncScorer. Raises TargetError when the service rejects the key."""
        assert self._service is not None
        if self._offline:
            raise CaseFailure(NOT_ASKED, "the scores of a service are not recorded")
        with losses_of_a_scorer():
            answer = await self._service.ask(question(sample))
        return score_of(answer)

    async def close(self) -> None:
        """See AsyncScorer."""


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


PLUGIN: type[AsyncScorer] = Webhook
