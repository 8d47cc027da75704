from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from promptops.plugin import CaseFailure, Completion, Example, Record, Sample, Scale, Score, Scorer, look_up


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded(Record):
    """A score that stands in the recorded row, at `field`, brought from `low`..`high` to 0..1.

    For the target `recorded`. true and false count as 1 and 0, whatever the range.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.UNIT
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            output="",
            completion=Completion(output="", data={"judge": {"score": 4}}),
            options={"field": "judge.score", "low": 1, "high": 5},
            score=0.75,
        ),
        Example(
            output="", completion=Completion(output="", data={"ok": True}), options={"field": "ok"}, score=1.0
        ),
    )

    field: str
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        if self.low >= self.high:
            raise ValueError("`low` must be less than `high`")

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        value = look_up(sample.completion.data, self.field)
        if isinstance(value, bool):
            return Score(value=float(value))
        if not isinstance(value, (int, float)):
            raise CaseFailure("no_recorded_score", f"the recorded row has no number at `{self.field}`")
        if not self.low <= value <= self.high:
            raise CaseFailure(
                "invalid_score", f"the recorded {value} is not within {self.low:g} to {self.high:g}"
            )
        return Score(value=(value - self.low) / (self.high - self.low))


PLUGIN: type[Scorer] = Recorded
