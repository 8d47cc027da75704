"""The base's scores: from the ledger where they stand there, else from the run that evaluates the base."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum
from pathlib import PurePosixPath

from promptops.commands.kept_scores import ScoreKeeper
from promptops.commands.ledger_entries import Recording, record
from promptops.commands.ledger_key import LedgerKeys
from promptops.commands.sides import Sides
from promptops.engine.outcome import CaseOutcome
from promptops.engine.plan import Cell
from promptops.files.tree import SourceTree
from promptops.ledger.export import EXPORT_FILE, parse_export
from promptops.ledger.ledger import Ledger
from promptops.model.ledger import LedgerEntry
from promptops.model.result import SuiteResult
from promptops.models.asking import Asking
from promptops.stats.exchangeability import epoch_start

Outcomes = Mapping[str, CaseOutcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRuns:
    """The stored runs of a cell that count together, oldest first.

    `left_out` are older ones, from before a provider changed its model.
    """

    entries: Sequence[LedgerEntry]
    left_out: int

    @property
    def outcomes(self) -> Outcomes:
        """Their scores as repeats of each case."""
        outcomes: dict[str, CaseOutcome] = {}
        for entry in self.entries:
            lost = {answer.case for answer in entry.scores.lost}
            for metric in entry.scores.values:
                for place, values in enumerate(entry.scores.by_case(metric)):
                    outcome = outcomes.setdefault(entry.cases.ids[place], CaseOutcome())
                    if place not in lost:
                        known = [each for each in values if each is not None]
                        outcome.scores.setdefault(metric, []).extend(known)
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
        return None if stored is None else stored.outcomes


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
