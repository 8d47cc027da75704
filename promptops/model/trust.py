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
