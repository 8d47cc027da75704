"""A way to a provider: one attempt, no patience. What is worth another attempt is decided above it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from promptops.masking import masked
from promptops.model.json_text import parse_json
from promptops.model.prompt import RenderedPrompt
from promptops.model.result import Completion

FailureKind = Literal[
    "network", "timeout", "rate_limited", "provider_error", "bad_answer", "refused_request", "wrong_key"
]
LONGEST_MESSAGE = 300

WRONG_KEY = frozenset({401, 402, 403})
REFUSED = frozenset({400, 404, 405, 413, 422})
"""The same request would be refused again."""
MODERATED = 403
"""Some say so of a text that they do not like, others of a key."""
REDIRECTS = range(300, 400)

CONTEXT_OVERFLOW = (
    "context_length_exceeded",
    "maximum context length",
    "context window",
    "context length",
    "prompt is too long",
    "input is too long",
    "too many tokens",
    "maximum number of tokens",
    "reduce the length of",
    "tokens + `max_new_tokens`",
)
CONTENT_FILTER = (
    "content_filter",
    "content_policy_violation",
    "content management policy",
    "content policy",
    "responsible ai",
    "safety system",
    "usage policy",
    "input was flagged",
)


FAILURES_OF_FINISH = {
    "length": "cut_off",
    "max_tokens": "cut_off",
    "model_length": "cut_off",
    "content_filter": "content_filter",
}


class AttemptFailed(Exception):  # noqa: N818 - the caller decides whether it is an error
    """One attempt gave no answer.

    `status` is the HTTP status if there was one, `retry_after_s` how long the provider asks to wait.
    """

    def __init__(
        self,
        kind: FailureKind,
        message: str,
        *,
        status: int | None = None,
        retry_after_s: float = 0.0,
        connected: bool = True,
    ) -> None:
        self.kind = kind
        self.message = without_secrets(message)
        self.status = status
        self.retry_after_s = retry_after_s
        self.perhaps_billed = kind in ("timeout", "bad_answer") or (kind == "network" and connected)
        super().__init__(self.message)


class Lane(Protocol):
    """How one model is spoken to."""

    @property
    def name(self) -> str:
        """What the record of a run calls it: fast or litellm."""
        ...

    async def send(self, rendered: RenderedPrompt) -> Completion:
        """One request. The cost is None, unless only this lane can tell it.

        Raises:
            AttemptFailed: there is no answer.
        """
        ...

    async def close(self) -> None:
        """Lets go of connections."""
        ...


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call; cached ones are among those of the input."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0


def kind_of_status(status: int) -> FailureKind:
    """The kind of failure that an HTTP status stands for."""
    if status in WRONG_KEY:
        return "wrong_key"
    if status in REFUSED or REDIRECTS.start <= status < REDIRECTS.stop:
        return "refused_request"
    if status == 408:  # noqa: PLR2004 - Request Timeout
        return "timeout"
    return "rate_limited" if status == 429 else "provider_error"  # noqa: PLR2004 - Too Many Requests


def failure_of_refusal(status: int | None, text: str) -> str | None:
    """The model's own failure that a refusal of a request tells of, or None: then it is the request's fault."""
    if status not in REFUSED and status != MODERATED:
        return None
    lower = text.lower()
    if any(sign in lower for sign in CONTEXT_OVERFLOW):
        return "context_overflow"
    if any(sign in lower for sign in CONTENT_FILTER):
        return "content_filter"
    return None


def failure_of_finish(reason: str | None) -> str | None:
    """The model's own failure behind the reason for which an answer ended."""
    return FAILURES_OF_FINISH.get(reason or "")


def error_message(text: str, code: object = None) -> str:
    """What an error says of itself, behind its code: `error.message` if it is such a document, else the text."""
    try:
        document: Any = parse_json(text)
        error = document["error"]
        code = error.get("code") or code
        if isinstance(error["message"], str):
            text = error["message"]
    except (ValueError, LookupError, TypeError, AttributeError):
        pass
    return f"{code}: {text}" if code and str(code) not in text else text


def without_secrets(text: str) -> str:
    """One line, not too long, and without keys."""
    return " ".join(masked(text).split())[:LONGEST_MESSAGE]
