"""The base's scores: from the ledger where they stand there, else from the run that evaluates the base."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum
from pathlib import PurePosixPath
from typing import TypeVar

from promptops.commands.kept_scores import ScoreKeeper
from promptops.commands.ledger_entries import Recording, record
from promptops.commands.ledger_key import LedgerKeys
from promptops.commands.sides import Sides
from promptops.engine.outcome import CaseOutcome, OutputMark
from promptops.engine.plan import Cell, SuitePlan
from promptops.engine.suite_metric import as_item
from promptops.files.tree import SourceTree
from promptops.ledger.export import EXPORT_FILE, parse_export
from promptops.ledger.ledger import Ledger
from promptops.model.ledger import LedgerEntry
from promptops.model.result import SuiteResult
from promptops.models.asking import Asking
from promptops.stats.exchangeability import epoch_start

Outcomes = Mapping[str, CaseOutcome]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRuns:
    """The stored runs of a cell that count together, oldest first.

    `left_out` are older ones, from before a provider changed its model.
    """

    entries: Sequence[LedgerEntry]
    left_out: int

    def outcomes(self, plan: SuitePlan) -> Outcomes:
        """Their scores as repeats of each case."""
        outcomes: dict[str, CaseOutcome] = {}
        for entry in self.entries:
            for id_, of_run in _outcomes_of(entry):
                outcome = outcomes.setdefault(id_, CaseOutcome())
                for metric, values in of_run.reduced(plan).scores.items():
                    outcome.scores.setdefault(metric, []).extend(values)
                for metric, items in of_run.items.items():
                    outcome.items.setdefault(metric, []).extend(items)
                outcome.outputs.extend(of_run.outputs)
        return outcomes

    @property
    def newest(self) -> str:
        """When the last of them was made."""
        return self.entries[-1].run.started_at


@dataclass(frozen=True, slots=True)
class BaseScores:
    """What the ledger, or an export of it that is committed at the base, has for the base's cells."""

    found: Mapping[Cell, StoredRuns] = field(default_factory=dict)

    @classmethod
    def look_up(cls, sides: Sides, cells: Iterable[Cell]) -> BaseScores:
        """Reads the ledger; the targets of the cells must know their identity.

        What never varies is left out: it costs nothing to evaluate, and then its outputs can be shown.

        Raises:
            LedgerError: the ledger or the export is damaged.
        """
        settings = sides.base.config.ledger
        keys = LedgerKeys(sides.repository, sides.origin.sha)
        exported = exported_entries(sides.base.tree)
        found: dict[Cell, StoredRuns] = {}
        with Ledger(sides.repository, settings) as ledger:
            for cell in (each for each in cells if not each.is_deterministic):
                key = keys.key(cell)
                entries = together(ledger.find(key), exported.get(key, ()), settings.keep)
                if entries:
                    found[cell] = current_runs(entries, cell.plan.primary)
        return cls(found)

    def of(self, cell: Cell) -> Outcomes | None:
        """The scores of a cell, or None."""
        stored = self.found.get(cell)
        return None if stored is None else stored.outcomes(cell.plan)


def _outcomes_of(entry: LedgerEntry) -> Iterator[tuple[str, CaseOutcome]]:
    """What became of each case in one run; nothing of one that lost a repeat."""
    scores = entry.scores
    lost = {answer.case for answer in scores.lost}
    values = {metric: scores.by_case(metric) for metric in scores.values}
    items = {metric: scores.items_by_case(metric) for metric in scores.items}
    outputs = scores.outputs_by_case()
    for place, id_ in enumerate(entry.cases.ids):
        outcome = CaseOutcome()
        if place not in lost:
            outcome.scores = {metric: _known(of_cases[place]) for metric, of_cases in values.items()}
            outcome.items = {
                metric: [as_item(each) for each in _known(of_cases[place])]
                for metric, of_cases in items.items()
            }
            outcome.outputs = [OutputMark(*each) for each in _known(outputs[place] if outputs else ())]
        yield id_, outcome


def _known(values: Iterable[T | None]) -> list[T]:
    return [each for each in values if each is not None]


def exported_entries(tree: SourceTree) -> Mapping[str, Sequence[LedgerEntry]]:
    """The runs of the committed export by their key; none where there is no such file.

    Raises:
        LedgerError: it is no export.
    """
    path = PurePosixPath(EXPORT_FILE)
    if not tree.is_file(path):
        return {}
    found: dict[str, list[LedgerEntry]] = {}
    with tree.open(path) as stream:
        for entry in parse_export(stream.read(), EXPORT_FILE):
            found.setdefault(entry.run.key, []).append(entry)
    return found


def together(
    stored: Sequence[LedgerEntry], exported: Sequence[LedgerEntry], keep: int
) -> Sequence[LedgerEntry]:
    """The newest runs of both places, newest first, each once."""
    known = [entry.run for entry in stored]
    both = [*stored, *(entry for entry in exported if entry.run not in known)]
    return sorted(both, key=lambda entry: entry.run.time, reverse=True)[:keep]


def current_runs(entries: Sequence[LedgerEntry], primary: str) -> StoredRuns:
    """Those of some runs (newest first) that the newest can be pooled with, by the metric that gates."""
    oldest_first = entries[::-1]
    start = epoch_start([scores_of(entry, primary) for entry in oldest_first])
    return StoredRuns(entries=oldest_first[start:], left_out=start)


def scores_of(entry: LedgerEntry, metric: str) -> Mapping[str, float]:
    """The score of each case that has one; repeats are averaged."""
    scores = {}
    for id_, values in zip(entry.cases.ids, entry.scores.by_case(metric), strict=True):
        known = [each for each in values if each is not None]
        if known:
            scores[id_] = fsum(known) / len(known)
    return scores


def keep_base_scores(
    sides: Sides, asking: Asking, keeper: ScoreKeeper, results: Mapping[Cell, SuiteResult]
) -> None:
    """Adds what had to be evaluated of the base to the ledger, so that nobody has to again."""
    recording = Recording(
        repository=sides.repository,
        settings=sides.base.config.ledger,
        sha=sides.origin.sha,
        asking=asking,
    )
    record(recording, keeper, results)
