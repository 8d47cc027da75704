"""Scores answers without holding up the calls: a scorer that turns out slow is moved out of their way."""

from __future__ import annotations

import asyncio
import pickle
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from promptops.engine.interval_timer import IntervalTimer, TooLong
from promptops.engine.plan import Cell, Job, ScorerPlan
from promptops.engine.score import adjusted, joined, sample_of, scored
from promptops.errors import PromptopsError
from promptops.local_function import is_local
from promptops.model.result import CaseScored, Completion, Score
from promptops.plugin import AsyncScorer, CaseFailure, Sample, Scorer

if TYPE_CHECKING:
    from promptops.engine.scoring_processes import ScoringProcesses

BLOCKING_S = 0.02
"""A scorer that took longer would hold up the answers that arrive meanwhile."""
SLOW_AFTER = 2
"""So many long scores in a row make a scorer slow: one may be a first import, or a busy machine."""
LONGEST_BLOCKING_S = 1.0
"""A scorer is broken off after that and begun again elsewhere; it may never end."""
THREADS = 4


@dataclass(slots=True)
class _Answered:
    """An answer whose scores are under way; `told` once it is known that they take long."""

    cell: Cell
    job: Job
    completion: Completion
    told: bool = False


class Scoring:
    """Scores the cases of a run. Close it when the run is over.

    `on_answer` gets an answer that will not be part of a result soon, since scoring it takes long.
    """

    def __init__(self, timeout_s: float, on_answer: Callable[[Cell, Job, Completion], None]) -> None:
        self._timeout_s = timeout_s
        self._on_answer = on_answer
        self._long_scores: dict[tuple[str, str], int] = {}
        self._timer = IntervalTimer()
        self._processes: ScoringProcesses | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._places = asyncio.Semaphore(THREADS)

    async def score(self, cell: Cell, job: Job, completion: Completion) -> CaseScored:
        """The case with its scores.

        Raises:
            CaseFailure: a scorer broke, or took too long: the case is lost, not failed.
        """
        answered = _Answered(cell, job, completion)
        scores = {plan.name: await self._score(plan, answered) for plan in cell.plan.scorers}
        return scored(cell, job, completion, scores)

    async def _score(self, plan: ScorerPlan, answered: _Answered) -> Score:
        if plan.parts:
            return adjusted(plan, joined(plan, [await self._score(part, answered) for part in plan.parts]))
        sample = sample_of(plan, answered.cell, answered.job, answered.completion)
        if plan.waits:
            self._tell(answered)
            return adjusted(plan, await self._awaited(plan, sample))
        score = self._here((answered.cell.plan.name, plan.name), plan, sample)
        if score is None:
            self._tell(answered)
            score = await self._apart(plan, sample)
        return adjusted(plan, score)

    def _tell(self, answered: _Answered) -> None:
        if not answered.told:
            answered.told = True
            self._on_answer(answered.cell, answered.job, answered.completion)

    async def _awaited(self, plan: ScorerPlan, sample: Sample) -> Score:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await cast("AsyncScorer", plan.scorer).score(sample)
        except CaseFailure:
            raise
        except TimeoutError:
            raise timed_out(plan, self._timeout_s) from None
        except PromptopsError:
            raise
        except Exception as error:
            raise _broken(plan, error) from error

    async def aclose(self) -> None:
        """Ends the processes, also those that never would; threads cannot be ended."""
        self._timer.close()
        if self._threads is not None:
            self._threads.shutdown(wait=False)
        if self._processes is not None:
            await self._processes.close()

    def _here(self, scorer: tuple[str, str], plan: ScorerPlan, sample: Sample) -> Score | None:
        """The score, or None from a scorer that is too slow for this thread."""
        long_scores = self._long_scores.get(scorer, 0)
        if long_scores >= SLOW_AFTER:
            return None
        begun_s = time.perf_counter()
        try:
            with self._timer.at_most(LONGEST_BLOCKING_S):
                score = _score(plan, sample)
        except TooLong:
            self._long_scores[scorer] = SLOW_AFTER
            return None
        took_long = time.perf_counter() - begun_s > BLOCKING_S
        self._long_scores[scorer] = long_scores + 1 if took_long else 0
        return score

    async def _apart(self, plan: ScorerPlan, sample: Sample) -> Score:
        request = _pickled(plan, sample)
        if request is None:
            return await self._in_thread(plan, sample)
        if self._processes is None:
            from promptops.engine.scoring_processes import ScoringProcesses

            self._processes = ScoringProcesses(self._timeout_s)
        try:
            return await self._processes.score(plan, request)
        except TimeoutError:
            raise timed_out(plan, self._timeout_s) from None

    async def _in_thread(self, plan: ScorerPlan, sample: Sample) -> Score:
        async with self._places:
            threads = self._threads = self._threads or ThreadPoolExecutor(THREADS, "scorer")
            scoring = asyncio.get_running_loop().run_in_executor(threads, _score, plan, sample)
            try:
                return await asyncio.wait_for(scoring, self._timeout_s)
            except TimeoutError:
                # The thread may never come back; others are not to wait for it.
                threads.shutdown(wait=False)
                self._threads = None if self._threads is threads else self._threads
                raise timed_out(plan, self._timeout_s) from None


def _score(plan: ScorerPlan, sample: Sample) -> Score:
    try:
        return cast("Scorer", plan.scorer).score(sample)
    except CaseFailure:
        raise
    except Exception as error:
        raise _broken(plan, error) from error


def _broken(plan: ScorerPlan, error: Exception) -> CaseFailure:
    return CaseFailure("scorer_failed", f"`{plan.name}` raised {type(error).__name__}: {error}")


def timed_out(plan: ScorerPlan, timeout_s: float) -> CaseFailure:
    """The loss of a case whose scorer takes too long."""
    return CaseFailure("scorer_timeout", f"`{plan.name}` gave no score within {timeout_s:g} s")


def _pickled(plan: ScorerPlan, sample: Sample) -> bytes | None:
    """What another process needs; None of a scorer that it could not import by name, or that cannot travel."""
    if is_local(plan.scorer):
        return None
    try:
        return pickle.dumps((plan.scorer, sample))
    except Exception:  # noqa: BLE001 - objects raise what they like when they cannot be copied
        return None
