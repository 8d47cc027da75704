"""Families of suites, golden suites, stored runs, resampling: error rates by simulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest

from promptops.model.comparison import MetricDelta
from promptops.stats.bootstrap import Sides, compare_statistic
from promptops.stats.exchangeability import is_exchangeable
from promptops.stats.families import compare_overall, judge_family
from promptops.stats.pairs import Pair
from tests.calibration.changes import PROFILES, RULES, changes, is_failed, standard_error
from tests.unit.stats.tables import judged, table

CASES = 200
MID = PROFILES["mid"]


def families(drops: Sequence[float], repetitions: int) -> list[tuple[MetricDelta, ...]]:
    """One suite a drop, each of its own cases."""
    size = len(drops) * repetitions
    harmless = changes(MID, CASES, 0, size)
    dropped = {drop: changes(MID, CASES, drop, size) for drop in set(drops) if drop}
    return [tuple(next(dropped[drop] if drop else harmless) for drop in drops) for _ in range(repetitions)]


def any_alarm(found: Sequence[tuple[MetricDelta, ...]], *, corrected: bool) -> float:
    alarms = 0
    for deltas in found:
        judged_deltas = judge_family(deltas).metrics if corrected else deltas
        alarms += any(map(is_failed, judged_deltas))
    return alarms / len(found)


def check_harmless_family(suites: int, repetitions: int) -> None:
    found = families([0.0] * suites, repetitions)
    alone = 1 - (1 - 0.025) ** suites
    assert any_alarm(found, corrected=False) == pytest.approx(
        alone, abs=4 * standard_error(alone, repetitions) + 0.02
    )
    assert any_alarm(found, corrected=True) < 0.025 + 4 * standard_error(0.025, repetitions)


def test_ten_harmless_suites_fail_no_more_often_than_one() -> None:
    check_harmless_family(10, 400)


@pytest.mark.nightly
@pytest.mark.parametrize("suites", [1, 5, 10, 20])
def test_harmless_families_of_every_size(suites: int) -> None:
    check_harmless_family(suites, 4000)


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("drops", "percent"),
    [((0.10,) + (0.0,) * 9, 38), ((0.10,) * 3 + (0.0,) * 7, 80), ((0.03,) * 10, 25)],
    ids=["one of ten", "three of ten", "all ten a little"],
)
def test_what_the_correction_costs(drops: tuple[float, ...], percent: float) -> None:
    caught = any_alarm(families(drops, 2000), corrected=True)
    assert caught == pytest.approx(percent / 100, abs=4 * standard_error(caught, 2000) + 0.01)


def suite_pairs(delta: MetricDelta, name: str) -> list[Pair]:
    pairs = table(delta.lower, delta.higher, delta.n)
    return [replace(pair, key=f"{name} {pair.key}") for pair in pairs]


def with_overall(drop: float, repetitions: int) -> tuple[float, float]:
    """How often ten suites with this drop fail: corrected, and corrected with all cases together beside."""
    without = together = 0
    for deltas in families([drop] * 10, repetitions):
        pairs = [suite_pairs(delta, str(place)) for place, delta in enumerate(deltas)]
        family = judge_family(deltas, compare_overall(pairs, rules=RULES))
        assert family.overall is not None
        without += any(map(is_failed, judge_family(deltas).metrics))
        together += any(map(is_failed, (*family.metrics, family.overall)))
    return without / repetitions, together / repetitions


def test_all_cases_together_show_what_no_suite_can() -> None:
    without, together = with_overall(0.03, 40)
    assert without < together


@pytest.mark.nightly
def test_all_cases_together_raise_no_more_false_alarms() -> None:
    _, harmless = with_overall(0.0, 1000)
    assert harmless < 0.025 + 4 * standard_error(0.025, 1000)
    without, together = with_overall(0.03, 500)
    assert without + 0.3 < together


STORED = 5


def golden_runs(drop: float, cases: int, repetitions: int) -> list[list[Pair]]:
    """Suites with five stored runs of the base; a drop breaks cases for good, and mends a third as many."""
    random = Random(cases)
    found = []
    for _ in range(repetitions):
        chances = MID.chances(cases, random)
        head = list(chances)
        for place in range(cases):
            fate = random.random()
            if fate < 1.5 * drop / MID.mean:
                head[place] = 0.0
            elif fate > 1 - 0.5 * drop / (1 - MID.mean):
                head[place] = 1.0
        found.append(
            [
                Pair(
                    key=str(place),
                    base=tuple(float(random.random() < chance) for _ in range(STORED)),
                    head=(float(random.random() < head[place]),),
                )
                for place, chance in enumerate(chances)
            ]
        )
    return found


def failed_as(runs: list[list[Pair]], *, golden: bool) -> float:
    return sum(
        is_failed(judged(pairs, RULES, kind="golden" if golden else "sample")) for pairs in runs
    ) / len(runs)


def test_a_golden_suite_rarely_fails_without_a_change_and_sees_more() -> None:
    assert failed_as(golden_runs(0.0, 60, 250), golden=True) < 0.025 + 4 * standard_error(0.025, 250)
    dropped = golden_runs(0.10, 60, 100)
    assert failed_as(dropped, golden=False) < failed_as(dropped, golden=True)


@pytest.mark.nightly
def test_golden_suites_with_five_stored_runs() -> None:
    harmless, dropped = golden_runs(0.0, 100, 3000), golden_runs(0.10, 100, 2000)
    for golden, percent in ((True, 72), (False, 54)):
        assert failed_as(harmless, golden=golden) < 0.028 + 4 * standard_error(0.028, 3000)
        caught = failed_as(dropped, golden=golden)
        assert caught == pytest.approx(percent / 100, abs=4 * standard_error(caught, 2000) + 0.03)


def refused(runs: list[list[Pair]]) -> float:
    return sum(not is_exchangeable(pairs) for pairs in runs) / len(runs)


def test_runs_of_one_model_are_pooled() -> None:
    assert refused(golden_runs(0.0, 60, 250)) < 0.002 + 4 * standard_error(0.002, 250)


@pytest.mark.nightly
def test_runs_of_one_model_are_pooled_nearly_always_and_those_of_a_worse_one_are_not() -> None:
    assert refused(golden_runs(0.0, 100, 5000)) < 0.002 + 4 * standard_error(0.002, 5000)
    assert refused(golden_runs(0.20, 200, 300)) > 0.9


def mean(values: Sequence[float], weights: Sequence[float]) -> float:
    return sum(value * weight for value, weight in zip(values, weights, strict=True)) / sum(weights)


@pytest.mark.nightly
@pytest.mark.parametrize("n", [20, 50, 100])
def test_the_bootstrap_rarely_fails_a_harmless_change(n: int) -> None:
    random = Random(n)
    repetitions, alarms = 1000, 0
    for seed in range(repetitions):
        base = [random.choice([0.0, 0.5, 1.0]) for _ in range(n)]
        head = [value if random.random() < 0.7 else random.choice([0.0, 0.5, 1.0]) for value in base]
        sides = Sides(base=base, head=head, statistic=mean)
        alarms += is_failed(compare_statistic(sides, metric="mean", rules=RULES, seed=seed))
    assert alarms / repetitions < 0.029 + 4 * standard_error(0.029, repetitions)


def with_losses(pairs: list[Pair], share: float, random: Random, *, as_wrong: bool) -> list[Pair]:
    """Infrastructure loses some answers of the head; honestly they are missing."""
    lost = (0.0,) if as_wrong else ()
    return [replace(pair, head=lost) if random.random() < share else pair for pair in pairs]


def failed_with_losses(repetitions: int, *, as_wrong: bool) -> float:
    random = Random(6)
    rules = replace(RULES, max_missing=1.0)
    failed = 0
    for delta in changes(MID, 300, 0, repetitions):
        both_pass = round(delta.n * (delta.base_mean or 0)) - delta.lower
        pairs = table(delta.lower, delta.higher, delta.n, both_pass)
        failed += is_failed(judged(with_losses(pairs, 0.05, random, as_wrong=as_wrong), rules))
    return failed / repetitions


def test_lost_answers_that_count_as_wrong_would_raise_false_alarms() -> None:
    assert failed_with_losses(300, as_wrong=True) > 0.15
    assert failed_with_losses(300, as_wrong=False) < 0.025 + 4 * standard_error(0.025, 300)
