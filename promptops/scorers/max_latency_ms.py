from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from promptops.plugin import Completion, Example, Record, Sample, Scale, Score, Scorer


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxLatencyMs(Record):
    """1 when the answer took at most `value` milliseconds."""

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            output="", completion=Completion(output="", latency_ms=80), options={"value": 100}, score=1.0
        ),
        Example(
            output="", completion=Completion(output="", latency_ms=180), options={"value": 100}, score=0.0
        ),
    )

    value: float = field(metadata={"ge": 0})

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        latency_ms = sample.completion.latency_ms
        return Score(value=float(latency_ms <= self.value), reason=f"{latency_ms:.0f} ms")


PLUGIN: type[Scorer] = MaxLatencyMs
