"""What is counted and ranked for a comment. Nothing is laid out here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from promptops.model.comparison import Verdict
from promptops.model.diff import Comparison, SuiteComparison
from promptops.reporters.diff_cases import CaseKind, worst_kind

KIND_WORDS: Mapping[CaseKind, str] = {
    CaseKind.BROKE: "broke",
    CaseKind.FIXED: "fixed",
    CaseKind.LOWER: "scored lower",
    CaseKind.HIGHER: "scored higher",
    CaseKind.ERRORED: "lost",
    CaseKind.ADDED: "added",
    CaseKind.EDITED: "edited",
    CaseKind.REMOVED: "removed",
}
MOST_DECIDING = 3
"""Suites that are told of in sentences."""

HARM = (CaseKind.BROKE, CaseKind.LOWER)
SILENT = (CaseKind.ERRORED, CaseKind.REMOVED, CaseKind.EDITED, CaseKind.ADDED)
"""What the numbers of a metric do not tell."""


@dataclass(frozen=True, slots=True)
class Happened:
    """The cases of a suite to which one thing happened."""

    suite: SuiteComparison
    kind: CaseKind
    ids: Sequence[str]


def happened(comparison: Comparison, *kinds: CaseKind) -> list[Happened]:
    """By kind, then by suite; what broke or was fixed is not called lower or higher as well."""
    found = []
    for kind in kinds:
        for suite in comparison.suites:
            is_graded = kind in (CaseKind.LOWER, CaseKind.HIGHER)
            if kind.ids(suite) and not (is_graded and worst_kind(suite) is CaseKind.BROKE):
                found.append(Happened(suite, kind, kind.ids(suite)))
    return found


def cases_counted(comparison: Comparison, *kinds: CaseKind) -> str:
    """How many cases each of these things happened to; empty where none did."""
    counts = ((kind, sum(len(each.ids) for each in happened(comparison, kind))) for kind in kinds)
    return ", ".join(f"{count:,} {KIND_WORDS[kind]}" for kind, count in counts if count)


def flaky(suite: SuiteComparison) -> int:
    """How many cases the head answered differently when it was asked again."""
    return suite.flips.head.flipped if suite.flips.head else 0


def deciding(comparison: Comparison) -> list[SuiteComparison]:
    """The suites that have the verdict of the whole, the worst first."""
    return by_harm([suite for suite in comparison.suites if suite.verdict is comparison.verdict])


def by_harm(suites: Sequence[SuiteComparison]) -> list[SuiteComparison]:
    """The worst first: by verdict, then by how far the score fell."""

    def harm(suite: SuiteComparison) -> tuple[int, float]:
        primary = suite.primary
        return suite.verdict.rank, (primary.delta or 0.0) if primary else 0.0

    return sorted(suites, key=harm)


def blind(comparison: Comparison) -> list[SuiteComparison]:
    """The suites of which a green check would say more than they know."""
    return [
        suite
        for suite in comparison.suites
        if suite.verdict is Verdict.NO_WORSE and suite.primary is not None and suite.primary.is_blind
    ]


def ruler_changes(comparison: Comparison) -> int:
    """How many changes the branch makes of what measures it."""
    return len(comparison.settings_changes) + sum(len(suite.ruler.changes) for suite in comparison.suites)
