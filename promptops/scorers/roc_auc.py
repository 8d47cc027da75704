from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import nan
from typing import ClassVar, cast

from promptops.plugin import Completion, Example, Item, Record, Sample, Scale, Score, SuiteScorer
from promptops.scorers._confidence import confidence_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RocAuc(Record):
    """Area under the ROC curve: how often a positive case has a higher confidence than a negative one.

    A case is positive when its expected label is `positive`. The confidence that it is, from 0 to 1, stands at
    `field` of what the target returned beside the output (a recorded row, the answer of an application). The
    score of a case says how near the confidence was to the truth. Ties count half (Hanley and McNeil 1982).
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.UNIT
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            output="spam",
            expected="spam",
            completion=Completion(output="spam", data={"confidence": 0.75}),
            options={"positive": "spam"},
            score=0.75,
        ),
        Example(
            output="spam",
            expected="ham",
            completion=Completion(output="spam", data={"p": {"spam": 0.75}}),
            options={"positive": "spam", "field": "p.spam"},
            score=0.25,
        ),
    )

    positive: str
    field: str = "confidence"

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        confidence = confidence_of(sample, self.field)
        is_positive = self.positive in sample.expected_texts()
        return Score(value=confidence if is_positive else 1 - confidence, item=(confidence, is_positive))

    def statistic(self, items: Sequence[Item], weights: Sequence[float]) -> float:
        """See SuiteScorer; the share of pairs in the right order."""
        known = cast("Sequence[tuple[float, bool]]", items)
        rows = sorted(
            (confidence, positive, weight)
            for (confidence, positive), weight in zip(known, weights, strict=True)
        )
        below = ordered = positives = 0.0
        for _, group in groupby(rows, key=lambda row: row[0]):
            tied = list(group)
            here = sum(weight for _, positive, weight in tied if positive)
            others = sum(weight for _, positive, weight in tied if not positive)
            ordered += here * (below + others / 2)
            below += others
            positives += here
        return ordered / (positives * below) if positives and below else nan


PLUGIN: type[SuiteScorer] = RocAuc
