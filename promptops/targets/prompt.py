from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from promptops.plugin import Completion, JsonValue, Model, Record, Request, Target, TargetContext


@dataclass(slots=True, kw_only=True)
class Prompt(Record):
    """The suite's prompt, answered by its model."""

    version: ClassVar[int] = 1
    needs_prompt: ClassVar[bool] = True
    shorthand: ClassVar[str | None] = None

    _context: Any = field(init=False, default=None, repr=False, compare=False)

    async def open(self, context: TargetContext) -> None:
        """See Target."""
        self._context = context

    async def complete(self, request: Request) -> Completion:
        """See Target."""
        assert self._context is not None
        assert request.rendered is not None
        model: Model = self._context.model(request.rendered.model)
        return await model.complete(request.rendered, request.repeat)

    async def close(self) -> None:
        """See Target; models belong to the run."""

    def identity(self) -> JsonValue:
        """See Target."""
        return None


PLUGIN: type[Target] = Prompt
