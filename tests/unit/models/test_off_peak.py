from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from promptops.models.off_peak import windows

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
SUNDAY = datetime(2026, 11, 22, tzinfo=UTC)
LATE = {"hours_utc": ["22:00-02:00", "04:00-06:00"]}
MONDAYS = {"windows": [{"hours_utc": "00:00-00:00", "weekdays": [1]}]}


def is_cheap(listed: dict[str, Any], day: datetime, hour: int, minute: int = 0) -> bool:
    return any(each.holds(day.replace(hour=hour, minute=minute)) for each in windows(listed))


@pytest.mark.parametrize(
    ("hour", "minute", "cheap"),
    [
        (21, 59, False),
        (22, 0, True),
        (1, 59, True),
        (2, 0, False),
        (4, 0, True),
        (5, 59, True),
        (6, 0, False),
    ],
)
def test_the_start_belongs_to_a_window_and_the_end_does_not(hour: int, minute: int, cheap: bool) -> None:
    assert is_cheap(LATE, MONDAY, hour, minute) is cheap


def test_a_window_can_be_of_some_weekdays_only() -> None:
    assert is_cheap(MONDAYS, MONDAY, 12)
    assert not is_cheap(MONDAYS, SUNDAY, 12)


def test_the_weekday_is_that_of_the_provider() -> None:
    shanghai = {**MONDAYS, "weekday_timezone": "Asia/Shanghai"}
    assert is_cheap(shanghai, SUNDAY, 16)
    assert not is_cheap(shanghai, MONDAY, 16)


@pytest.mark.parametrize(
    "listed", [{}, {"hours_utc": "all day"}, {"hours_utc": ["00:00-24:30"]}, {"windows": [{}]}]
)
def test_what_cannot_be_read_is_no_window(listed: dict[str, Any]) -> None:
    assert windows(listed) == ()
