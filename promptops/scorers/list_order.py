from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb
from typing import ClassVar, Literal

from promptops.plugin import CaseFailure, Example, Record, Sample, Scale, Score, Scorer
from promptops.scorers._listed import comparable, expected_list, listed


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOrder(Record):
    """Whether the expected items stand in the output in their order.

    `measure: pairs` is the share of pairs of expected items that stand in the right order, where a pair with a
    missing item is wrong (Kendall 1938); `exact` is 1 when the items are the expected ones in their order, and no
    others. The output is read as by `list_overlap`. The second `a` of the output is that of the expected list.
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
        wanted = comparable(expected_list(sample), ignore_case=self.ignore_case)
        got = comparable(listed(sample.output), ignore_case=self.ignore_case)
        if not wanted:
            raise CaseFailure("no_expected", "the list of expected items is empty")
        if wanted == got:
            return Score(value=1.0)
        places = {item: place for place, item in enumerate(_numbered(got))}
        found = [places[item] for item in _numbered(wanted) if item in places]
        missing = len(wanted) - len(found)
        reason = f"{missing} of {len(wanted)} missing" if missing else "another order, or more items"
        if self.measure == "exact":
            return Score(value=0.0, reason=reason)
        if len(wanted) == 1:
            return Score(value=float(bool(found)), reason=reason if missing else "")
        value = _ordered_pairs(found) / comb(len(wanted), 2)
        return Score(value=value, reason=reason if value < 1 else "")


def _numbered(items: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Each item with how often it stood before."""
    seen = Counter[str]()
    for item in items:
        yield item, seen[item]
        seen[item] += 1


def _ordered_pairs(places: Sequence[int]) -> int:
    """How many pairs rise."""
    before: list[int] = []
    count = 0
    for place in places:
        count += bisect_left(before, place)
        insort(before, place)
    return count


PLUGIN: type[Scorer] = ListOrder
