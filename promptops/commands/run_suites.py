"""Runs prepared suites: models and targets opened, answers kept, every result journalled."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar, cast

from promptops.commands.cell_runs import CellRuns
from promptops.commands.interruption import interruptible
from promptops.commands.models import Models
from promptops.commands.prepare import PreparedCell, PreparedSuite
from promptops.commands.project import Project
from promptops.commands.resume import Resumed, resume_digest
from promptops.commands.target_context import SuiteContext
from promptops.engine.events import Observer
from promptops.engine.execute import Execution, execute
from promptops.engine.keys import version_of
from promptops.engine.scoring import Scoring
from promptops.errors import InterruptedRunError, InvalidFilesError
from promptops.halt import Halt
from promptops.model.record import Record
from promptops.model.result import SuiteResult
from promptops.models.asking import Asking
from promptops.plugin import AsyncScorer, Target
from promptops.runs.journal import RunPlan

Outcome = TypeVar("Outcome", bound=Record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What came of the cells of a run, in the order in which they were given."""

    run_id: str
    started_at: str
    results: tuple[SuiteResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest(Generic[Outcome]):
    """What to run. `conclude` makes of the results what is written into the file `record` of the run."""

    project: Project
    suites: Sequence[PreparedSuite]
    asking: Asking
    observer: Observer
    conclude: Callable[[Ran], Outcome]
    record: str

    @property
    def cells(self) -> list[PreparedCell]:
        """Every cell, in order."""
        return [cell for suite in self.suites for cell in suite.cells]


def run_suites(request: RunRequest[Outcome]) -> Outcome:
    """Runs the suites.

    Raises:
        ConfigError: a key or a setting is missing; nothing was asked.
        TargetError: what is evaluated cannot be reached; what was done stays in the journal.
        InterruptedRunError: the user ended the run.
    """
    try:
        return asyncio.run(_run(request))
    except asyncio.CancelledError:
        raise InterruptedRunError("interrupted") from None


async def _run(request: RunRequest[Outcome]) -> Outcome:
    halt = Halt()
    models = Models(request.project, request.asking, halt)
    with interruptible(halt):
        try:
            async with _opened(request.cells, models):
                return await _journalled(request, models, halt)
        finally:
            await models.close()


async def _journalled(request: RunRequest[Outcome], models: Models, halt: Halt) -> Outcome:
    digests = {each.cell: resume_digest(each.cell, each.project, models) for each in request.cells}
    fresh = request.asking is Asking.ALWAYS
    plan = RunPlan(
        started_at=datetime.now(UTC),
        cells=tuple(digests.values()),
        versions=tuple(map(version_of, digests)),
        fresh=fresh,
    )
    store = request.project.runs()
    settings = request.project.config.run
    with (
        closing(Resumed(store.unfinished(fresh=fresh), digests, models)) as resumed,
        closing(store.create(plan, secrets.token_hex(3))) as journal,
    ):
        if resumed.answers:
            request.observer.run_continued(resumed.answers)
        runs = CellRuns(request.suites, journal, request.observer, models)
        async with aclosing(Scoring(settings.timeout_s, runs.add_answer, runs.judging)) as scoring:
            execution = Execution(
                calls=runs.calls(),
                concurrency=settings.concurrency,
                halt=halt,
                kept=resumed,
                scoring=scoring,
                on_answer=runs.add_answer,
                on_result=runs.add,
            )
            try:
                await execute(execution)
            except InvalidFilesError:
                # Its results stand under the key of files that have changed; answers of models are kept.
                journal.forget()
                raise
        started_at = plan.started_at.isoformat(timespec="seconds")
        outcome = request.conclude(Ran(run_id=journal.run_id, started_at=started_at, results=runs.results()))
        journal.finish(outcome, request.record)
        resumed.discard_used()
        return outcome


@asynccontextmanager
async def _opened(cells: Sequence[PreparedCell], models: Models) -> AsyncIterator[None]:
    """Every target, model and scorer is opened before the first call, so that a missing key costs nothing."""
    opened: list[Target | AsyncScorer] = []
    try:
        for each in cells:
            context = SuiteContext(each.project, each.loaded, models)
            for used, its_context in _used_by(each, context):
                if all(used is not other for other in opened):
                    opened.append(used)
                    await used.open(its_context)
            if each.cell.model is not None:
                context.model(each.cell.model)
        yield
    finally:
        for used in opened:
            await used.close()


def _used_by(
    prepared: PreparedCell, context: SuiteContext
) -> Iterator[tuple[Target | AsyncScorer, SuiteContext]]:
    cell = prepared.cell
    yield cell.target, context
    if cell.retriever is not None:
        where = prepared.retriever_from or prepared
        yield cell.retriever.target, SuiteContext(where.project, where.loaded, context.models, "retriever")
    # What scorers read is a part of the ruler, which a branch cannot change for itself.
    ruler = prepared.scorers_from or prepared
    of_scorers = SuiteContext(ruler.project, ruler.loaded, context.models, is_of_scorers=True)
    for each in cell.plan.all_scorers:
        if each.waits:
            yield cast("AsyncScorer", each.scorer), of_scorers
