"""Processes that score, one less than there are processors."""

from __future__ import annotations

import asyncio
import os
import pickle
import sys
from asyncio.subprocess import PIPE, Process

from promptops.engine.scorer_plan import ScorerPlan
from promptops.engine.scoring_worker import SIZE_BYTES, Outcome, framed
from promptops.model.result import Score
from promptops.plugin import CaseFailure

WORKER = (sys.executable, "-P", "-c", "from promptops.engine.scoring_worker import serve; serve()")


class ScoringProcesses:
    """A process is started when a score is wanted and no other is free; each has one scorer at a time."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._places = asyncio.Semaphore(max(1, (os.cpu_count() or 2) - 1))
        self._idle: list[Process] = []

    async def score(self, plan: ScorerPlan, request: bytes) -> Score:
        """What a scorer says of a sample; both are in the request.

        Raises:
            CaseFailure: it broke, or its process ended.
            TimeoutError: it took too long.
        """
        async with self._places:
            fresh = not self._idle
            process = await _new_process() if fresh else self._idle.pop()
            try:
                if fresh:
                    # Starting it takes time that is not the scorer's.
                    await _exchanged(process, pickle.dumps(sys.path))
                outcome = await asyncio.wait_for(_answered(process, request), self._timeout_s)
            except TimeoutError:
                raise
            except (OSError, asyncio.IncompleteReadError):
                raise CaseFailure("scorer_failed", f"the process of `{plan.name}` ended") from None
            else:
                self._idle.append(process)
            finally:
                if process not in self._idle:
                    await _end(process)
        if isinstance(outcome, Score):
            return outcome
        raise CaseFailure(*outcome)

    async def close(self) -> None:
        """Ends the processes."""
        while self._idle:
            await _end(self._idle.pop())


async def _new_process() -> Process:
    # In a session of its own, so that Ctrl-C in a terminal does not reach what is to be finished.
    return await asyncio.create_subprocess_exec(*WORKER, stdin=PIPE, stdout=PIPE, start_new_session=True)


async def _answered(process: Process, request: bytes) -> Outcome:
    outcome: Outcome = pickle.loads(await _exchanged(process, request))  # noqa: S301 - from our own child
    return outcome


async def _exchanged(process: Process, message: bytes) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(framed(message))
    await process.stdin.drain()
    size = int.from_bytes(await process.stdout.readexactly(SIZE_BYTES), "big")
    return await process.stdout.readexactly(size)


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.communicate()
