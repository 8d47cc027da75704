from __future__ import annotations

from email.utils import formatdate
from random import Random

import pytest

from promptops.models.retry import FIRST_DELAY_S, LONGEST_DELAY_S, delay_s, retry_after_s

NOW_S = 1_800_000_000.0


class Extreme(Random):
    """Always the longest delay, or always the shortest."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def uniform(self, a: float, b: float) -> float:
        return a + self.share * (b - a)


@pytest.mark.parametrize("attempt", [0, 1, 2, 3])
def test_the_longest_delay_doubles(attempt: int) -> None:
    assert delay_s(attempt, 0.0, Extreme(1)) == FIRST_DELAY_S * 2**attempt


@pytest.mark.parametrize("attempt", [10, 100, 100_000])
def test_no_delay_is_longer_than_the_bound(attempt: int) -> None:
    assert delay_s(attempt, 0.0, Extreme(1)) == LONGEST_DELAY_S


@pytest.mark.parametrize("attempt", [0, 5, 100])
def test_nobody_comes_back_before_the_provider_wants_it(attempt: int) -> None:
    assert delay_s(attempt, 7.0, Extreme(0)) == 7.0
    assert delay_s(attempt, 7.0, Extreme(1)) > 7.0


def test_clients_come_back_at_different_times() -> None:
    random = Random(1)
    assert len({delay_s(0, 1.0, random) for _ in range(100)}) == 100


def asked(**headers: str) -> float:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return retry_after_s(named, now_s=lambda: NOW_S)


@pytest.mark.parametrize(("value", "seconds"), [("0", 0.0), ("3", 3.0), (" 2.5 ", 2.5), ("1e1", 10.0)])
def test_seconds(value: str, seconds: float) -> None:
    assert asked(Retry_After=value) == asked(retry_after=value) == asked(RETRY_AFTER=value) == seconds


def test_milliseconds_win() -> None:
    assert asked(retry_after_ms="1500", Retry_After="9") == 1.5
    assert asked(retry_after_ms="soon", Retry_After="9") == 9.0


@pytest.mark.parametrize(("offset_s", "seconds"), [(90, 90.0), (0, 0.0), (-90, 0.0)])
def test_a_date(offset_s: int, seconds: float) -> None:
    assert asked(Retry_After=formatdate(NOW_S + offset_s, usegmt=True)) == seconds


def test_a_date_elsewhere_and_one_without_a_zone() -> None:
    assert asked(Retry_After=formatdate(NOW_S + 60, localtime=False)) == 60.0
    assert asked(Retry_After="Fri, 15 Jan 2027 10:00:00 +0200") == 0.0
    assert asked(Retry_After="Fri, 15 Jan 2027 08:01:00 -0000") == 60.0


@pytest.mark.parametrize(
    "value",
    ["", "soon", "-3", "nan", "-inf", "1 hour", "Wed, 99 Foo 2026", "Wed, 21 Oct 0000 07:28:00 GMT", "🕰"],
)
def test_nonsense_asks_for_nothing(value: str) -> None:
    assert asked(Retry_After=value) == 0.0


def test_for_ever() -> None:
    assert asked(Retry_After="inf") == float("inf")


def test_nothing_is_asked_for() -> None:
    assert asked() == 0.0
