"""What happens to each cell of a run: counted, journalled, and told to who watches."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from promptops.commands.models import Models
from promptops.commands.prepare import PreparedSuite
from promptops.engine.aggregate import Tally
from promptops.engine.events import Observer
from promptops.engine.keys import evaluation_digest
from promptops.engine.money import Money
from promptops.engine.plan import Cell, Job, SuitePlan, interleaved
from promptops.errors import InvalidFilesError
from promptops.model.result import CaseAnswered, CaseResult, Completion, SuiteResult
from promptops.runs.journal import RunJournal


@dataclass(slots=True)
class _CellRun:
    index: int
    total: int
    tally: Tally
    begun_s: float | None = None
    drawn: int = 0
    done: int = 0
    result: SuiteResult | None = None


class CellRuns:
    """The cells of a run, in the order in which they are reported."""

    def __init__(
        self, suites: Sequence[PreparedSuite], journal: RunJournal, observer: Observer, models: Models
    ) -> None:
        self._suites = suites
        self._journal = journal
        self._observer = observer
        self._models = models
        self._runs: dict[Cell, _CellRun] = {}
        for suite in suites:
            for each in suite.cells:
                self._runs[each.cell] = _CellRun(len(self._runs), each.total, Tally(each.cell.plan))

    def calls(self) -> Iterator[tuple[Cell, Job]]:
        """Every call to make; a cell begins when its first one is drawn.

        Raises:
            InvalidFilesError: a dataset is no longer what it was when its cases were checked.
        """
        for suite in self._suites:
            cells = [each.cell for each in suite.cells]
            for cell, job in interleaved([cells]):
                self._draw(cell)
                yield cell, job
            plan = cells[0].plan
            if plan.digest_now() != plan.dataset_digest:
                raise _edited(plan)

    def _draw(self, cell: Cell) -> None:
        run = self._runs[cell]
        if run.begun_s is None:
            run.begun_s = time.perf_counter()
            self._observer.cell_started(cell, run.total)
        run.drawn += 1
        if run.drawn > run.total:
            raise _edited(cell.plan)

    def add_answer(self, cell: Cell, job: Job, completion: Completion, call: int | None = None) -> None:
        """See OnAnswer; keeps an answer until its result is there."""
        answered = CaseAnswered(
            case_id=job.request.case.id, repeat=job.request.repeat, completion=completion, call=call
        )
        self._journal.add(self._runs[cell].index, answered)

    def judging(self, cell: Cell) -> Money:
        """Where what the judges of a cell ask is counted."""
        return self._runs[cell].tally.judging

    def add(self, cell: Cell, result: CaseResult) -> None:
        """Takes one result; a cell ends with its last one."""
        run = self._runs[cell]
        self._journal.add(run.index, result)
        run.tally.add(result)
        run.done += 1
        self._observer.case_finished(cell, result)
        if run.done == run.total:
            assert run.begun_s is not None
            run.result = run.tally.result(
                cell,
                digest=evaluation_digest(cell),
                wall_ms=(time.perf_counter() - run.begun_s) * 1000,
                lane=self._models.lane_of(cell.model),
            )
            self._observer.cell_finished(cell, run.result)

    def results(self) -> tuple[SuiteResult, ...]:
        """The results of all cells; each is complete."""
        return tuple(run.result for run in self._runs.values() if run.result is not None)


def _edited(plan: SuitePlan) -> InvalidFilesError:
    message = "the dataset was edited while its cases ran, so the scores would be of neither version"
    return InvalidFilesError.single(plan.where, "dataset-changed", message, "run it again")
