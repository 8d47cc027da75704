from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import ClassVar

from promptops.plugin import AsyncScorer, Example, Record, Sample, Scale, Score, TargetContext
from promptops.scorers._exchange import losses_of_a_scorer, question, score_of
from promptops.warm_process import WarmProcess, require_program


@dataclass(kw_only=True)
class Command(Record):
    """What a program of this repository says: `argv: [python, judge.py]`.

    It is kept running, and gets one JSON line for each case: `{"id": …, "output": …, "expected": …, "case":
    {…}, "completion": {…}}`. It answers with one line: `{"score": 0.5, "reason": "…"}`, where the score is
    from 0 to 1, true, false or null (it cannot tell), or `{"error": "…"}`. As many as `processes` of it run
    at a time. A crash, an error, nonsense, or no answer within `timeout_s` (`[run] timeout_s` unless it is
    given) loses the case. It runs only where `[plugins] local` allows code of the repository.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.UNIT
    examples: ClassVar[tuple[Example, ...]] = ()
    runs_local_code: ClassVar[bool] = True
    keeps_time: ClassVar[bool] = True

    argv: tuple[str, ...]
    processes: int = field(default=2, metadata={"ge": 1})
    timeout_s: float | None = field(default=None, metadata={"gt": 0})

    def __post_init__(self) -> None:
        if not self.argv:
            raise ValueError("`argv` names no program")
        # Not fields, because fields are options.
        self._folder = ""
        self._limit_s = 0.0
        self._places = asyncio.Semaphore(self.processes)
        self._idle: list[WarmProcess] = []

    def prepare(self, folder: str) -> None:
        """Looks for the program; `folder` is the project's root. Raises ConfigError."""
        require_program(self.argv, folder)
        self._folder = folder

    async def open(self, context: TargetContext) -> None:
        """See AsyncScorer; a process is started when a score is wanted and no other is free."""
        self._limit_s = self.timeout_s or context.timeout_s

    async def score(self, sample: Sample) -> Score:
        """See AsyncScorer; `prepare` comes first. Raises TargetError when the program fails again and again."""
        async with self._places:
            process = self._idle.pop() if self._idle else WarmProcess(self.argv, self._folder, self._limit_s)
            try:
                with losses_of_a_scorer():
                    answer, _ = await process.ask(question(sample))
            finally:
                self._idle.append(process)
        return score_of(answer)

    async def close(self) -> None:
        """See AsyncScorer."""
        while self._idle:
            await self._idle.pop().stop()


PLUGIN: type[AsyncScorer] = Command
