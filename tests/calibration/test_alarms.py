"""False alarms and misses of the gate, against figures simulated from real suites, 4000 times each.

The reference figures are rounded to a tenth or a whole percent. They may be off by four standard
errors of both simulations.
"""

from __future__ import annotations

import pytest

from promptops.model.comparison import Verdict
from tests.calibration.changes import PROFILES, RULES, changes, share, standard_error

SIZES = (20, 50, 100, 300, 1000)
DROPS = (0.01, 0.02, 0.05, 0.10, 0.20)
REFERENCE_REPETITIONS = 4000
HALF_A_PERCENT = 0.005

# Percent, by size of the suite.
FALSE_ALARMS = {
    "low": (0, 0.1, 0.7, 2.4, 2.7),
    "mid": (0.8, 1.7, 2.8, 2.4, 3.3),
    "high": (1.6, 2.5, 2.3, 2.7, 2.3),
}
NOT_PROVEN_CLOSE = {
    "low": (100, 91, 50, 3, 0),
    "mid": (94, 91, 82, 50, 6),
    "high": (93, 91, 85, 65, 17),
}
# Percent, by true drop; mid noise.
MISSES = {
    20: (99, 99, 97, 91, 76),
    50: (97, 96, 91, 76, 42),
    100: (95, 93, 84, 56, 14),
    300: (94, 89, 61, 12, 0),
    1000: (89, 71, 11, 0, 0),
}
MISSES_OF_TEN_POINTS = (("low", 100, 42), ("low", 300, 3.5), ("high", 100, 62), ("high", 300, 17))


def assert_agrees(measured: float, percent: float, repetitions: int) -> None:
    reference = percent / 100
    error = standard_error(reference, repetitions) + standard_error(reference, REFERENCE_REPETITIONS)
    assert measured == pytest.approx(reference, abs=4 * error + HALF_A_PERCENT)


def check_harmless(noise: str, size: int, repetitions: int) -> None:
    place = SIZES.index(size)
    found = list(changes(PROFILES[noise], size, 0, repetitions))
    assert_agrees(share(found), FALSE_ALARMS[noise][place], repetitions)
    not_close = share(found, lambda each: each.ci_low is not None and each.ci_low <= -RULES.margin)
    assert_agrees(not_close, NOT_PROVEN_CLOSE[noise][place], repetitions)


def check_drop(noise: str, size: int, drop: float, percent: float, repetitions: int) -> None:
    assert_agrees(1 - share(changes(PROFILES[noise], size, drop, repetitions)), percent, repetitions)


def wrong_claims(noise: str, size: int, repetitions: int) -> float:
    """How often a true drop of five points is called no worse than five points, or better."""
    wrong = (Verdict.NO_WORSE, Verdict.IMPROVED)
    found = changes(PROFILES[noise], size, 0.05, repetitions)
    return share(found, lambda each: each.verdict in wrong)


@pytest.mark.parametrize(("noise", "size"), [("low", 100), ("mid", 50), ("mid", 300), ("high", 100)])
def test_a_harmless_change_rarely_fails(noise: str, size: int) -> None:
    check_harmless(noise, size, 1000)


@pytest.mark.parametrize(("size", "drop"), [(50, 0.20), (100, 0.10), (300, 0.05), (300, 0.10)])
def test_a_drop_is_missed_as_often_as_is_said(size: int, drop: float) -> None:
    check_drop("mid", size, drop, MISSES[size][DROPS.index(drop)], 1000)


def test_a_wrong_claim_of_no_worse_is_rare() -> None:
    assert wrong_claims("mid", 100, 1000) < 0.025 + 4 * standard_error(0.025, 1000)


@pytest.mark.nightly
@pytest.mark.parametrize("noise", PROFILES)
@pytest.mark.parametrize("size", SIZES)
def test_harmless_changes_of_every_size_and_noise(noise: str, size: int) -> None:
    check_harmless(noise, size, 10_000)
    assert wrong_claims(noise, size, 10_000) < 0.025 + 4 * standard_error(0.025, 10_000)


@pytest.mark.nightly
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("drop", DROPS)
def test_drops_of_every_size(size: int, drop: float) -> None:
    check_drop("mid", size, drop, MISSES[size][DROPS.index(drop)], 10_000)


@pytest.mark.nightly
@pytest.mark.parametrize(("noise", "size", "percent"), MISSES_OF_TEN_POINTS)
def test_drops_at_low_and_high_noise(noise: str, size: int, percent: float) -> None:
    check_drop(noise, size, 0.10, percent, 10_000)
