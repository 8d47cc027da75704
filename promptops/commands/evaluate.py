"""`promptops eval`: runs suites on the working tree and reports; it never judges."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from promptops import __version__
from promptops.commands.prepare import Selection, prepare
from promptops.commands.project import Project
from promptops.commands.suites import load_all, selected_names
from promptops.commands.target_context import Models, SuiteContext
from promptops.engine.aggregate import Tally
from promptops.engine.events import Observer
from promptops.engine.execute import execute
from promptops.engine.keys import evaluation_digest
from promptops.engine.plan import Cell, check
from promptops.errors import ExitCode, InvalidFilesError, Problem
from promptops.files.suite import LoadedSuite
from promptops.model.result import CaseResult, HeadState, RunResult, SuiteResult

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from promptops.runs.journal import RunJournal


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateOptions:
    """What `eval` is asked: which suites (names or globs, all when empty), and at most how many cases of each."""

    suites: tuple[str, ...] = ()
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateOutcome:
    """What `eval` found out; the exit code says whether enough cases survived to call it a result."""

    run: RunResult
    exit_code: ExitCode


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedSuite:
    """A suite that is ready to run, with the number of calls of each cell."""

    loaded: LoadedSuite
    cells: tuple[Cell, ...]
    totals: tuple[int, ...]


def evaluate(project: Project, options: EvaluateOptions, observer: Observer) -> EvaluateOutcome:
    """Runs the suites; everything is checked before the first call is made.

    Raises:
        InvalidFilesError: every problem of every suite, before anything is written.
        NothingSelectedError: no suite, or no case, matched.
        TargetError: what is evaluated cannot be reached; what was done stays in the journal.
    """
    suites = prepare_all(project, options.suites, Selection(limit=options.limit))
    run = asyncio.run(_run(project, suites, observer))
    return EvaluateOutcome(run=run, exit_code=_exit_code(project, run.suites))


def prepare_all(project: Project, patterns: Sequence[str], selection: Selection) -> list[PreparedSuite]:
    """The selected suites, ready to run.

    Raises:
        InvalidFilesError: every problem of every suite.
    """
    problems: list[Problem] = []
    prepared: list[PreparedSuite] = []
    for each in load_all(project, selected_names(project, patterns)):
        if isinstance(each, Problem):
            problems.append(each)
            continue
        try:
            cells = prepare(project, each, selection)
            prepared.append(
                PreparedSuite(loaded=each, cells=cells, totals=tuple(check(cell) for cell in cells))
            )
        except InvalidFilesError as error:
            problems += error.problems
    if problems:
        raise InvalidFilesError(dict.fromkeys(problems))
    return prepared


async def _run(project: Project, suites: Sequence[PreparedSuite], observer: Observer) -> RunResult:
    head = _head_state(project)
    results: list[SuiteResult] = []
    models = Models(project)
    try:
        async with _opened(suites, project, models):
            started_at = datetime.now(UTC)
            with project.runs().create(started_at, secrets.token_hex(3)) as journal:
                for cell, total in _cells(suites):
                    results.append(await _run_cell(project, cell, total, len(results), journal, observer))
                run = RunResult(
                    run_id=journal.run_id,
                    started_at=started_at.isoformat(timespec="seconds"),
                    promptops_version=__version__,
                    head=head,
                    suites=tuple(results),
                )
                journal.finish(run)
                return run
    finally:
        await models.close()


@asynccontextmanager
async def _opened(suites: Sequence[PreparedSuite], project: Project, models: Models) -> AsyncIterator[None]:
    """Every target and model is opened before the first call, so that a missing key costs nothing."""
    opened = []
    try:
        for suite in suites:
            context = SuiteContext(project, suite.loaded, models)
            target = suite.cells[0].target
            opened.append(target)
            await target.open(context)
            for cell in suite.cells:
                if cell.model is not None:
                    context.model(cell.model)
        yield
    finally:
        for target in opened:
            await target.close()


def _cells(suites: Sequence[PreparedSuite]) -> Iterator[tuple[Cell, int]]:
    for suite in suites:
        yield from zip(suite.cells, suite.totals, strict=True)


async def _run_cell(
    project: Project, cell: Cell, total: int, index: int, journal: RunJournal, observer: Observer
) -> SuiteResult:
    tally = Tally(cell.plan)

    def on_result(result: CaseResult) -> None:
        journal.add(index, result)
        tally.add(result)
        observer.case_finished(cell, result)

    observer.cell_started(cell, total)
    begun = time.perf_counter()
    await execute(cell, concurrency=project.config.run.concurrency, on_result=on_result)
    wall_ms = (time.perf_counter() - begun) * 1000
    summary = tally.result(cell, digest=evaluation_digest(cell), wall_ms=wall_ms)
    observer.cell_finished(cell, summary)
    return summary


def _head_state(project: Project) -> HeadState:
    repository = project.repository()
    return repository.head_state() if repository else HeadState()


def _exit_code(project: Project, results: Sequence[SuiteResult]) -> ExitCode:
    most = project.config.gate.max_missing
    too_many = any(result.errored > most * result.cases for result in results)
    return ExitCode.NO_VERDICT if too_many else ExitCode.YES
