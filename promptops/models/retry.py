"""How long to wait before another attempt, and what a provider asks for."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from random import Random

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0
MOST_DOUBLINGS = 30
LONGEST_ASKED_S = 120.0
"""A provider that asks for more patience than this is not waited for."""


def delay_s(attempt: int, asked_s: float, random: Random) -> float:
    """Seconds to wait after the given attempt (from 0): full jitter on top of what the provider asks for."""
    return asked_s + random.uniform(
        0, min(LONGEST_DELAY_S, FIRST_DELAY_S * 2 ** min(attempt, MOST_DOUBLINGS))
    )


def retry_after_s(headers: Mapping[str, str], now_s: Callable[[], float] = time.time) -> float:
    """What the headers of an answer ask for, as seconds or as a date; 0 where they ask for nothing."""
    asked = {name.lower(): value for name, value in headers.items()}
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(asked[name]) * unit_s)
        except (KeyError, ValueError):
            continue
    try:
        date = parsedate_to_datetime(asked["retry-after"])
        # A date that names no zone is in UTC.
        return max(0.0, date.replace(tzinfo=date.tzinfo or UTC).timestamp() - now_s())
    except (KeyError, ValueError, OverflowError):
        return 0.0
