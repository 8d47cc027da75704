from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from promptops.plugin import Example, Record, Sample, Scale, Score, Scorer
from promptops.scorers._retrieval import ndcg, retrieved, scored


@dataclass(frozen=True, slots=True, kw_only=True)
class NdcgAtK(Record):
    """The normalised discounted cumulative gain of the first `k` documents of a ranking.

    The gain of a document is its grade or, with the `gain` exponential, 2 to the power of its grade less 1;
    the logarithm of its place divides it. 1 is the best that any order could give. The documents are those
    of the answer; what is relevant stands in the case's `relevant` (with grades) or `expected`. A query
    without a relevant document is left out.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.UNIT
    component: ClassVar[str] = "retriever"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            output="", completion=retrieved("a", "b"), expected={"a": 3, "b": 1}, options={"k": 2}, score=1.0
        ),
        Example(
            output="", completion=retrieved("x", "y", "a"), expected={"a": 1}, options={"k": 3}, score=0.5
        ),
        Example(output="", completion=retrieved("a"), expected={"a": 1, "b": 2}, options={"k": 1}, score=0.5),
        Example(
            output="",
            completion=retrieved("a"),
            expected={"a": 1, "b": 2},
            options={"k": 1, "gain": "exponential"},
            score=1 / 3,
        ),
    )

    k: int = field(metadata={"ge": 1})
    gain: Literal["linear", "exponential"] = "linear"

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        return scored(sample, lambda ranking: ndcg(ranking, self.k, exponential=self.gain == "exponential"))


PLUGIN: type[Scorer] = NdcgAtK
