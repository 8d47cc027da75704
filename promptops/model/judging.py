"""People's labels of outputs, and how a judge compares with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from promptops.model.record import JsonValue, Record

PASS = "pass"  # noqa: S105 - no password
FAIL = "fail"
UNSURE = "cannot_tell"
"""What a person or a judge says where the texts do not tell."""
FIRST, SECOND, TIE = "first", "second", "tie"
"""What is said of two texts."""

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
