"""Scores answers without holding up the calls: a scorer that turns out slow is moved out of their way."""

from __future__ import annotations

import asyncio
import pickle
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING, cast

from promptops.engine.asked_by_scorers import counted_in
from promptops.engine.interval_timer import IntervalTimer, TooLong
from promptops.engine.money import Money
from promptops.engine.plan import Cell, Job
from promptops.engine.score import adjusted, joined, sample_of, scored
from promptops.engine.scorer_plan import ScorerPlan
from promptops.engine.seen_turn import turn_numbers
from promptops.errors import PromptopsError
from promptops.local_function import is_local
from promptops.model.conversation import EACH, LAST
from promptops.model.result import CaseScored, Completion, Score
from promptops.plugin import NO_EXPECTED, AsyncScorer, CaseFailure, Sample, Scorer

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
    _shared: Sample | None = None

    def sample(self, plan: ScorerPlan) -> Sample:
        """What a scorer is shown; the same for all that neither expect nor read anything of their own."""
        if plan.answer is not None or plan.turn != LAST or plan.name in self.job.own_expected:
            return sample_of(plan, self.cell, self.job, self.completion)
        if self._shared is None:
            self._shared = sample_of(plan, self.cell, self.job, self.completion)
        return self._shared


class Scoring:
    """Scores the cases of a run. Close it when the run is over.

    `on_answer` gets an answer that will not be part of a result soon, since scoring it takes long; `money_of` is
    where what the scorers of a cell ask of models is counted.
    """

    def __init__(
        self,
        timeout_s: float,
        on_answer: Callable[[Cell, Job, Completion], None],
        money_of: Callable[[Cell], Money | None] = lambda _: None,
    ) -> None:
        self._timeout_s = timeout_s
        self._money_of = money_of
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
        with counted_in(self._money_of(cell)):
            return scored(cell, job, completion, await self._all(cell.plan.scorers, answered))

    async def aclose(self) -> None:
        """Ends the processes, also those that never would; threads cannot be ended."""
        self._timer.close()
        if self._threads is not None:
            self._threads.shutdown(wait=False)
        if self._processes is not None:
            await self._processes.close()

    async def _all(self, plans: Sequence[ScorerPlan], answered: _Answered) -> dict[str, Score]:
        scores: dict[str, Score] = {}
        while len(scores) < len(plans):
            self._score_here(plans, answered, scores)
            if len(scores) < len(plans):
                plan = plans[len(scores)]
                scores[plan.name] = await self._score_elsewhere(plan, answered)
        return scores

    def _score_here(self, plans: Sequence[ScorerPlan], answered: _Answered, scores: dict[str, Score]) -> None:
        """Scores until it comes to a scorer that waits for others, or is too slow for this thread."""
        suite = answered.cell.plan.name
        try:
            with self._timer.at_most(LONGEST_BLOCKING_S):
                begun_s = time.perf_counter()
                for plan in plans[len(scores) :]:
                    if (
                        plan.parts
                        or plan.waits
                        or plan.goes_through_turns
                        or (self._long_scores and self._is_slow(suite, plan))
                    ):
                        return
                    # Neither a group nor one that waits.
                    score: Score = plan.scorer.score(answered.sample(plan))  # type: ignore[union-attr,assignment]
                    scores[plan.name] = adjusted(plan, score)
                    ended_s = time.perf_counter()
                    if self._long_scores or ended_s - begun_s > BLOCKING_S:
                        self._note((suite, plan.name), ended_s - begun_s)
                    begun_s = ended_s
        except CaseFailure:
            raise
        except Exception as error:
            raise _broken(plans[len(scores)], error) from error
        except TooLong:
            # The one that was broken off is run where it may take longer, whatever the others took.
            if len(scores) < len(plans):
                self._long_scores[suite, plans[len(scores)].name] = SLOW_AFTER

    def _is_slow(self, suite: str, plan: ScorerPlan) -> bool:
        return self._long_scores.get((suite, plan.name), 0) >= SLOW_AFTER

    def _note(self, scorer: tuple[str, str], took_s: float) -> None:
        if took_s > BLOCKING_S:
            self._long_scores[scorer] = self._long_scores.get(scorer, 0) + 1
        else:
            self._long_scores.pop(scorer, None)

    async def _score_elsewhere(self, plan: ScorerPlan, answered: _Answered) -> Score:
        if plan.goes_through_turns:
            return await self._score_turns(plan, answered)
        if plan.parts:
            scores = await self._all(plan.parts, answered)
            return adjusted(plan, joined(plan, list(scores.values())))
        if not answered.told:
            answered.told = True
            self._on_answer(answered.cell, answered.job, answered.completion)
        sample = answered.sample(plan)
        return adjusted(plan, await (self._awaited if plan.waits else self._apart)(plan, sample))

    async def _score_turns(self, plan: ScorerPlan, answered: _Answered) -> Score:
        """The mean over the turns that can be compared with something; the reason names the worst of them."""
        scores: dict[int, Score] = {}
        for number in turn_numbers(plan, answered.job, answered.completion):
            try:
                scores[number] = (await self._all([plan.of_turn(EACH, number)], answered))[plan.name]
            except CaseFailure as failure:
                if failure.kind != NO_EXPECTED:
                    raise
        if not scores:
            raise CaseFailure(NO_EXPECTED, f"no turn says what `{plan.name}` is to expect")
        known = [(score.value, number) for number, score in scores.items() if score.value is not None]
        if not known:
            return Score(value=None, reason="no turn could be told")
        value, number = min(known)
        why = f" ({scores[number].reason})" if scores[number].reason else ""
        return Score(
            value=fsum(each for each, _ in known) / len(known),
            reason="" if value == 1 else f"turn {number}: {value:g}{why}",
        )

    async def _awaited(self, plan: ScorerPlan, sample: Sample) -> Score:
        limit_s = None if getattr(plan.scorer, "keeps_time", False) else self._timeout_s
        try:
            async with asyncio.timeout(limit_s):
                return await cast("AsyncScorer", plan.scorer).score(sample)
        except CaseFailure:
            raise
        except TimeoutError:
            raise timed_out(plan, self._timeout_s) from None
        except PromptopsError:
            raise
        except Exception as error:
            raise _broken(plan, error) from error

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
