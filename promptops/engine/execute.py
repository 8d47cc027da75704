"""Makes the calls of a cell, a bounded number at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from promptops.engine.plan import Cell, Job, jobs
from promptops.engine.score import errored, score_case
from promptops.errors import PromptopsError
from promptops.model.result import CaseResult
from promptops.plugin import CaseFailure

BREATH = 32
"""After so many answers a worker lets others run, also where answering never waits."""


async def execute(cell: Cell, *, concurrency: int, on_result: Callable[[CaseResult], None]) -> None:
    """Answers and scores every case; `on_result` gets each result as it arrives.

    Jobs are drawn one by one, so that a dataset of any length streams through, and at most
    `concurrency` calls are under way.

    Raises:
        TargetError: no call can succeed; what is under way is cancelled.
    """
    source = jobs(cell)
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(_work(cell, source, on_result))
    except* PromptopsError as failures:
        raise failures.exceptions[0] from None


async def _work(cell: Cell, source: Iterator[Job], on_result: Callable[[CaseResult], None]) -> None:
    for count, job in enumerate(source, start=1):
        on_result(await _answer(cell, job))
        if count % BREATH == 0:
            await asyncio.sleep(0)


async def _answer(cell: Cell, job: Job) -> CaseResult:
    try:
        completion = await cell.target.complete(job.request)
    except CaseFailure as failure:
        return errored(job, failure)
    return score_case(cell, job, completion)
