"""Processes that score, one less than there are processors."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from promptops.engine.plan import ScorerPlan
from promptops.model.result import Score
from promptops.plugin import CaseFailure, Sample, Scorer

ATTEMPTS = 2
"""A scorer that never ends takes the processes of its neighbours with it; they get another try."""

Outcome = Score | tuple[str, str]
"""A score, or kind and message of a failure: exceptions do not travel between processes."""


class ScoringProcesses:
    """The processes are started when the first score is wanted."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._pool: ProcessPoolExecutor | None = None

    async def score(self, plan: ScorerPlan, sample: Sample) -> Score:
        """What the scorer says of a sample.

        Raises:
            CaseFailure: it broke, its process ended, or it took too long.
        """
        for _ in range(ATTEMPTS):
            pool = self._pool = self._pool or _new_pool()
            try:
                future = asyncio.wrap_future(pool.submit(score_here, plan.scorer, sample))
                return _score_of(await asyncio.wait_for(future, self._timeout_s))
            except TimeoutError:
                _kill_all()
                raise CaseFailure(
                    "scorer_timeout", f"`{plan.name}` gave no score within {self._timeout_s:g} s"
                ) from None
            except BrokenProcessPool:
                if self._pool is pool:
                    self._pool = None
        raise CaseFailure("scorer_failed", f"the process of `{plan.name}` ended")

    def close(self) -> None:
        """Ends the processes, also those that never would."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            _kill_all()


def score_here(scorer: Scorer, sample: Sample) -> Outcome:
    """Runs in the other process."""
    try:
        return scorer.score(sample)
    except CaseFailure as failure:
        return failure.kind, failure.message


def _score_of(outcome: Outcome) -> Score:
    if isinstance(outcome, Score):
        return outcome
    raise CaseFailure(*outcome)


def _new_pool() -> ProcessPoolExecutor:
    # A forked copy of a process with threads may hang; a new one is always sound.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(max_workers=max(1, (os.cpu_count() or 2) - 1), mp_context=context)


def _kill_all() -> None:
    for process in multiprocessing.active_children():
        process.kill()
