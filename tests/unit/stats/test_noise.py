from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from promptops.model.result import Scale
from promptops.stats.noise import GateTrial, NoisyCase, measure_noise
from promptops.stats.power import cases_for_drop, mde_binary
from tests.unit.stats.tables import RULES

TRIAL = GateTrial(rules=RULES, scale=Scale.BINARY, repetitions=100)


def two_runs(flips: int, passes: int, fails: int) -> list[NoisyCase]:
    runs = [(1.0, 0.0)] * flips + [(1.0, 1.0)] * passes + [(0.0, 0.0)] * fails
    return [NoisyCase(key=str(place), runs=each) for place, each in enumerate(runs)]


def test_flips_are_counted_and_planned_with() -> None:
    found = measure_noise(two_runs(20, 100, 80), TRIAL)
    assert (found.cases, found.flip_rate, found.caught) == (200, 0.1, None)
    assert found.mde80 == mde_binary(200, 0.1)
    assert (found.cases_for_5, found.cases_for_10) == (cases_for_drop(0.05, 0.1), cases_for_drop(0.1, 0.1))


def test_a_third_run_flips_as_often_as_its_pairs_do() -> None:
    found = measure_noise(
        [NoisyCase(key="a", runs=(1.0, 0.0, 0.0)), NoisyCase(key="b", runs=(1.0,) * 3)], TRIAL
    )
    assert found.flip_rate == pytest.approx((2 / 3 + 0) / 2)


def test_a_quiet_suite_never_raises_a_false_alarm() -> None:
    found = measure_noise(two_runs(0, 60, 40), TRIAL)
    assert (found.flip_rate, found.false_alarms) == (0, 0)


def test_a_noisy_suite_raises_few_false_alarms_and_catches_what_its_power_says() -> None:
    found = measure_noise(two_runs(57, 170, 73), replace(TRIAL, repetitions=300), plant=0.1)
    assert 0 < found.false_alarms < 0.05
    assert found.caught is not None
    assert 0.75 < found.caught < 0.95


def test_a_larger_drop_is_caught_more_often() -> None:
    cases = two_runs(19, 55, 26)
    small, large = (measure_noise(cases, TRIAL, plant=plant).caught or 0 for plant in (0.05, 0.2))
    assert small < large


def test_a_drop_that_leaves_nothing_passing_is_always_caught() -> None:
    short = replace(TRIAL, repetitions=20)
    assert measure_noise(two_runs(0, 100, 0), short, plant=1.0).caught == 1


def test_the_last_case_of_a_plant_breaks_as_often_as_makes_the_drop_right() -> None:
    """Of 100 passes a drop of 0.048 breaks five, which are enough to fail, in eight of ten changes."""
    caught = measure_noise(two_runs(0, 100, 0), TRIAL, plant=0.048).caught
    assert caught is not None
    assert 0.65 < caught < 0.95


def test_the_same_seed_gives_the_same_numbers() -> None:
    cases = two_runs(19, 55, 26)
    short = replace(TRIAL, repetitions=50)
    assert measure_noise(cases, short, plant=0.1) == measure_noise(cases, short, plant=0.1)
    seeds = {measure_noise(cases, replace(short, seed=seed), plant=0.1).caught for seed in range(4)}
    assert len(seeds) > 1


def test_graded_scores_and_clusters_are_tried_with_their_own_test() -> None:
    random = Random(2)
    levels = [random.random() for _ in range(80)]
    cases = [
        NoisyCase(
            key=str(place),
            runs=(level, min(1.0, level + random.random() / 10)),
            cluster=f"ticket-{place // 2}",
        )
        for place, level in enumerate(levels)
    ]
    trial = replace(TRIAL, scale=Scale.UNIT, repetitions=100)
    found = measure_noise(cases, trial, plant=0.2)
    assert found.flip_rate == 1
    assert found.false_alarms < 0.1
    assert (found.caught or 0) > 0.8


def test_a_golden_suite_is_tried_as_one() -> None:
    quiet = two_runs(0, 100, 0)
    trial = replace(TRIAL, rules=replace(RULES, budget=0.5), repetitions=10)
    assert measure_noise(quiet, trial, plant=0.1).caught == 0
    assert measure_noise(quiet, replace(trial, kind="golden"), plant=0.1).caught == 1


@pytest.mark.parametrize("cases", [[], [NoisyCase(key="a", runs=(1.0,))]])
def test_noise_needs_two_runs(cases: list[NoisyCase]) -> None:
    with pytest.raises(ValueError, match="two runs of each"):
        measure_noise(cases, TRIAL)


@pytest.mark.parametrize("plant", [0.0, -0.1, 1.1])
def test_a_plant_is_a_possible_drop(plant: float) -> None:
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        measure_noise(two_runs(1, 1, 1), TRIAL, plant=plant)
