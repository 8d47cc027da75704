from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from promptops.plugin import Example, Record, Sample, Scale, Score, Scorer
from promptops.scorers._retrieval import reciprocal_rank, retrieved, scored


@dataclass(frozen=True, slots=True, kw_only=True)
class ReciprocalRank(Record):
    """1 divided by the place of the first relevant document, 0 without one; the mean over the cases is the MRR.

    With `k` only the first `k` documents count. The documents are those of the answer; what is relevant
    stands in the case's `relevant` or `expected`. A query without a relevant document is left out.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.UNIT
    component: ClassVar[str] = "retriever"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="", completion=retrieved("a", "b", "c"), expected="b", score=0.5),
        Example(output="", completion=retrieved("a", "b", "c"), expected=["c", "b"], score=0.5),
        Example(output="", completion=retrieved("a", "b", "c"), expected="c", options={"k": 2}, score=0.0),
    )

    k: int | None = field(default=None, metadata={"ge": 1})

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        return scored(sample, lambda ranking: reciprocal_rank(ranking, self.k))


PLUGIN: type[Scorer] = ReciprocalRank
