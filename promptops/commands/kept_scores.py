"""The scores of every case of some cells, as columns: what the ledger takes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from promptops import __version__
from promptops.commands.ledger_key import LedgerKeys
from promptops.engine.events import Observer
from promptops.engine.keys import case_digest
from promptops.engine.outcome import OutputMark
from promptops.engine.plan import Cell
from promptops.model.ledger import CaseIndex, LedgerEntry, LedgerRun, ScoreColumns, StoredOutput
from promptops.model.record import JsonValue
from promptops.model.result import CaseErrored, CaseResult, SuiteResult

Columns = dict[tuple[str, int], dict[str, JsonValue]]
"""For each metric and repeat the score, or the item, of every case by its id."""


@dataclass(slots=True)
class _CellScores:
    started_at: str
    columns: Columns = field(default_factory=dict)
    items: Columns = field(default_factory=dict)
    outputs: dict[int, dict[str, StoredOutput]] = field(default_factory=dict)


@dataclass(slots=True)
class ScoreKeeper:
    """An observer that keeps the scores of some cells, and passes everything on."""

    inner: Observer
    cells: Collection[Cell]
    kept: dict[Cell, _CellScores] = field(default_factory=dict)

    def run_continued(self, answers: int) -> None:
        """See Observer."""
        self.inner.run_continued(answers)

    def cell_started(self, cell: Cell, total: int) -> None:
        """See Observer."""
        if cell in self.cells:
            # Runs that begin together are told apart by it.
            self.kept[cell] = _CellScores(datetime.now(UTC).isoformat(timespec="microseconds"))
        self.inner.cell_started(cell, total)

    def case_finished(self, cell: Cell, result: CaseResult) -> None:
        """See Observer."""
        kept = self.kept.get(cell)
        if kept is not None and not isinstance(result, CaseErrored):
            repeat = result.repeat - cell.run * cell.plan.suite.repeats
            for metric, score in result.scores.items():
                kept.columns.setdefault((metric, repeat), {})[result.case_id] = score.value
                if score.item is not None:
                    kept.items.setdefault((metric, repeat), {})[result.case_id] = score.item
            if cell.plan.is_judged:
                mark = OutputMark.of(result.completion.output)
                kept.outputs.setdefault(repeat, {})[result.case_id] = mark
        self.inner.case_finished(cell, result)

    def cell_finished(self, cell: Cell, result: SuiteResult) -> None:
        """See Observer."""
        self.inner.cell_finished(cell, result)

    def warned(self, message: str) -> None:
        """See Observer."""
        self.inner.warned(message)

    def entry(self, cell: Cell, result: SuiteResult, keys: LedgerKeys) -> LedgerEntry:
        """A cell that is complete, as the ledger takes it; its cases stand in the order of the dataset."""
        kept = self.kept[cell]
        cases = list(_scored_cases(cell, kept.columns))
        repeats = range(cell.plan.suite.repeats)

        def by_metric(columns: Columns) -> dict[str, tuple[tuple[JsonValue, ...], ...]]:
            return {
                metric: tuple(
                    tuple(columns.get((metric, repeat), {}).get(id_) for id_, _ in cases)
                    for repeat in repeats
                )
                for metric in sorted({metric for metric, _ in columns})
            }

        outputs = tuple(
            tuple(kept.outputs.get(repeat, {}).get(id_) for id_, _ in cases) for repeat in repeats
        )
        return LedgerEntry(
            run=_run(cell, result, keys, kept.started_at),
            scores=ScoreColumns(
                values=by_metric(kept.columns),
                items=by_metric(kept.items),
                outputs=outputs if kept.outputs else (),
            ),
            cases=CaseIndex(
                ids=tuple(id_ for id_, _ in cases), contents=tuple(content for _, content in cases)
            ),
        )


def _scored_cases(cell: Cell, columns: Columns) -> Iterator[tuple[str, str]]:
    """The cases with a score, each with a digest of its content; those of weight 0 were not asked."""
    scored = set().union(*columns.values())
    return ((case.id, case_digest(case)) for case in cell.plan.cases() if case.id in scored)


def _run(cell: Cell, result: SuiteResult, keys: LedgerKeys, started_at: str) -> LedgerRun:
    return LedgerRun(
        key=keys.key(cell),
        suite=result.suite,
        prompt=result.prompt,
        model=result.model,
        target=result.target,
        parts=keys.parts(cell),
        repeats=cell.plan.suite.repeats,
        metrics=result.metrics,
        input_tokens=result.input_tokens,
        output_tokens=result.output_tokens,
        cost_usd=result.cost_usd,
        latency_ms=result.latency_ms,
        started_at=started_at,
        promptops_version=__version__,
        commit=keys.sha,
    )
