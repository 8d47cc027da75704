"""Makes the calls of a run, a bounded number at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from promptops.engine.plan import Cell, Job
from promptops.engine.retrieve import answer
from promptops.engine.score import errored
from promptops.engine.scoring import Scoring
from promptops.errors import PromptopsError
from promptops.halt import Halt, Stopped
from promptops.model.result import CaseResult, Completion
from promptops.plugin import CaseFailure

BREATH = 32
"""After so many answers a worker lets others run, also where answering never waits."""


class Kept(Protocol):
    """Answers that need not be asked for again."""

    def answer(self, cell: Cell, job: Job) -> Completion | None:
        """What a job was answered before, if it was."""
        ...


class OnAnswer(Protocol):
    """Gets answers that will not be part of a result soon."""

    def __call__(self, cell: Cell, job: Job, completion: Completion, call: int | None = None) -> None:
        """`call` numbers the answers of a conversation, from 0; None for the answer to a whole case."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What the workers of a run share."""

    calls: Iterator[tuple[Cell, Job]]
    concurrency: int
    halt: Halt
    kept: Kept
    scoring: Scoring
    on_answer: OnAnswer
    on_result: Callable[[Cell, CaseResult], None]


async def execute(run: Execution) -> None:
    """Answers and scores every case; `on_result` gets each result as it arrives.

    `on_answer` gets an answer that will be in no result, since it could not be scored, and each answer of a
    conversation before the next one is asked for.

    Calls are drawn one by one, so that a dataset of any length streams through. When the run is to
    end early, no call is begun any more, and those under way are waited for and kept.

    Raises:
        PromptopsError: the reason for which the run ended early.
    """
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(run.concurrency):
                group.create_task(_work(run))
    except BaseExceptionGroup as failures:
        raise _first(failures) from None
    if run.halt.reason is not None:
        raise run.halt.reason


async def _work(run: Execution) -> None:
    count = 0
    try:
        while not run.halt.asked and (call := next(run.calls, None)) is not None:
            cell, job = call
            run.on_result(cell, await _answer(run, cell, job))
            count += 1
            if count % BREATH == 0:
                await asyncio.sleep(0)
    except Stopped:
        return
    except PromptopsError as error:
        run.halt.ask(error)


async def _answer(run: Execution, cell: Cell, job: Job) -> CaseResult:
    try:
        completion = run.kept.answer(cell, job) or await answer(cell, job, partial(run.on_answer, cell, job))
    except CaseFailure as failure:
        return errored(job, failure)
    try:
        return await run.scoring.score(cell, job, completion)
    except CaseFailure as failure:
        run.on_answer(cell, job, completion)
        return errored(job, failure)


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
