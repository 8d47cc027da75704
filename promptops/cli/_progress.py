"""Live progress of a run: a display that moves in a terminal, plain lines in a pipe."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from promptops.engine.events import Observer
from promptops.engine.plan import Cell
from promptops.model.prompt import model_label
from promptops.model.result import CaseErrored, CaseResult, SuiteResult
from promptops.reporters.amounts import cost_text
from promptops.reporters.printable import printable

PLAIN_LINE_EVERY_S = 10.0
LIVE_UPDATE_EVERY_S = 0.08


@contextmanager
def progress(stream: TextIO) -> Iterator[Observer]:
    """Watches a run and tells about it on `stream`."""
    if not stream.isatty():
        yield PlainProgress(stream)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[state]}", markup=False),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=Console(file=stream), transient=True) as display:
        yield LiveProgress(display)


class Count:
    """What has happened so far in a cell: the running mean of the primary metric, money, losses."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = self.errored = self.scored = 0
        self.sum = self.cost_usd = 0.0
        self.cost_is_known = True
        self._shown_at_s = 0.0

    def is_due(self) -> bool:
        """Whether people would notice an update: more than a dozen a second only cost time."""
        now_s = time.monotonic()
        if now_s - self._shown_at_s < LIVE_UPDATE_EVERY_S:
            return False
        self._shown_at_s = now_s
        return True

    def add(self, cell: Cell, result: CaseResult) -> None:
        """Takes in one result."""
        self.done += 1
        if isinstance(result, CaseErrored):
            self.errored += 1
            return
        value = result.scores[cell.plan.primary].value
        if value is not None:
            self.scored += 1
            self.sum += value
        if result.completion.cost_usd is None:
            self.cost_is_known = False
        else:
            self.cost_usd += result.completion.cost_usd

    def state(self, cell: Cell, result: SuiteResult | None = None) -> str:
        """One phrase; with the score of the result, once it is there: weights, repeats and the like count."""
        found = self._running_mean(cell) if result is None else _score(result)
        mean = "–" if found is None else f"{found:.3f}"
        cost = cost_text(self.cost_usd if self.cost_is_known else None)
        lost = f", {self.errored} errored" if self.errored else ""
        return f"{printable(cell.plan.primary)} {mean}, {cost}{lost}"

    def _running_mean(self, cell: Cell) -> float | None:
        """None too where the metric is no mean of scores."""
        is_mean = all(each.name != cell.plan.primary or each.statistic is None for each in cell.plan.scorers)
        return self.sum / self.scored if self.scored and is_mean else None


def _score(result: SuiteResult) -> float | None:
    return next((metric.mean for metric in result.metrics if metric.primary), None)


def _title(cell: Cell) -> str:
    names = (
        cell.plan.name,
        cell.prompt if cell.prompt != cell.plan.name else None,
        cell.model and model_label(cell.model),
    )
    return printable(" · ".join(filter(None, names)))


class LiveProgress:
    """Moves one line for each cell under way."""

    def __init__(self, display: object) -> None:
        from rich.progress import Progress, TaskID

        assert isinstance(display, Progress)
        self._display = display
        self._cells: dict[Cell, tuple[TaskID, Count]] = {}

    def run_continued(self, answers: int) -> None:
        """See Observer."""
        self._display.console.print(_continued(answers))

    def cell_started(self, cell: Cell, total: int) -> None:
        """See Observer."""
        task = self._display.add_task(_title(cell), total=total, state="")
        self._cells[cell] = (task, Count(total))

    def case_finished(self, cell: Cell, result: CaseResult) -> None:
        """See Observer."""
        task, count = self._cells[cell]
        count.add(cell, result)
        if count.is_due():
            self._display.update(task, completed=count.done, state=count.state(cell))

    def cell_finished(self, cell: Cell, result: SuiteResult) -> None:
        """See Observer."""
        task, _ = self._cells.pop(cell)
        self._display.remove_task(task)

    def warned(self, message: str) -> None:
        """See Observer."""
        self._display.console.print(f"warning: {printable(message)}", markup=False, highlight=False)


class PlainProgress:
    """Writes a line when a cell begins, now and then, and when it ends."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._cells: dict[Cell, Count] = {}
        self._told_at_s = time.monotonic()

    def run_continued(self, answers: int) -> None:
        """See Observer."""
        self._stream.write(f"{_continued(answers)}\n")

    def cell_started(self, cell: Cell, total: int) -> None:
        """See Observer."""
        self._cells[cell] = Count(total)
        self._stream.write(f"{_title(cell)}: {total} {'call' if total == 1 else 'calls'}\n")

    def case_finished(self, cell: Cell, result: CaseResult) -> None:
        """See Observer."""
        self._cells[cell].add(cell, result)
        now_s = time.monotonic()
        if now_s - self._told_at_s >= PLAIN_LINE_EVERY_S:
            self._told_at_s = now_s
            for each in self._cells:
                self._tell(each)

    def cell_finished(self, cell: Cell, result: SuiteResult) -> None:
        """See Observer."""
        self._tell(cell, result)
        del self._cells[cell]

    def warned(self, message: str) -> None:
        """See Observer."""
        self._stream.write(f"warning: {printable(message)}\n")

    def _tell(self, cell: Cell, result: SuiteResult | None = None) -> None:
        count = self._cells[cell]
        state = count.state(cell, result)
        self._stream.write(f"{_title(cell)}: {count.done} of {count.total}, {state}\n")
        self._stream.flush()


def _continued(answers: int) -> str:
    kept = f"{answers} answers are kept" if answers != 1 else "1 answer is kept"
    return f"going on with a run that was interrupted: {kept}"
