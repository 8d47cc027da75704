"""How noisy a suite is, as reports tell it."""

from __future__ import annotations

from dataclasses import dataclass

from promptops.model.diff import BaseState
from promptops.model.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteNoise(Record):
    """One cell of the base against itself; shares and drops lie in [0, 1].

    `runs` independent sets of answers were held together, from the ledger or evaluated for it (`how`);
    `missing` cases have no score in one of them. `false_alarms` is the share of `repetitions` imagined
    harmless changes that the gate would fail, `caught` the share of those with the drop `plant`.
    `mde80` is the smallest true drop that is found with 80 % power, 1 where none is.
    """

    suite: str
    prompt: str | None
    model: str | None
    target: str
    metric: str
    deterministic: bool
    how: str
    runs: int
    cases: int
    missing: int
    flip_rate: float
    false_alarms: float
    repetitions: int
    mde80: float
    cases_for_5: int
    cases_for_10: int
    plant: float | None
    caught: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseReport(Record):
    """All that `noise` found out; `too_many_missing` says that too few cases are left to go by."""

    base: BaseState
    suites: tuple[SuiteNoise, ...]
    too_many_missing: bool
    calls: int
    paid_usd: float | None
