from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import ClassVar

from promptops.plugin import CaseFailure, Example, Record, Sample, Scale, Score, Scorer

_NUMBER = re.compile(
    r"(?<![\w.])[-+−]?(?:[$€£]\s?)?(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d{1,3})?(?![\w])"
)
_NOISE = str.maketrans({"$": "", "€": "", "£": "", ",": "", " ": "", "−": "-"})
LONGEST_OUTPUT = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NumericMatch(Record):
    """1 when the last number in the output is the expected one, within a tolerance.

    Thousands commas, currency signs and a percent sign do not matter. `tolerance` is absolute,
    `relative_tolerance` a share of the expected number; either is enough.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="That makes 3 + 4 = 7.", expected="7", score=1.0),
        Example(output="$1,250.00", expected=1250, score=1.0),
        Example(output="about 3.14", expected=3.14159, options={"tolerance": 0.01}, score=1.0),
        Example(output="95", expected=100, options={"relative_tolerance": 0.05}, score=1.0),
        Example(output="I cannot say", expected="7", score=0.0),
    )

    tolerance: float = 0.0
    relative_tolerance: float = 0.0

    def __post_init__(self) -> None:
        if self.tolerance < 0 or self.relative_tolerance < 0:
            raise ValueError("a tolerance must not be negative")

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        wanted = [last_number(text) for text in sample.expected_texts()]
        if None in wanted:
            raise CaseFailure("no_expected_number", "the expected value holds no number")
        got = last_number(sample.output)
        if got is None:
            return Score(value=0.0, reason="no number in the output")
        return Score(
            value=float(any(self._fits(got, each) for each in wanted if each is not None)),
            reason=f"got {got}",
        )

    def _fits(self, got: Decimal, wanted: Decimal) -> bool:
        difference = abs(got - wanted)
        relative = Decimal(str(self.relative_tolerance)) * abs(wanted)
        return difference <= max(Decimal(str(self.tolerance)), relative)


def last_number(text: str) -> Decimal | None:
    """The last number of a text, exactly as written; None where there is none."""
    found = _NUMBER.findall(text[-LONGEST_OUTPUT:])
    try:
        return Decimal(found[-1].translate(_NOISE)) if found else None
    except InvalidOperation:
        return None


PLUGIN: type[Scorer] = NumericMatch
