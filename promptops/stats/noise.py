"""The gate tried on a suite's own noise: what it does to a harmless change, and to a planted drop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import fsum
from random import Random

from promptops.model.comparison import GateRules, Verdict
from promptops.model.result import Scale
from promptops.stats.compare import compare
from promptops.stats.evidence import SAME, Kind
from promptops.stats.pairs import Pair
from promptops.stats.power import cases_for_drop, mde_binary

FEWEST_RUNS = 2
REPETITIONS = 1000
BREAKS_PER_DROP = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class NoisyCase:
    """One case and its score in each of two or more independent runs of the same thing."""

    key: str
    runs: tuple[float, ...]
    weight: float = 1.0
    cluster: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateTrial:
    """How the gate is tried: its rules, and so many imagined changes from one seed."""

    rules: GateRules
    scale: Scale
    kind: Kind = "sample"
    repetitions: int = REPETITIONS
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """What two runs of the same thing show; shares lie in [0, 1], drops are in units of the score.

    flip_rate: cases whose score differs between two runs.
    false_alarms: harmless changes that the gate would fail.
    mde80: the smallest true drop found with 80 % power; 1 where none is.
    cases_for_5, cases_for_10: cases that a drop of 5 and of 10 points needs.
    caught: changes with the planted drop that the gate would fail; None where none was planted.
    """

    cases: int
    flip_rate: float
    false_alarms: float
    mde80: float
    cases_for_5: int
    cases_for_10: int
    caught: float | None


def measure_noise(cases: Sequence[NoisyCase], trial: GateTrial, plant: float | None = None) -> Noise:
    """Measure a suite's noise, and the gate against it.

    A harmless change is imagined by taking, case by case, two of its runs in random order, one as
    the base and one as the head. A planted drop D then breaks cases at random until the sum of scores
    fell by 1.5 D a case, and raises others by 0.5 D a case, as real regressions do. `mde80` and the
    cases that a drop needs rest on the same churn.

    Args:
        cases: at least one, each with as many runs; all scores in [0, 1].
        trial: how the gate is tried.
        plant: a drop above 0 and at most 1, in units of the score, or None.

    Raises:
        ValueError: there is no case, one has fewer than two runs, or the plant is out of range.
    """
    if not cases or any(len(case.runs) < FEWEST_RUNS for case in cases):
        raise ValueError("noise needs at least one case, and two runs of each")
    if plant is not None and not 0 < plant <= 1:
        raise ValueError(f"a planted drop is above 0 and at most 1, not {plant}")
    spread = _mean(_squared_difference(case.runs) for case in cases)
    return Noise(
        cases=len(cases),
        flip_rate=_mean(_flips(case.runs) for case in cases),
        false_alarms=_failed(cases, trial, lambda heads, _: heads),
        mde80=mde_binary(len(cases), spread),
        cases_for_5=cases_for_drop(0.05, spread),
        cases_for_10=cases_for_drop(0.10, spread),
        caught=None if plant is None else _failed(cases, trial, _planter(plant, trial.scale)),
    )


Change = Callable[[list[float], Random], list[float]]


def _failed(cases: Sequence[NoisyCase], trial: GateTrial, change: Change) -> float:
    """The share of imagined changes that the gate fails."""
    random = Random(trial.seed)  # noqa: S311 - no secret
    failed = 0
    for _ in range(trial.repetitions):
        drawn = [_two_of(case.runs, random) for case in cases]
        heads = change([head for _, head in drawn], random)
        pairs = [
            Pair(key=case.key, base=(base,), head=(head,), weight=case.weight, cluster=case.cluster)
            for case, (base, _), head in zip(cases, drawn, heads, strict=True)
        ]
        found = compare(pairs, metric="noise", rules=trial.rules, scale=trial.scale, kind=trial.kind)
        failed += found.verdict is Verdict.REGRESSED
    return failed / trial.repetitions


def _two_of(runs: Sequence[float], random: Random) -> tuple[float, float]:
    """Two different runs in random order; `Random.sample` takes three times as long."""
    first, second = int(random.random() * len(runs)), int(random.random() * (len(runs) - 1))
    return runs[first], runs[second + (second >= first)]


def _planter(drop: float, scale: Scale) -> Change:
    def planted(heads: list[float], random: Random) -> list[float]:
        room = fsum(1 - head for head in heads)
        gain = min((BREAKS_PER_DROP - 1) * drop * len(heads), room)
        loss = drop * len(heads) + gain
        order = random.sample(range(len(heads)), len(heads))
        changed = list(heads)
        for place, amount in _spent(loss, order, heads, scale, random):
            changed[place] -= amount
        rooms = [1 - head for head in heads]
        for place, amount in _spent(gain, order[::-1], rooms, scale, random):
            changed[place] += amount
        return changed

    return planted


def _spent(
    total: float, order: Sequence[int], available: Sequence[float], scale: Scale, random: Random
) -> Iterable[tuple[int, float]]:
    """Places in their order with what is taken of each until the total is spent.

    The last one may hold more than is left: a graded score gives a part, a pass all or nothing.
    """
    for place in order:
        if total <= SAME:
            return
        amount = available[place]
        if amount > total:
            whole = scale is Scale.BINARY
            amount = (amount if random.random() < total / amount else 0.0) if whole else total
            total = 0.0
        total -= amount
        yield place, amount


def _flips(runs: Sequence[float]) -> float:
    return _mean(abs(first - second) > SAME for first, second in combinations(runs, 2))


def _squared_difference(runs: Sequence[float]) -> float:
    return _mean((first - second) ** 2 for first, second in combinations(runs, 2))


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return fsum(known) / len(known)
