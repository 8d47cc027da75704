from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from promptops.engine.events import Observer
from promptops.engine.outcome import CaseOutcome, OutputMark
from promptops.engine.plan import Cell
from promptops.model.result import CaseErrored, CaseResult, SuiteResult


@dataclass(slots=True)
class Collector:
    """An observer that keeps the scores of every case, and passes everything on."""

    inner: Observer
    outcomes: dict[Cell, dict[str, CaseOutcome]] = field(default_factory=dict)

    def run_continued(self, answers: int) -> None:
        """See Observer."""
        self.inner.run_continued(answers)

    def cell_started(self, cell: Cell, total: int) -> None:
        """See Observer."""
        self.inner.cell_started(cell, total)

    def case_finished(self, cell: Cell, result: CaseResult) -> None:
        """See Observer."""
        cases = self.outcomes.setdefault(cell, {})
        outcome = cases.setdefault(result.case_id, CaseOutcome())
        if isinstance(result, CaseErrored):
            outcome.lost = result.kind
        else:
            outcome.add(result)
            if cell.plan.is_judged:
                outcome.outputs.append(OutputMark.of(result.completion.output))
        self.inner.case_finished(cell, result)

    def cell_finished(self, cell: Cell, result: SuiteResult) -> None:
        """See Observer."""
        self.inner.cell_finished(cell, result)

    def warned(self, message: str) -> None:
        """See Observer."""
        self.inner.warned(message)

    def of(self, cell: Cell | None, ids: Iterable[str] | None = None) -> dict[str, CaseOutcome]:
        """What became of a cell's cases, or of some of them."""
        if cell is None:
            return {}
        cases = self.outcomes.get(cell, {})
        return {id_: cases[id_].reduced(cell.plan) for id_ in (cases if ids is None else ids) if id_ in cases}
