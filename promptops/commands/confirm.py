"""Cases that may not break are run again before anybody says that they broke."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from promptops.commands.base_scores import Outcomes
from promptops.commands.collect import Collector
from promptops.commands.compared import Examined
from promptops.commands.prepare import PreparedCell, PreparedSuite
from promptops.engine.compare import with_checks
from promptops.engine.plan import SuitePlan, check
from promptops.model.comparison import Check, Verdict
from promptops.model.record import Record
from promptops.model.suite import Case
from promptops.stats.limits import CONFIRMED_BY


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation(Record):
    """What a run that confirms leaves behind: the run that wanted it, and the suites whose cases it ran."""

    of_run: str
    suites: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A suite some cases of which have to be run again, on the sides that are not None."""

    examined: Examined
    base: PreparedCell | None
    head: PreparedCell | None

    @property
    def suite(self) -> PreparedSuite:
        """What to run; both sides go side by side."""
        return PreparedSuite(cells=tuple(each for each in (self.base, self.head) if each is not None))

    def resolved(self, collector: Collector) -> Examined:
        """The suite with what came of the further runs."""

        def outcomes(prepared: PreparedCell | None) -> Outcomes:
            return {} if prepared is None else collector.of(prepared.cell)

        found = self.examined.confirmed(outcomes(self.base), outcomes(self.head))
        if not (found.must_pass.head_to_confirm or found.must_pass.base_to_confirm):
            return found
        reason = (
            "a case that must pass failed, and the runs that would confirm it are lost or not recorded;"
            f" whoever has the key can run them with `promptops gate {found.pair.suite}`"
        )
        lost = Check(verdict=Verdict.INVALID, reason=reason)
        return replace(found, measured=with_checks(found.measured, lost))


def doubts(examined: Sequence[Examined]) -> Iterator[Doubt]:
    """The suites in which a case that may not break failed, and too few runs confirm it."""
    for each in examined:
        base_ids = {id_ for id_, _ in each.must_pass.base_to_confirm}
        head_ids = {id_ for id_, _ in each.must_pass.head_to_confirm}
        if base_ids or head_ids:
            # Both sides of a run have to go through the same cases.
            ids = base_ids | head_ids
            yield Doubt(
                examined=each,
                base=_again(each.pair.base, ids) if base_ids and each.pair.base else None,
                head=_again(each.pair.head, ids) if head_ids else None,
            )


def _again(prepared: PreparedCell, ids: set[str]) -> PreparedCell:
    plan = prepared.cell.plan
    suite = replace(plan.suite, repeats=max(CONFIRMED_BY, plan.suite.repeats))
    cell = replace(prepared.cell, plan=replace(plan, suite=suite, cases=partial(_only, plan, ids)))
    return replace(prepared, cell=cell, total=check(cell))


def _only(plan: SuitePlan, ids: set[str]) -> Iterator[Case]:
    return (case for case in plan.cases() if case.id in ids)
