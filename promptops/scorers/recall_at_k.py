from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from promptops.plugin import Example, Record, Sample, Scale, Score, Scorer
from promptops.scorers._retrieval import recall, retrieved, scored


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallAtK(Record):
    """The share of the relevant documents that are among the first `k` of a ranking.

    The documents are those of the answer; what is relevant stands in the case's `relevant` or `expected`.
    A query without a relevant document is left out.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.UNIT
    component: ClassVar[str] = "retriever"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            output="", completion=retrieved("a", "b", "c"), expected=["a", "d"], options={"k": 3}, score=0.5
        ),
        Example(
            output="",
            completion=retrieved("a", "b", "c", "d"),
            expected=["a", "d"],
            options={"k": 4},
            score=1.0,
        ),
        Example(
            output="", completion=retrieved("a", "b", "c", "d"), expected=["d"], options={"k": 3}, score=0.0
        ),
    )

    k: int = field(metadata={"ge": 1})

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        return scored(sample, lambda ranking: recall(ranking, self.k))


PLUGIN: type[Scorer] = RecallAtK
