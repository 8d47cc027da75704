from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from promptops.plugin import Example, SuiteScorer
from promptops.scorers._labels import LabelAverage


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall(LabelAverage):
    """Recall: how many of the cases of a label are found, over the whole suite.

    `average` is `macro` (each label counts alike), `weighted` (by how often it is expected) or `micro` (all
    cases pooled); `label` takes one label alone. The score of a case is 1
    when its label is right.

    The predicted label is the output, the expected one the case's; a list of expected texts means that each
    of them is right. `multiple` reads sets of labels instead: a JSON list, or what commas and lines separate.
    `ignore_case` folds both.
    """

    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="refund", expected="refund", score=1.0),
        Example(output="Refund", expected="refund", options={"ignore_case": True}, score=1.0),
        Example(output="late, refund", expected=["refund", "late"], options={"multiple": True}, score=1.0),
    )
    share: ClassVar[str] = "recall"


PLUGIN: type[SuiteScorer] = Recall
