"""`promptops eval`: runs suites on the working tree and reports; it never judges."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime

from promptops import __version__
from promptops.commands.cell_runs import CellRuns
from promptops.commands.interruption import interruptible
from promptops.commands.models import Models
from promptops.commands.prepare import PreparedSuite, Selection, prepare_all
from promptops.commands.project import Project
from promptops.commands.resume import Resumed, resume_digest
from promptops.commands.target_context import SuiteContext
from promptops.engine.events import Observer
from promptops.engine.execute import Execution, execute
from promptops.engine.scoring import Scoring
from promptops.errors import ExitCode, InterruptedRunError
from promptops.halt import Halt
from promptops.model.result import HeadState, RunResult
from promptops.models.asking import Asking
from promptops.runs.journal import RunPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateOptions:
    """What `eval` is asked: which suites (names or globs, all when empty), and at most how many cases of each."""

    suites: tuple[str, ...] = ()
    limit: int | None = None
    asking: Asking = Asking.UNLESS_KNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateOutcome:
    """What `eval` found out; the exit code says whether enough cases survived to call it a result."""

    run: RunResult
    exit_code: ExitCode


def evaluate(project: Project, options: EvaluateOptions, observer: Observer) -> EvaluateOutcome:
    """Runs the suites; everything is checked before the first call is made.

    Raises:
        InvalidFilesError: every problem of every suite, before anything is written.
        NothingSelectedError: no suite, or no case, matched.
        TargetError: what is evaluated cannot be reached; what was done stays in the journal.
        InterruptedRunError: the user ended the run.
    """
    suites = prepare_all(project, options.suites, Selection(limit=options.limit))
    try:
        run = asyncio.run(_run(project, suites, options.asking, observer))
    except asyncio.CancelledError:
        raise InterruptedRunError("interrupted") from None
    return EvaluateOutcome(run=run, exit_code=_exit_code(project, run))


async def _run(
    project: Project, suites: Sequence[PreparedSuite], asking: Asking, observer: Observer
) -> RunResult:
    head = _head_state(project)
    halt = Halt()
    models = Models(project, asking, halt)
    with interruptible(halt):
        try:
            async with _opened(suites, project, models):
                return await _journalled(project, suites, models, halt, observer, head)
        finally:
            await models.close()


async def _journalled(
    project: Project,
    suites: Sequence[PreparedSuite],
    models: Models,
    halt: Halt,
    observer: Observer,
    head: HeadState,
) -> RunResult:
    cells = [cell for suite in suites for cell in suite.cells]
    digests = [resume_digest(cell, project, models) for cell in cells]
    fresh = models.asking is Asking.ALWAYS
    plan = RunPlan(started_at=datetime.now(UTC), cells=tuple(digests), fresh=fresh)
    store = project.runs()
    unfinished = store.unfinished(fresh=fresh)
    with (
        closing(Resumed(unfinished, dict(zip(cells, digests, strict=True)), models)) as resumed,
        closing(store.create(plan, secrets.token_hex(3))) as journal,
    ):
        if resumed.answers:
            observer.run_continued(resumed.answers)
        runs = CellRuns(suites, journal, observer, models)
        async with aclosing(Scoring(project.config.run.timeout_s, runs.add_answer)) as scoring:
            execution = Execution(
                calls=runs.calls(),
                concurrency=project.config.run.concurrency,
                halt=halt,
                kept=resumed,
                scoring=scoring,
                on_answer=runs.add_answer,
                on_result=runs.add,
            )
            await execute(execution)
        run = RunResult(
            run_id=journal.run_id,
            started_at=plan.started_at.isoformat(timespec="seconds"),
            promptops_version=__version__,
            head=head,
            suites=runs.results(),
        )
        journal.finish(run)
        resumed.discard_used()
        return run


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


def _head_state(project: Project) -> HeadState:
    repository = project.repository()
    return repository.head_state() if repository else HeadState()


def _exit_code(project: Project, run: RunResult) -> ExitCode:
    most = project.config.gate.max_missing
    too_many = any(result.errored > most * result.cases for result in run.suites)
    return ExitCode.NO_VERDICT if too_many or run.unrecorded else ExitCode.YES
