"""What the score of a suite is made of: repeats, labels, components."""

from __future__ import annotations

from dataclasses import dataclass

from promptops.model.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFlips(Record):
    """A case whose repeats differ; `rate` is the share of pairs of repeats with another score."""

    id: str
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Flips(Record):
    """How much the repeats of a case differ in the metric that gates.

    `rate` is the mean over `cases` with at least two scores, `flipped` of which differ; the worst are named.
    """

    metric: str
    cases: int
    flipped: int
    rate: float
    worst: tuple[CaseFlips, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSummary(Record):
    """How one label fares; counts are weighted where cases are, a share is None where it is not defined."""

    label: str
    expected: float
    predicted: float
    right: float
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion(Record):
    """How often `predicted` was said where `expected` was right."""

    expected: str
    predicted: str
    n: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusionChange(Record):
    """How often each side said `predicted` where `expected` was right."""

    expected: str
    predicted: str
    base: float
    head: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification(Record):
    """The labels of a suite, by how often they are expected, and the confusion matrix without its zeros.

    `confusions` holds every pair that occurred, also the right ones, the most frequent first; it is empty
    where a case can have several labels. `metric` is the scorer that read the labels.
    """

    metric: str
    labels: tuple[LabelSummary, ...]
    confusions: tuple[Confusion, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Components(Record):
    """Where the answers of a suite that retrieves documents go wrong; counts of cases.

    A document was found where `retriever` scores above 0, an answer is right where `answer` passes.
    right: found, and right. wrong: retrieved but answered wrong. missed: the retrieval missed it, and the
    answer is wrong. without: right without it.
    """

    retriever: str
    answer: str
    right: int
    wrong: int
    missed: int
    without: int
