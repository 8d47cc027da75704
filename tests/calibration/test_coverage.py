"""How often intervals hold the true difference, and how often harmless changes look harmful."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random

import pytest

from promptops.stats.intervals import Interval
from promptops.stats.paired_t import PairedT, paired_t
from promptops.stats.tango import tango
from tests.calibration.changes import binomial_chance, standard_error

ALPHA = 0.025
SMALL = 50

# Chance to break and to be fixed.
SCENARIOS = [
    (0.01, 0.01),
    (0.02, 0.02),
    (0.05, 0.05),
    (0.095, 0.095),
    (0.145, 0.145),
    (0.05, 0.0),
    (0.10, 0.0),
    (0.20, 0.0),
    (0.07, 0.02),
    (0.10, 0.05),
    (0.15, 0.05),
    (0.25, 0.10),
    (0.40, 0.10),
]


@cache
def intervals(n: int) -> dict[tuple[int, int], Interval]:
    return {
        (broke, fixed): tango(broke, fixed, n) for broke in range(n + 1) for fixed in range(n + 1 - broke)
    }


def weight(table: tuple[int, int], n: int, breaks: float, fixes: float) -> float:
    """The chance of a table."""
    broke, fixed = table
    rest = 1 - breaks
    given = fixes / rest if rest else 0.0
    return binomial_chance(n, broke, breaks) * binomial_chance(n - broke, fixed, given)


def coverage(n: int, breaks: float, fixes: float) -> float:
    """Exact: over all tables."""
    true = fixes - breaks
    return sum(
        weight(table, n, breaks, fixes)
        for table, interval in intervals(n).items()
        if interval.low - 1e-9 <= true <= interval.high + 1e-9
    )


def check_tango(n: int) -> None:
    covered = [coverage(n, breaks, fixes) for breaks, fixes in SCENARIOS]
    assert sum(covered) / len(covered) > 0.95
    # Where cases only break, so few tables are likely that coverage jumps about.
    assert min(covered) > 0.925


@pytest.mark.parametrize("n", [10, 20, 40])
def test_tango_covers_as_promised(n: int) -> None:
    check_tango(n)


@pytest.mark.nightly
@pytest.mark.parametrize("n", [50, 100, 150])
def test_tango_covers_as_promised_in_larger_suites(n: int) -> None:
    check_tango(n)


@pytest.mark.parametrize("n", [20, 40])
def test_without_a_difference_tango_rarely_sees_harm(n: int) -> None:
    for flips in (0.02, 0.04, 0.1, 0.19, 0.29, 0.5):
        alarms = sum(
            weight(table, n, flips / 2, flips / 2)
            for table, interval in intervals(n).items()
            if interval.high < 0
        )
        assert alarms < 0.027


Difference = Callable[[Random], float]

GRADED: dict[str, tuple[Difference, float]] = {
    "rare total failures": (lambda random: -float(random.random() < 0.03), -0.03),
    "ties and steps": (lambda random: random.choice([0.0] * 6 + [-0.25, 0.25, -0.5, 0.5]), 0.0),
    "a small drop of all": (lambda random: -0.05 + random.uniform(-0.1, 0.1), -0.05),
    "many small gains, few total failures": (
        lambda random: -1.0 if random.random() < 0.05 else 0.05,
        -0.05 + 0.95 * 0.05,
    ),
    "spread evenly": (lambda random: random.uniform(-0.5, 0.5), 0.0),
}
HARMLESS = ("ties and steps", "spread evenly")


def graded(name: str, n: int, repetitions: int) -> list[PairedT]:
    draw, _ = GRADED[name]
    random = Random(n)
    return [paired_t([draw(random) for _ in range(n)]) for _ in range(repetitions)]


def check_lower_end(name: str, n: int, repetitions: int) -> None:
    """What no-worse claims rest on: the truth is rarely below the lower limit.

    Reference figures: at least 99 % of intervals hold the truth at n = 20, and 95 % at n = 100, in
    the worst of twelve populations.
    """
    true, most = GRADED[name][1], ALPHA if n <= SMALL else 2 * ALPHA
    too_high = sum(true < t.low for t in graded(name, n, repetitions)) / repetitions
    assert too_high < most + 4 * standard_error(most, repetitions)


def check_harm(name: str, n: int, repetitions: int) -> None:
    alarms = sum(t.high < 0 for t in graded(name, n, repetitions)) / repetitions
    assert alarms < 0.029 + 4 * standard_error(0.029, repetitions)


@pytest.mark.parametrize("name", GRADED)
def test_the_lower_end_is_cautious(name: str) -> None:
    check_lower_end(name, 20, 1000)


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_change_of_graded_scores_rarely_looks_harmful(name: str) -> None:
    check_harm(name, 20, 1000)


def test_the_plain_lower_end_would_not_do() -> None:
    """Rare total failures that the sample misses: the usual limit lies above the truth in most of the samples."""
    samples = graded("rare total failures", 20, 1000)
    unseen = sum(t.se == 0 for t in samples) / len(samples)
    assert unseen == pytest.approx(0.97**20, abs=4 * standard_error(0.97**20, 1000))


@pytest.mark.nightly
@pytest.mark.parametrize("n", [10, 20, 50, 100, 300])
@pytest.mark.parametrize("name", GRADED)
def test_the_lower_end_is_cautious_in_every_size(name: str, n: int) -> None:
    check_lower_end(name, n, 10_000)


@pytest.mark.nightly
@pytest.mark.parametrize("n", [20, 50, 100, 300])
@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_graded_changes_of_every_size(name: str, n: int) -> None:
    check_harm(name, n, 10_000)


CASES_A_CLUSTER = 5
ALIKE = 0.35
"""Correlation within a cluster; with five cases each the design effect is 2.4, as in real suites."""


def cluster_alarms(clusters: int, repetitions: int) -> tuple[float, float]:
    """How often a harmless change looks harmful: without a word about clusters, and with."""
    random = Random(clusters)
    groups = [place // CASES_A_CLUSTER for place in range(clusters * CASES_A_CLUSTER)]
    ignored = robust = 0
    for _ in range(repetitions):
        shared = [random.gauss(0, ALIKE**0.5) for _ in range(clusters)]
        values = [0.1 * (shared[group] + random.gauss(0, (1 - ALIKE) ** 0.5)) for group in groups]
        ignored += paired_t(values).high < 0
        robust += paired_t(values, clusters=groups).high < 0
    return ignored / repetitions, robust / repetitions


def test_clusters_that_are_ignored_raise_false_alarms() -> None:
    ignored, robust = cluster_alarms(30, 500)
    assert ignored > 0.06
    assert robust < 0.03 + 4 * standard_error(0.03, 500)


@pytest.mark.nightly
@pytest.mark.parametrize(("clusters", "most"), [(5, 0.04), (20, 0.03), (92, 0.03)])
def test_clusters_of_every_number(clusters: int, most: float) -> None:
    ignored, robust = cluster_alarms(clusters, 5000)
    error = 4 * standard_error(0.104, 5000)
    assert ignored == pytest.approx(0.104, abs=error + 0.01)
    assert robust < most + 4 * standard_error(most, 5000)
