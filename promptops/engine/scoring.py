"""Scores answers without holding up the calls: a scorer that turns out slow goes to processes of its own."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from promptops.engine.plan import Cell, Job, ScorerPlan
from promptops.engine.score import adjusted, sample_of, scored
from promptops.local_function import is_local
from promptops.model.result import CaseScored, Completion, Score
from promptops.plugin import Sample

if TYPE_CHECKING:
    from promptops.engine.scoring_processes import ScoringProcesses

BLOCKING_S = 0.02
"""A scorer that took longer would hold up the answers that arrive meanwhile."""


class Scoring:
    """Scores the cases of a run. Close it when the run is over."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._slow: set[tuple[str, str]] = set()
        self._processes: ScoringProcesses | None = None

    async def score(self, cell: Cell, job: Job, completion: Completion) -> CaseScored:
        """The case with its scores.

        Raises:
            CaseFailure: a scorer broke, or took too long: the case is lost, not failed.
        """
        scores: dict[str, Score] = {}
        for plan in cell.plan.scorers:
            sample = sample_of(plan, cell, job, completion)
            slow = (cell.plan.name, plan.name) in self._slow
            score = await self._apart(plan, sample) if slow else self._here(cell, plan, sample)
            scores[plan.name] = adjusted(plan, score)
        return scored(cell, job, completion, scores)

    def close(self) -> None:
        """Ends the processes, also those that never would."""
        if self._processes is not None:
            self._processes.close()

    def _here(self, cell: Cell, plan: ScorerPlan, sample: Sample) -> Score:
        begun_s = time.perf_counter()
        score = plan.scorer.score(sample)
        if time.perf_counter() - begun_s > BLOCKING_S:
            self._slow.add((cell.plan.name, plan.name))
        return score

    async def _apart(self, plan: ScorerPlan, sample: Sample) -> Score:
        if is_local(plan.scorer):
            # No other process can import it by name; a thread at least takes turns with the calls.
            return await asyncio.to_thread(plan.scorer.score, sample)
        if self._processes is None:
            from promptops.engine.scoring_processes import ScoringProcesses

            self._processes = ScoringProcesses(self._timeout_s)
        return await self._processes.score(plan, sample)
