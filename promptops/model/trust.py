"""How far a scorer's metric can be trusted, and what reports tell of the judge behind it."""

from __future__ import annotations

from dataclasses import dataclass

from promptops.model.judging import Calibration
from promptops.model.record import Record

NOT_CALIBRATED = "not calibrated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust(Record):
    """What is known of a scorer beside its scores.

    calibration: a judge's, where it is of this very judge and not too old.
    why_advisory: why its metric may fail no build, in words; empty where it may.
    is_of_any_output: whether verdicts of it were recorded that do not say which output they are of.
    """

    calibration: Calibration | None = None
    why_advisory: tuple[str, ...] = ()
    is_of_any_output: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift(Record):
    """How a judge scores the same outputs at the head and at the base; in units of the score.

    n: cases whose output is the same on both sides, byte for byte. delta: what the judge gives them more at the
    head, with its 95 % interval. adjusted_delta: the difference of the metric less the judge's own, with its
    interval; None where too few cases tell it. cases: whose score the judge alone has changed, sorted by id.
    """

    n: int
    delta: float
    ci_low: float
    ci_high: float
    adjusted_delta: float | None = None
    adjusted_low: float | None = None
    adjusted_high: float | None = None
    cases: tuple[str, ...] = ()

    @property
    def is_proven(self) -> bool:
        """Whether the judge itself has moved, by the interval."""
        return self.ci_low > 0 or self.ci_high < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedRate(Record):
    """A judge's pass rate, and the true one behind it with its 95 % interval; all from 0 to 1."""

    raw: float
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedSide(Record):
    """What a judge said of one side.

    rate: where the judge is calibrated for yes and no.
    answers, unscored: how many it was shown, and of how many it could not tell; None where nobody kept it, as in
        the ledger.
    """

    answers: int | None = None
    unscored: int | None = None
    rate: CorrectedRate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeReport(Record):
    """How far a judge of a suite can be trusted.

    scorer: its name; a member's comes behind its group's.
    calibrated_at, labels, j, j_low, j_high: when it was measured and with how many labels, and which share of a
        true change it shows, with 90 % limits; None where it is not calibrated, or J not defined.
    why_advisory: why it may fail no build; empty where it may.
    base, head: what it said of each side; `base` is None where there is none.
    mde80: the smallest true drop that is found through this judge with 80 % power, at most 1.
    drift: how it scores the same outputs now and then; None where it scores them alike.
    """

    scorer: str
    calibrated_at: str | None = None
    labels: int = 0
    j: float | None = None
    j_low: float | None = None
    j_high: float | None = None
    why_advisory: tuple[str, ...] = ()
    base: JudgedSide | None = None
    head: JudgedSide | None = None
    mde80: float | None = None
    drift: Drift | None = None
