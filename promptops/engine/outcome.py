from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from promptops.model.record import JsonValue
from promptops.model.result import CaseScored


@dataclass(slots=True)
class CaseOutcome:
    """The scores of one case on one side, one for each repeat in the order in which they came.

    `lost` is the kind of failure by which infrastructure lost a repeat; such a case has no scores that count.
    """

    scores: dict[str, list[float]] = field(default_factory=dict)
    weight: float = 1.0
    cluster: str | None = None
    slices: Mapping[str, JsonValue] = field(default_factory=dict)
    lost: str | None = None

    def add(self, result: CaseScored) -> None:
        """Takes the scores of one repeat; a scorer that could not tell leaves its place empty."""
        for metric, score in result.scores.items():
            values = self.scores.setdefault(metric, [])
            if score.value is not None:
                values.append(score.value)
        self.weight, self.cluster, self.slices = result.weight, result.cluster, result.slices

    def values(self, metric: str) -> tuple[float, ...]:
        """The scores that count."""
        return () if self.lost is not None else tuple(self.scores.get(metric, ()))
