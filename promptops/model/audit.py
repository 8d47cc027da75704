"""What an audit of references found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from promptops.model.record import Record


class FindingKind(StrEnum):
    """What may be wrong with references, the worst first."""

    FAILS_OWN_SUITE = "fails_own_suite"
    CONTRADICTING = "contradicting"
    WORSE_THAN_OUTPUTS = "worse_than_outputs"
    LEAK = "leak"
    AGAINST_FEEDBACK = "against_feedback"
    LIKED_BUT_WRONG = "liked_but_wrong"
    DISLIKED_BUT_RIGHT = "disliked_but_right"
    IMPERFECT = "imperfect"
    NEAR_LEAK = "near_leak"
    REPEATED = "repeated"
    NEAR_DUPLICATE = "near_duplicate"

    @property
    def is_bug(self) -> bool:
        """Whether it has to be mended; the rest is worth a look."""
        return self in (
            FindingKind.FAILS_OWN_SUITE,
            FindingKind.CONTRADICTING,
            FindingKind.WORSE_THAN_OUTPUTS,
            FindingKind.LEAK,
            FindingKind.AGAINST_FEEDBACK,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(Record):
    """One thing that was found, about one or more cases.

    `text` is what it is about, `reason` what a scorer or a comparison says of it. `where` is the other side
    of a leak: a dataset, or a prompt whose examples it is; `other` is what it is called there. `other_text`
    is the near text, or the answer that people rated; `similarity` of near texts is at most 1.
    """

    kind: FindingKind
    cases: tuple[str, ...]
    text: str = ""
    reason: str = ""
    where: str = ""
    other: str = ""
    other_text: str = ""
    similarity: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback(Record):
    """How a metric agrees with people's verdicts in the recorded rows; both count as pass or fail.

    `agreement` is phi, from -1 to 1, with its 95 % interval; None where a side never varies.
    """

    metric: str
    people: str
    n: int
    both_good: int
    both_bad: int
    only_metric: int
    only_people: int
    agreement: float | None
    ci_low: float | None
    ci_high: float | None

    @property
    def runs_against(self) -> bool:
        """Whether the metric surely prefers what people reject."""
        return self.ci_high is not None and self.ci_high < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleAgreement(Record):
    """How two people agree on the pairs that both labelled; `kappa` is Cohen's, None where chance alone would agree."""

    people: tuple[str, str]
    pairs: int
    alike: int
    kappa: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencePreference(Record):
    """What people prefer who saw references and outputs side by side, without knowing which is which.

    Of `pairs`, each labelled by one or several of the `people`, in `output_better` most prefer the output.
    `share` is that of the decided ones, with its 95 % interval (Wilson) and the two-sided p of the sign test.
    `stale` labels are of references that were mended since, or of cases that are gone; they do not count.
    `better_outputs` are the cases whose output is better.
    """

    people: tuple[str, ...]
    pairs: int
    output_better: int
    reference_better: int
    ties: int
    both_bad: int
    stale: int
    share: float | None
    ci_low: float | None
    ci_high: float | None
    p: float
    references_are_worse: bool
    better_outputs: tuple[str, ...] = ()
    agreement: tuple[PeopleAgreement, ...] = ()

    @property
    def decided(self) -> int:
        """In how many pairs people prefer one."""
        return self.output_better + self.reference_better


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteAudit(Record):
    """One suite: its cases, how many have a reference, what was found, and what could not be asked.

    `preference` is what people said of references and outputs, where they were asked.
    """

    suite: str
    dataset: str
    cases: int
    references: int
    findings: tuple[Finding, ...]
    skipped: tuple[str, ...] = ()
    feedback: tuple[Feedback, ...] = ()
    preference: ReferencePreference | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetAudit(Record):
    """A dataset that no suite evaluates, such as one to train on: its rows, and which of them say the same."""

    dataset: str
    rows: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceAudit(Record):
    """Suites, the other datasets in which their cases were looked for, and what was not looked at."""

    suites: tuple[SuiteAudit, ...]
    datasets: tuple[DatasetAudit, ...]
    notes: tuple[str, ...]

    @property
    def has_bugs(self) -> bool:
        """Whether anything has to be mended in a suite."""
        return any(finding.kind.is_bug for suite in self.suites for finding in suite.findings)
