"""Which failures of a provider are worth another try, and after how long."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

RETRIED_STATUS = frozenset({408, 409, 429})
SERVER_ERRORS_FROM = 500
FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 60.0


def is_worth_retrying(status: int | None, message: str) -> bool:
    """A spent quota answers like a rate limit, but no patience helps."""
    if "insufficient_quota" in message:
        return False
    return status is None or status in RETRIED_STATUS or status >= SERVER_ERRORS_FROM


def delay_s(attempt: int, headers: Mapping[str, str], random: Random) -> float:
    """Seconds to wait after the given attempt (from 0): full jitter, and never less than the provider asks."""
    jittered = random.uniform(0, min(LONGEST_DELAY_S, FIRST_DELAY_S * 2**attempt))
    return max(jittered, min(LONGEST_DELAY_S, _asked_for_s(headers)))


def _asked_for_s(headers: Mapping[str, str]) -> float:
    value = next((each for name, each in headers.items() if name.lower() == "retry-after"), "0")
    try:
        return max(0.0, float(value))
    except ValueError:
        return 0.0
