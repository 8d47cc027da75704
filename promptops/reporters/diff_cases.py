"""Which cases of a comparison are shown, and what both sides made of them. Nothing is laid out here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import fsum

from promptops.files.codec import encode
from promptops.model.comparison import Method
from promptops.model.diff import Comparison, SuiteComparison
from promptops.model.record import JsonValue
from promptops.model.result import CaseErrored, CaseResult, CaseScored

FIRST = 3
Results = Iterable[tuple[int, CaseResult]]
CaseKey = tuple[int, str]
"""The number of a cell in the journal of the run, and a case's id."""


class CaseKind(StrEnum):
    """What became of a case; the names of the lists of `CaseIds`."""

    BROKE = "broke"
    FIXED = "fixed"
    LOWER = "lower"
    HIGHER = "higher"
    ERRORED = "errored"
    ADDED = "added"
    EDITED = "edited"
    REMOVED = "removed"

    def ids(self, suite: SuiteComparison) -> tuple[str, ...]:
        """The cases of a suite that this happened to."""
        ids: tuple[str, ...] = getattr(suite.case_ids, self.value)
        return ids


@dataclass(frozen=True, slots=True)
class Wanted:
    """A case of one suite of the comparison."""

    suite: SuiteComparison
    id: str

    def places(self) -> Iterator[CaseKey]:
        """Where its results stand in the journal of the run."""
        for cell in (self.suite.base_cell, self.suite.head_cell, self.suite.branch_cell):
            if cell is not None:
                yield cell, self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """A case with its results, one for each repeat; none where a side is not in the journal.

    `kinds` is all that happened to it. `branch` is what the head made of the case as the branch has it, by
    the branch's ruler.
    """

    suite: SuiteComparison
    id: str
    kinds: tuple[CaseKind, ...] = ()
    base: tuple[CaseResult, ...] = ()
    head: tuple[CaseResult, ...] = ()
    branch: tuple[CaseResult, ...] = ()

    @property
    def pair(self) -> tuple[CaseResult | None, CaseResult | None]:
        """One result of each side: where they differ in their scores, two that show it."""
        fell = self._mean(self.head) <= self._mean(self.base)
        return self._extreme(self.base, best=fell), self._extreme(self.head or self.branch, best=not fell)

    @property
    def rank(self) -> tuple[bool, float, float, str]:
        """Sorts what is sure to have broken to the front, then what fell furthest."""
        unsure = self.id not in self.suite.case_ids.stable_breaks
        return unsure, self._mean(self.head) - self._mean(self.base), self._mean(self.head), self.id

    def values(self, results: Sequence[CaseResult], metric: str) -> list[float]:
        """The scores of some results in a metric."""
        scores = [each.scores.get(metric) for each in results if isinstance(each, CaseScored)]
        return [score.value for score in scores if score is not None and score.value is not None]

    def _mean(self, results: Sequence[CaseResult]) -> float:
        values = self.values(results, self._primary)
        return fsum(values) / len(values) if values else 0.0

    def _extreme(self, results: Sequence[CaseResult], *, best: bool) -> CaseResult | None:
        def value(result: CaseResult) -> float:
            # A case that was lost shows nothing while another result is at hand.
            return sum(self.values([result], self._primary)) * (1 if best else -1)

        scored = [each for each in results if isinstance(each, CaseScored)]
        return max(scored or results, key=value, default=None)

    @property
    def _primary(self) -> str:
        primary = self.suite.primary
        return primary.metric if primary is not None else ""


def kinds_of(suite: SuiteComparison) -> dict[str, tuple[CaseKind, ...]]:
    """All that happened to the cases of a suite; a case that broke is not called lower as well."""
    found: dict[str, list[CaseKind]] = {}
    for kind in CaseKind:
        for id_ in kind.ids(suite):
            found.setdefault(id_, []).append(kind)
    crossed = {CaseKind.BROKE, CaseKind.FIXED}
    graded = {CaseKind.LOWER, CaseKind.HIGHER}
    return {
        id_: tuple(kind for kind in kinds if not (kind in graded and crossed.intersection(kinds)))
        for id_, kinds in found.items()
    }


def worst_kind(suite: SuiteComparison) -> CaseKind:
    """The list in which a suite's harm stands: broke, or lower for graded scores."""
    primary = suite.primary
    graded = primary is not None and primary.broke is None and primary.test is not Method.GOLDEN
    return CaseKind.LOWER if graded else CaseKind.BROKE


def harmed(comparison: Comparison) -> list[Wanted]:
    """The cases that a report shows by itself some of."""
    return [Wanted(suite, id_) for suite in comparison.suites for id_ in worst_kind(suite).ids(suite)]


def first_lost(comparison: Comparison) -> list[Wanted]:
    """One lost case of each suite, which tells why."""
    return [Wanted(suite, id_) for suite in comparison.suites for id_ in suite.case_ids.errored[:1]]


def of_kind(comparison: Comparison, kind: CaseKind) -> list[Wanted]:
    """Every case that something happened to."""
    return [Wanted(suite, id_) for suite in comparison.suites for id_ in kind.ids(suite)]


def every_case(comparison: Comparison, results: Results) -> list[Wanted]:
    """Every case that was run or that something happened to, by suite."""
    ids: dict[int, dict[str, None]] = {}
    for cell, result in results:
        ids.setdefault(cell, {})[result.case_id] = None
    found = []
    for suite in comparison.suites:
        cells = (suite.base_cell, suite.head_cell, suite.branch_cell)
        run = [id_ for cell in cells if cell is not None for id_ in ids.get(cell, ())]
        happened = [id_ for kind in CaseKind for id_ in kind.ids(suite)]
        found += [Wanted(suite, id_) for id_ in dict.fromkeys([*run, *happened])]
    return found


def named(comparison: Comparison, name: str) -> list[Wanted]:
    """The cases called `ID`, or `SUITE:ID`; whether there are any is only known from their results."""
    suite_name, colon, id_ = name.partition(":")
    return [
        *(Wanted(suite, name) for suite in comparison.suites),
        *(Wanted(suite, id_) for suite in comparison.suites if colon and suite.suite == suite_name),
    ]


def views(wanted: Sequence[Wanted], results: Results) -> list[CaseView]:
    """The cases with what the journal has of them, in the order of the suites, the worst first."""
    found: dict[CaseKey, list[CaseResult]] = {key: [] for each in wanted for key in each.places()}
    for cell, result in results:
        if (cell, result.case_id) in found:
            found[cell, result.case_id].append(result)
    suites = list({id(each.suite): each.suite for each in wanted}.values())
    places = {id(suite): place for place, suite in enumerate(suites)}
    happened = {id(suite): kinds_of(suite) for suite in suites}

    def of(cell: int | None, id_: str) -> tuple[CaseResult, ...]:
        kept = [] if cell is None else found[cell, id_]
        return tuple(sorted(kept, key=lambda each: each.repeat))

    made = [
        CaseView(
            suite=each.suite,
            id=each.id,
            kinds=happened[id(each.suite)].get(each.id, ()),
            base=of(each.suite.base_cell, each.id),
            head=of(each.suite.head_cell, each.id),
            branch=of(each.suite.branch_cell, each.id),
        )
        for each in wanted
    ]
    return sorted(made, key=lambda view: (places[id(view.suite)], view.rank))


def is_known(view: CaseView) -> bool:
    """Whether the comparison knows the case."""
    return bool(view.base or view.head or view.branch or view.kinds)


def cases_content(found: Iterable[CaseView]) -> list[dict[str, JsonValue]]:
    """The cases for programs: what happened to each, and every result of every side."""
    return [
        {
            "suite": view.suite.suite,
            "prompt": view.suite.prompt,
            "model": view.suite.model,
            "id": view.id,
            "kinds": list(view.kinds),
            "base": encode(view.base),
            "head": encode(view.head),
            "branch": encode(view.branch),
        }
        for view in found
    ]


def lost_text(result: CaseErrored) -> str:
    """Why a case has no score."""
    return f"lost ({result.kind}): {result.message}"


def why_lost(found: Iterable[CaseView], suite: SuiteComparison) -> str:
    """Why the first lost case of a suite has no score; empty where that is not known."""
    results = (each for view in found if view.suite is suite for each in (*view.base, *view.head))
    return next((lost_text(each) for each in results if isinstance(each, CaseErrored)), "")
