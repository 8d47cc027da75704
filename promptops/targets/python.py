from __future__ import annotations

import asyncio
import inspect
import time
from dataclasses import dataclass, field
from typing import Any, ClassVar

from promptops.application_answer import completion_of
from promptops.local_function import load_function
from promptops.plugin import CaseFailure, Completion, JsonValue, Record, Request, Target, TargetContext


@dataclass(slots=True, kw_only=True)
class Python(Record):
    """A function of this repository, called with the case's inputs as a dict; it may be async.

    It returns a text, or a dict with `output` (or `documents`, of a retriever) and, if it likes,
    `latency_ms`, `input_tokens`, `output_tokens`, `cost_usd`. An exception loses the case, and so does an async function that takes
    too long; one that is not async cannot be stopped.
    """

    version: ClassVar[int] = 1
    needs_prompt: ClassVar[bool] = False
    shorthand: ClassVar[str | None] = "function"

    function: str
    _limit_s: float = field(init=False, default=0.0, repr=False)
    _call: Any = field(init=False, default=None, repr=False, compare=False)

    async def open(self, context: TargetContext) -> None:
        """See Target."""
        context.require_local_code(f"target `python: {self.function}`")
        self._limit_s = context.timeout_s
        self._call = load_function(self.function, context.folder)

    async def complete(self, request: Request) -> Completion:
        """See Target; a function that is not async runs in a thread."""
        assert self._call is not None
        begun = time.perf_counter()
        inputs = dict(request.inputs)
        try:
            if inspect.iscoroutinefunction(self._call):
                async with asyncio.timeout(self._limit_s):
                    answer = await self._call(inputs)
            else:
                answer = await asyncio.to_thread(self._call, inputs)
        except TimeoutError:
            raise CaseFailure("timeout", f"no answer within {self._limit_s:g} s") from None
        except (Exception, SystemExit) as error:
            raise CaseFailure("target_failed", f"{type(error).__name__}: {error}"[:500]) from error
        return completion_of(answer, (time.perf_counter() - begun) * 1000)

    async def close(self) -> None:
        """See Target."""

    def identity(self) -> JsonValue:
        """See Target."""
        return None


PLUGIN: type[Target] = Python
