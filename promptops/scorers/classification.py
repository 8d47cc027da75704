from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from promptops.plugin import Example, Scorer
from promptops.scorers._labels import LabelReading


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification(LabelReading):
    """1 when the label is right: accuracy, with the confusion matrix and the figures of each label in the report.

    The predicted label is the output, the expected one the case's; a list of expected texts means that each
    of them is right. `multiple` reads sets of labels instead: a JSON list, or what commas and lines separate.
    `ignore_case` folds both.
    A set is right when it is the expected one exactly.
    """

    examples: ClassVar[tuple[Example, ...]] = (
        Example(output=" refund\n", expected="refund", score=1.0),
        Example(output="Refund", expected="refund", score=0.0),
        Example(output="Refund", expected="refund", options={"ignore_case": True}, score=1.0),
        Example(output="cash", expected=["refund", "cash"], score=1.0),
        Example(output='["a", "b"]', expected=["b", "a"], options={"multiple": True}, score=1.0),
        Example(output="a", expected=["b", "a"], options={"multiple": True}, score=0.0),
    )


PLUGIN: type[Scorer] = Classification
