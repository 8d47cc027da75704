from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import ClassVar, Literal

from promptops.plugin import CaseFailure, Example, Record, Sample, Scale, Score, Scorer
from promptops.scorers._listed import expected_list, listed


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOrder(Record):
    """Whether the expected items stand in the output in their order.

    `measure: pairs` is the share of pairs of expected items that stand in the right order, where a pair with a
    missing item is wrong (Kendall 1938); `exact` is 1 when the items are the expected ones in their order, and no
    others. The output is read as by `list_overlap`; of an item that occurs twice the first place counts.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.UNIT
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="1. a\n2. b\n3. c", expected=["a", "b", "c"], score=1.0),
        Example(output="a, c, b", expected=["a", "b", "c"], score=2 / 3),
        Example(output="a, b", expected=["a", "b", "c"], score=1 / 3),
        Example(output="a, b, x", expected=["a", "b"], options={"measure": "exact"}, score=0.0),
        Example(output="A, B", expected=["a", "b"], options={"ignore_case": True}, score=1.0),
    )

    measure: Literal["pairs", "exact"] = "pairs"
    ignore_case: bool = False

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        wanted = list(dict.fromkeys(map(self._folded, expected_list(sample))))
        got = list(dict.fromkeys(map(self._folded, listed(sample.output))))
        if not wanted:
            raise CaseFailure("no_expected", "the list of expected items is empty")
        if wanted == got or self.measure == "exact" or len(wanted) == 1:
            return Score(value=float(wanted == got or (self.measure == "pairs" and wanted[0] in got)))
        places = {item: place for place, item in enumerate(got)}
        found = [places[item] for item in wanted if item in places]
        missing = len(wanted) - len(found)
        value = _ordered_pairs(found) / comb(len(wanted), 2)
        return Score(
            value=value, reason=f"{missing} of {len(wanted)} missing" if missing else "another order"
        )

    def _folded(self, text: str) -> str:
        return text.casefold() if self.ignore_case else text


def _ordered_pairs(places: Sequence[int]) -> int:
    """How many pairs rise."""
    before: list[int] = []
    count = 0
    for place in places:
        count += bisect_left(before, place)
        insort(before, place)
    return count


PLUGIN: type[Scorer] = ListOrder
