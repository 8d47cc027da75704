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
    """

    calibration: Calibration | None = None
    why_advisory: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift(Record):
    """How a judge scores the same outputs at the head and at the base; in units of the score.

    n: cases whose output is the same on both sides, byte for byte. delta: what the judge gives them more at the
    head, with its 95 % interval. adjusted_delta: the difference of the metric less the judge's own, with its
    interval; None where too few cases tell it.
    """

    n: int
    delta: float
    ci_low: float
    ci_high: float
    adjusted_delta: float | None = None
    adjusted_low: float | None = None
    adjusted_high: float | None = None

    @property
    def is_proven(self) -> bool:
        """Whether the judge itself has moved, by the interval."""
        return self.ci_low > 0 or self.ci_high < 0
