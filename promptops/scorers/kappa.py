from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import ClassVar, cast

from promptops.plugin import Example, Item, SuiteScorer
from promptops.scorers._labels import LabelReading, Labels, counts_by_label


@dataclass(frozen=True, slots=True, kw_only=True)
class Kappa(LabelReading):
    """Cohen's kappa of predicted and expected labels: agreement beyond what chance would give.

    From 0 (no better than chance; less counts as 0) to 1. Labels are read as by `classification`: the output
    against the expected text, `ignore_case` folds both; `multiple` takes each set of labels as one label. The
    score of a case is 1 when its label is right. (Cohen 1960, Educational and Psychological Measurement 20:37)
    """

    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="refund", expected="refund", score=1.0),
        Example(output="Refund", expected="refund", options={"ignore_case": True}, score=1.0),
        Example(output="a, b", expected=["b", "a"], options={"multiple": True}, score=1.0),
    )

    def statistic(self, items: Sequence[Item], weights: Sequence[float]) -> float:
        """See SuiteScorer."""
        whole = [
            (("\0".join(said),), ("\0".join(wanted),)) for said, wanted in cast("Sequence[Labels]", items)
        ]
        counts = counts_by_label(whole, weights).values()
        total = sum(weights)
        agreement = sum(each.right for each in counts) / total
        by_chance = sum(each.predicted * each.expected for each in counts) / total**2
        return max(0.0, (agreement - by_chance) / (1 - by_chance)) if by_chance < 1 else nan


PLUGIN: type[SuiteScorer] = Kappa
