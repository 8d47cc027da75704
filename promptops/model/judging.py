"""People's labels of outputs, and how a judge compares with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from promptops.model.judge_calls import JudgeCalls
from promptops.model.record import JsonValue, Record

PASS = "pass"  # noqa: S105 - no password
FAIL = "fail"
UNSURE = "cannot_tell"
"""What a person or a judge says where the texts do not tell."""
FIRST, SECOND, TIE = "first", "second", "tie"
"""What is said of two texts."""
BOTH_BAD = "both_bad"
"""What people may also say of a reference and an output: a tie in which neither is any good."""

COUNT = {"ge": 0, "le": 10**9}
"""Bounds of what is counted: a file may say anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label(Record):
    """What one person said of one output of a case.

    label: `pass`, `fail` or `cannot_tell`; of a judge with `range` the number, with `choices` the choice, of a
        pairwise one `first`, `second` or `tie` (as the judge's `compare` names the texts).
    output: the text that was labelled, word for word.
    by, at: who, and when (UTC, ISO 8601).
    version: which prompt gave the output, as its digest or any name; judges are asked for bias between them.
    fields: those of the case, where no dataset of the suite holds it.
    """

    case: str
    output: str
    label: str | float
    by: str
    at: str
    version: str | None = None
    fields: Mapping[str, JsonValue] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeTable(Record):
    """A judge beside people: counts of passes and fails that it calls so (tp, tn) or not (fn, fp)."""

    tp: int = field(metadata=COUNT)
    fn: int = field(metadata=COUNT)
    tn: int = field(metadata=COUNT)
    fp: int = field(metadata=COUNT)

    @property
    def labels(self) -> int:
        """How many outputs people labelled."""
        return self.tp + self.fn + self.tn + self.fp

    @property
    def rarer(self) -> int:
        """How many labels the rarer class has."""
        return min(self.tp + self.fn, self.tn + self.fp)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionError(Record):
    """How far a judge's passes lie above people's among the outputs of one version of the prompt.

    n: outputs. total, squares: the sum of judge minus person (-1, 0 or 1 each), and of its square.
    """

    version: str
    n: int = field(metadata=COUNT)
    total: float
    squares: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration(Record):
    """A judge measured against people, as it is committed: counts, from which all else is computed anew.

    judge: the digest of the judge that was measured; another one is not calibrated by this.
    at: when (UTC, ISO 8601).
    labels: the digest of the labels that were used.
    unscored: labelled outputs of which the judge could not tell; `missing`: of which it gave no verdict at all.
    asked_again, flipped: of so many outputs the verdict was asked for again, and in so many it was another.
    """

    judge: str
    at: str
    labels: str
    people: tuple[str, ...]
    table: JudgeTable
    unscored: int = field(default=0, metadata=COUNT)
    missing: int = field(default=0, metadata=COUNT)
    asked_again: int = field(default=0, metadata=COUNT)
    flipped: int = field(default=0, metadata=COUNT)
    versions: tuple[VersionError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed(Record):
    """How two kinds of verdicts on the same `n` outputs agree; None where it is not defined."""

    n: int
    agreement: float | None
    kappa: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleAgreed(Record):
    """How two people agree on what both labelled."""

    one: str
    other: str
    agreed: Agreed


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate(Record):
    """A number with its limits."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionBias(Record):
    """What a judge that saw two texts in both orders makes of the order.

    n: outputs with a verdict in both. first_rate: the share of verdicts for what was shown first, ties half.
    same: in so many the verdict was the same. kappa: agreement of both orders. straight, turned: agreement of each
    order with people.
    """

    n: int
    first_rate: float
    same: int
    kappa: float | None
    straight: Agreed
    turned: Agreed


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRates(Record):
    """Shares of passes among the outputs of one version of the prompt."""

    version: str
    n: int
    judge_rate: float
    human_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement(Record):
    """An output that people and the judge see differently; the text is cut."""

    case: str
    version: str | None
    human: str | float
    judge: str | float
    reason: str
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRate(Record):
    """The share of passes of the newest run's outputs: as the judge has it, and with its errors taken into account.

    method: `ppi` where people labelled some of these outputs (`labelled`), `rogan_gladen` where they labelled others.
    human: from labels alone. weight: how far the judge's verdicts count in `ppi`, 0 to 1.
    """

    run: str
    n: int
    labelled: int
    raw: float
    method: str
    corrected: Estimate | None
    human: Estimate | None
    weight: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationReport(Record):
    """A judge beside people.

    labels: outputs with one verdict of people; `split`: with as many for as against; `gone`: whose case the dataset
    no longer has; `shown` more are its examples. classes: over all labels; without_ties: over
    those where neither calls a tie. why_not: why it may
    fail no build; empty where it may. Rates lie in [0, 1], limits are those of 90 % for rates of the judge.
    """

    suite: str
    scorer: str
    calibration: Calibration
    labels: int
    split: int
    shown: int
    gone: int
    human: tuple[PeopleAgreed, ...]
    human_alpha: float | None
    sensitivity: Estimate | None
    specificity: Estimate | None
    j: Estimate | None
    agreement: float | None
    kappa: float | None
    ac1: float | None
    classes: Agreed
    without_ties: Agreed | None
    position: PositionBias | None
    length: Estimate | None
    versions: tuple[VersionRates, ...]
    disagreements: tuple[Disagreement, ...]
    rate: RunRate | None
    why_not: tuple[str, ...]
    calls: JudgeCalls = field(default_factory=JudgeCalls)
    written: str | None = None
