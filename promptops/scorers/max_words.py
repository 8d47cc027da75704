from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from promptops.plugin import Example, Record, Sample, Scale, Score, Scorer, pass_or_fail
from promptops.scorers._measure import words


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxWords(Record):
    """1 when the output has at most `value` words, which are what blanks separate."""

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="two words", options={"value": 2}, score=1.0),
        Example(output="now three words", options={"value": 2}, score=0.0),
    )

    value: int = field(metadata={"ge": 0})

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        count = words(sample.output)
        return pass_or_fail(True) if count <= self.value else pass_or_fail(False, f"{count} words")


PLUGIN: type[Scorer] = MaxWords
