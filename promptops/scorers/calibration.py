from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import ClassVar, cast

from promptops.plugin import Completion, Example, Item, Record, Sample, Scale, Score, SuiteScorer
from promptops.scorers._confidence import confidence_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration(Record):
    """1 minus the expected calibration error: whether answers are right as often as they say.

    The confidence of an answer, from 0 to 1, stands at `field` of what the target returned beside the output.
    Answers are put into `bins` of equal width; in each, the mean confidence is compared with the share that is
    right, where right means equal to an expected text (`ignore_case` folds both). The score of a case says how
    near its confidence was to the truth. (Naeini, Cooper and Hauskrecht 2015)
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.UNIT
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            output="spam",
            expected="spam",
            completion=Completion(output="spam", data={"confidence": 0.75}),
            score=0.75,
        ),
        Example(
            output="Spam",
            expected="spam",
            completion=Completion(output="spam", data={"sure": 0.75}),
            options={"field": "sure", "bins": 5, "ignore_case": True},
            score=0.75,
        ),
    )

    field: str = "confidence"
    bins: int = dataclasses.field(default=10, metadata={"ge": 1, "le": 1000})
    ignore_case: bool = False

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        confidence = confidence_of(sample, self.field)
        is_right = self._folded(sample.output) in map(self._folded, sample.expected_texts())
        return Score(value=confidence if is_right else 1 - confidence, item=(confidence, is_right))

    def statistic(self, items: Sequence[Item], weights: Sequence[float]) -> float:
        """See SuiteScorer."""
        surplus = [0.0] * self.bins
        for (confidence, is_right), weight in zip(
            cast("Sequence[tuple[float, bool]]", items), weights, strict=True
        ):
            surplus[min(self.bins - 1, int(confidence * self.bins))] += weight * (confidence - is_right)
        total = sum(weights)
        return 1 - sum(map(abs, surplus)) / total if total else nan

    def _folded(self, text: str) -> str:
        return text.strip().casefold() if self.ignore_case else text.strip()


PLUGIN: type[SuiteScorer] = Calibration
