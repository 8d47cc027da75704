from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from promptops.plugin import Completion, Example, Record, Sample, Scale, Score, Scorer


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxCostUsd(Record):
    """1 when the answer cost at most `value` US dollars; unscored where the price is unknown."""

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            output="", completion=Completion(output="", cost_usd=0.001), options={"value": 0.01}, score=1.0
        ),
        Example(
            output="", completion=Completion(output="", cost_usd=0.1), options={"value": 0.01}, score=0.0
        ),
        Example(
            output="", completion=Completion(output="", cost_usd=None), options={"value": 0.01}, score=None
        ),
    )

    value: float = field(metadata={"ge": 0})

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        cost_usd = sample.completion.cost_usd
        if cost_usd is None:
            return Score(value=None, reason="the price of the model is unknown")
        return Score(value=float(cost_usd <= self.value), reason=f"${cost_usd:g}")


PLUGIN: type[Scorer] = MaxCostUsd
