from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from promptops.plugin import Example, Record, Sample, Scale, Score, Scorer
from promptops.scorers._listed import comparable, expected_list, listed

MOST_TOLD = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOverlap(Record):
    """How far the items of the output are the expected ones, in whatever order.

    `measure` is `f1`, `precision` (the share of the output's items that is expected), `recall` (the share of the
    expected ones that is there), `jaccard`, or `exact` (1 for the same items, else 0). The output is a JSON list,
    else lines with or without bullets, else what commas or semicolons separate; an item counts once.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.UNIT
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output='["a", "b"]', expected=["b", "a"], score=1.0),
        Example(output="- a\n- x", expected=["a", "b"], score=0.5),
        Example(output="a, b, c, d", expected=["a", "b"], options={"measure": "precision"}, score=0.5),
        Example(output="a", expected=["a", "b"], options={"measure": "recall"}, score=0.5),
        Example(output="a, c", expected=["a", "b"], options={"measure": "jaccard"}, score=1 / 3),
        Example(
            output="A, B", expected=["a", "b"], options={"measure": "exact", "ignore_case": True}, score=1.0
        ),
        Example(output="[]", expected=[], score=1.0),
    )

    measure: Literal["f1", "precision", "recall", "jaccard", "exact"] = "f1"
    ignore_case: bool = False

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        wanted = set(comparable(expected_list(sample), ignore_case=self.ignore_case))
        got = set(comparable(listed(sample.output), ignore_case=self.ignore_case))
        if wanted == got:
            return Score(value=1.0)
        both = len(wanted & got)
        values = {
            "f1": 2 * both / (len(wanted) + len(got)),
            "precision": both / len(got) if got else 0.0,
            "recall": both / len(wanted) if wanted else 1.0,
            "jaccard": both / len(wanted | got),
            "exact": 0.0,
        }
        parts = [("missing", wanted - got), ("not expected", got - wanted)]
        reason = "; ".join(f"{name}: {_told(items)}" for name, items in parts if items)
        return Score(value=values[self.measure], reason=reason)


def _told(items: set[str]) -> str:
    named = ", ".join(f"`{item[:60]}`" for item in sorted(items)[:MOST_TOLD])
    return f"{named} and {len(items) - MOST_TOLD} more" if len(items) > MOST_TOLD else named


PLUGIN: type[Scorer] = ListOverlap
