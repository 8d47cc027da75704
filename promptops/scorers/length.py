from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from promptops.plugin import Example, Record, Sample, Scale, Score, Scorer, pass_or_fail
from promptops.scorers._measure import UNITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Length(Record):
    """1 when the output has at least `min` and at most `max` words, or what `unit` says.

    Words are what blanks separate; characters are composed ones; sentences end with `.`, `!` or `?` before a
    blank, or with a full stop of Chinese and Japanese; lines that are blank do not count.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="two words", options={"min": 2, "max": 2}, score=1.0),
        Example(output="now three words", options={"max": 2}, score=0.0),
        Example(output="naïve", options={"unit": "characters", "min": 5, "max": 5}, score=1.0),
        Example(
            output="It costs $3.50. Is that all? Dr. No says e.g. this.",
            options={"unit": "sentences", "min": 3, "max": 3},
            score=1.0,
        ),
        Example(output="- one\n\n- two", options={"unit": "lines", "max": 2}, score=1.0),
    )

    unit: Literal["words", "characters", "sentences", "lines"] = "words"
    min: int | None = field(default=None, metadata={"ge": 0})
    max: int | None = field(default=None, metadata={"ge": 0})

    def __post_init__(self) -> None:
        if self.min is None and self.max is None:
            raise ValueError("`min` or `max` is needed")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("`min` must not be more than `max`")

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        count = UNITS[self.unit](sample.output)
        fits = (self.min is None or count >= self.min) and (self.max is None or count <= self.max)
        return pass_or_fail(True) if fits else pass_or_fail(False, f"{count} {self.unit}")


PLUGIN: type[Scorer] = Length
