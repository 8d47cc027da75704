from __future__ import annotations

from typing import Protocol

from promptops.engine.plan import Cell
from promptops.model.result import CaseResult, SuiteResult


class Observer(Protocol):
    """Who watches a run: a progress display, a journal."""

    def run_continued(self, answers: int) -> None:
        """So many answers are taken over from runs that were interrupted."""
        ...

    def cell_started(self, cell: Cell, total: int) -> None:
        """A cell begins; `total` calls will be made."""
        ...

    def case_finished(self, cell: Cell, result: CaseResult) -> None:
        """A case is answered and scored, or lost."""
        ...

    def cell_finished(self, cell: Cell, result: SuiteResult) -> None:
        """A cell is complete."""
        ...

    def warned(self, message: str) -> None:
        """Something beside the run went wrong; its results stand."""
        ...
