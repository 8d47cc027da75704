from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from promptops.plugin import Example, Record, Sample, Scale, Score, Scorer
from promptops.scorers._retrieval import average_precision, retrieved, scored


@dataclass(frozen=True, slots=True, kw_only=True)
class AveragePrecision(Record):
    """The average precision of a ranking; the mean over the cases is the MAP.

    That is the precision at the place of each relevant document, 0 for one that was not found, averaged.
    The documents are those of the answer; what is relevant stands in the case's `relevant` or `expected`.
    A query without a relevant document is left out.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.UNIT
    component: ClassVar[str] = "retriever"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="", completion=retrieved("a", "b", "c", "d"), expected=["a", "d"], score=0.75),
        Example(output="", completion=retrieved("a", "b"), expected=["a", "x"], score=0.5),
    )

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        return scored(sample, average_precision)


PLUGIN: type[Scorer] = AveragePrecision
