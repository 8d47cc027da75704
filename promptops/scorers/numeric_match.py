from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import ClassVar

from promptops.plugin import CaseFailure, Example, Record, Sample, Scale, Score, Scorer

# A number begins neither inside a word (`H2O`) nor behind the point of another one (`1.2.3`), and a
# sign behind a number is a minus between two (`16-3`). Every part is taken whole, so that no text,
# however odd, is searched twice.
_NUMBER = re.compile(
    r"(?<![^\W_])(?<!\d\.)(?P<sign>[-+−]?)(?:[$€£¥₹]\s?)?"
    r"(?P<whole>\d+(?:,\d+)*)?(?P<rest>(?(whole)(?:\.\d+)?|(?<!\.)\.\d+)(?:[eE][-+]?\d{1,3}(?!\d))?)"
)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}")
LONGEST_OUTPUT = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NumericMatch(Record):
    """1 when the last number in the output is the expected one, within a tolerance.

    Thousands commas, currency signs and a percent sign do not matter; the decimal mark is a point.
    `tolerance` is absolute, `relative_tolerance` a share of the expected number; either is enough.
    An expected list means that each of its numbers is right.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="That makes 3 + 4 = 7.", expected="7", score=1.0),
        Example(output="$1,250.00", expected=1250, score=1.0),
        Example(output="It weighs 15kg", expected=15, score=1.0),
        Example(output="about 3.14", expected=3.14159, options={"tolerance": 0.01}, score=1.0),
        Example(output="95", expected=100, options={"relative_tolerance": 0.05}, score=1.0),
        Example(output="I cannot say", expected="7", score=0.0),
    )

    tolerance: float = field(default=0.0, metadata={"ge": 0})
    relative_tolerance: float = field(default=0.0, metadata={"ge": 0})

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        numbers = [_expected_number(text) for text in sample.expected_texts()]
        wanted = [number for number in numbers if number is not None]
        if not wanted:
            raise CaseFailure("no_expected_number", "the expected value holds no number")
        got = last_number(sample.output)
        if got is None:
            return Score(value=0.0, reason="no number in the output")
        return Score(value=float(any(self._fits(got, each) for each in wanted)), reason=f"got {got}")

    def _fits(self, got: Decimal, wanted: Decimal) -> bool:
        if got == wanted:
            return True
        relative = Decimal(str(self.relative_tolerance)) * abs(wanted)
        return abs(got - wanted) <= max(Decimal(str(self.tolerance)), relative)


@lru_cache(maxsize=10_000)
def _expected_number(text: str) -> Decimal | None:
    """Each is asked for on both sides, and in every repeat."""
    return last_number(text)


def last_number(text: str) -> Decimal | None:
    """The last number of a text, exactly as written; None where there is none."""
    last = None
    for match in _NUMBER.finditer(text[-LONGEST_OUTPUT:]):
        last = match
    if last is None:
        return None
    if last[0].isdigit():
        return Decimal(last[0])
    sign, whole, rest = last["sign"].replace("−", "-"), last["whole"] or "", last["rest"]
    if "," in whole and not _GROUPED.fullmatch(whole):
        sign, whole = "", whole.rpartition(",")[2]
    return Decimal(sign + whole.replace(",", "") + rest)


PLUGIN: type[Scorer] = NumericMatch
