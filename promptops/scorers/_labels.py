"""Labels that were predicted and expected, and what is counted of them.

An item is a pair of tuples, the predicted labels and the expected ones; where a case has one label they hold
one each. Labels that are expected nowhere (outputs may be anything) are wrong predictions, and no label of
their own: a mean over labels is one over those that are expected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import ClassVar, Literal, cast

from promptops.plugin import CaseFailure, Item, Record, Sample, Scale, Score
from promptops.scorers._listed import expected_list, listed

LONGEST_LABEL = 200
"""An output that is no label is not kept whole."""

Labels = tuple[tuple[str, ...], tuple[str, ...]]
Average = Literal["macro", "micro", "weighted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelReading(Record):
    """How labels are read; base of the scorers that count them."""

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    gives_labels: ClassVar[bool] = True

    ignore_case: bool = False
    multiple: bool = False

    def score(self, sample: Sample) -> Score:
        """1 when the labels are right, and the labels for the whole suite. See Scorer."""
        said, wanted = self.read(sample)
        right = set(said) == set(wanted)
        reason = "" if right else f"{_told(said)} instead of {_told(wanted)}"
        return Score(value=float(right), reason=reason, item=(said, wanted))

    def read(self, sample: Sample) -> Labels:
        """What was predicted and what was expected."""
        if self.multiple:
            return self._unique(listed(sample.output)), self._unique(expected_list(sample))
        said = self._folded(sample.output)
        accepted = [self._folded(text) for text in sample.expected_texts()]
        if not accepted:
            raise CaseFailure("no_expected", "the list of expected labels is empty")
        return (said,), (said if said in accepted else accepted[0],)

    def _unique(self, labels: Sequence[str]) -> tuple[str, ...]:
        return tuple(sorted({self._folded(label) for label in labels if label.strip()}))

    def _folded(self, text: str) -> str:
        text = text.strip()[:LONGEST_LABEL]
        return text.casefold() if self.ignore_case else text


def _told(labels: Sequence[str]) -> str:
    return ", ".join(f"`{label}`" for label in labels) or "no label"


@dataclass(slots=True)
class Counts:
    """Weights of a label: where it was right, where it was predicted, where it was expected."""

    right: float = 0.0
    predicted: float = 0.0
    expected: float = 0.0

    def add(self, other: Counts) -> None:
        """Takes in the counts of another label."""
        self.right += other.right
        self.predicted += other.predicted
        self.expected += other.expected

    @property
    def precision(self) -> float:
        """0 where it was never predicted, as scikit-learn has it."""
        return self.right / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """NaN where it is never expected."""
        return self.right / self.expected if self.expected else nan

    @property
    def f1(self) -> float:
        """NaN where it is neither predicted nor expected."""
        both = self.predicted + self.expected
        return 2 * self.right / both if both else nan


def counts_by_label(items: Sequence[Item], weights: Sequence[float]) -> Mapping[str, Counts]:
    """The counts of every label that was predicted or expected."""
    counts: dict[str, Counts] = {}
    for item, weight in zip(cast("Sequence[Labels]", items), weights, strict=True):
        said, wanted = item
        for label in said:
            counts.setdefault(label, Counts()).predicted += weight
        for label in wanted:
            kept = counts.setdefault(label, Counts())
            kept.expected += weight
            if label in said:
                kept.right += weight
    return counts


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelAverage(LabelReading):
    """A share of each label, averaged; base of `precision`, `recall` and `f1`."""

    share: ClassVar[str] = ""

    average: Average = "macro"
    label: str | None = None

    def statistic(self, items: Sequence[Item], weights: Sequence[float]) -> float:
        """See SuiteScorer."""
        counts = counts_by_label(items, weights)
        if self.label is not None:
            return self._share(counts.get(self._folded(self.label), Counts()))
        if self.average == "micro":
            pooled = Counts()
            for each in counts.values():
                pooled.add(each)
            return self._share(pooled)
        known = [each for each in counts.values() if each.expected]
        if not known:
            return nan
        by = [each.expected if self.average == "weighted" else 1.0 for each in known]
        return sum(weight * self._share(each) for weight, each in zip(by, known, strict=True)) / sum(by)

    def _share(self, counts: Counts) -> float:
        return cast("float", getattr(counts, self.share))
