"""The base's scores: from the ledger where they stand there, else from the run that evaluates the base."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from promptops.commands.sides import Sides
from promptops.engine.keys import evaluation_digest
from promptops.engine.outcome import CaseOutcome
from promptops.engine.plan import Cell
from promptops.ledger.ledger import Ledger
from promptops.model.ledger import LedgerEntry
from promptops.model.result import SuiteResult

Outcomes = Mapping[str, CaseOutcome]


@dataclass(frozen=True, slots=True)
class BaseScores:
    """What the ledger has for the base's cells, by their keys."""

    found: Mapping[str, Outcomes] = field(default_factory=dict)

    @classmethod
    def look_up(cls, sides: Sides, cells: Iterable[Cell]) -> BaseScores:
        """Reads the ledger; the targets of the cells must know their identity."""
        found: dict[str, Outcomes] = {}
        with Ledger(sides.repository, sides.base.config.ledger) as ledger:
            for cell in cells:
                key = evaluation_digest(cell)
                entries = ledger.find(key)
                if entries:
                    found[key] = pooled(entries)
        return cls(found)

    def of(self, cell: Cell) -> Outcomes | None:
        """The scores of a cell, or None."""
        return self.found.get(evaluation_digest(cell))


def pooled(entries: Sequence[LedgerEntry]) -> Outcomes:
    """The scores of several runs of one key as repeats of each case, oldest first."""
    outcomes: dict[str, CaseOutcome] = {}
    for entry in reversed(entries):
        lost = {answer.case for answer in entry.scores.lost}
        for metric in entry.scores.values:
            for place, values in enumerate(entry.scores.by_case(metric)):
                outcome = outcomes.setdefault(entry.cases.ids[place], CaseOutcome())
                if place not in lost:
                    outcome.scores.setdefault(metric, []).extend(each for each in values if each is not None)
    return outcomes


def how_found(from_ledger: int, evaluated: Sequence[SuiteResult]) -> str:
    """One word for where the base's scores came from: the least sure of the ways that were taken."""
    if any(result.calls for result in evaluated):
        return "evaluated"
    if evaluated:
        return "cache"
    return "ledger" if from_ledger else "none"
