from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from promptops.application_answer import completion_of
from promptops.plugin import Completion, JsonValue, Record, Request, Target, TargetContext
from promptops.warm_process import WarmProcess, require_program


@dataclass(slots=True, kw_only=True)
class Command(Record):
    """A process of this repository, kept warm: one JSON line in, one JSON line out, for each case.

    In: `{"id": …, "inputs": {…}}`. Out: `{"output": …}` (of a retriever `{"documents": […]}`) with what it
    measured, or `{"error": "…"}`; an `id` in the answer must be that of the case. What it says on stderr
    is shown when it ends.
    """

    version: ClassVar[int] = 1
    needs_prompt: ClassVar[bool] = False
    shorthand: ClassVar[str | None] = "argv"

    argv: tuple[str, ...]
    timeout_s: float | None = None
    _process: Any = field(init=False, default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.argv:
            raise ValueError("`argv` names no program")

    async def open(self, context: TargetContext) -> None:
        """See Target; the process starts with the first case."""
        context.require_local_code(f"target `command: {self.argv[0]}`")
        require_program(self.argv, context.folder)
        self._process = WarmProcess(self.argv, context.folder, self.timeout_s or context.timeout_s)

    async def complete(self, request: Request) -> Completion:
        """See Target; cases take turns."""
        assert self._process is not None
        answer, latency_ms = await self._process.ask({"id": request.case.id, "inputs": request.inputs})
        return completion_of(answer, latency_ms)

    async def close(self) -> None:
        """See Target; ends the process and what it started."""
        if self._process is not None:
            await self._process.stop()

    def identity(self) -> JsonValue:
        """See Target."""
        return None


PLUGIN: type[Target] = Command
