"""Hours in which a model costs less, as litellm's tables list them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

EVERY_DAY = frozenset(range(1, 8))


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Hours of some weekdays (Monday is 1); the start belongs to them and the end does not.

    Hours whose end is not after their start reach past midnight. They are UTC; `zone` tells by which calendar
    the weekday counts.
    """

    start: time
    end: time
    weekdays: frozenset[int] = EVERY_DAY
    zone: str = "UTC"

    def holds(self, moment: datetime) -> bool:
        """Whether a moment, with its time zone, lies in it."""
        utc = moment.astimezone(UTC)
        if utc.astimezone(_zone(self.zone)).isoweekday() not in self.weekdays:
            return False
        now = utc.time()
        if self.start < self.end:
            return self.start <= now < self.end
        return now >= self.start or now < self.end


def windows(listed: Mapping[str, Any]) -> tuple[Window, ...]:
    """The windows of an `off_peak_pricing`: some of every day, and some of weekdays.

    One that cannot be read is left out, so that the full price counts.
    """
    zone = listed.get("weekday_timezone") or "UTC"
    rules = [{"hours_utc": listed.get("hours_utc")}, *(listed.get("windows") or ())]
    return tuple(
        Window(start=start, end=end, weekdays=frozenset(rule.get("weekdays") or EVERY_DAY), zone=zone)
        for rule in rules
        for text in _texts(rule.get("hours_utc"))
        for start, end in _hours(text)
    )


def _texts(hours: str | Sequence[str] | None) -> Sequence[str]:
    return (hours,) if isinstance(hours, str) else hours or ()


def _hours(text: str) -> Iterator[tuple[time, time]]:
    start, _, end = text.partition("-")
    try:
        yield time.fromisoformat(start.strip()), time.fromisoformat(end.strip())
    except ValueError:
        return


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ValueError, ZoneInfoNotFoundError):
        return UTC
