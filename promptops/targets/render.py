from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from promptops.plugin import Completion, JsonValue, Record, Request, Target, TargetContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Render(Record):
    """The rendered prompt itself: its length, its contents. Calls no model."""

    version: ClassVar[int] = 1
    needs_prompt: ClassVar[bool] = True
    shorthand: ClassVar[str | None] = None

    async def open(self, context: TargetContext) -> None:
        """See Target."""

    async def complete(self, request: Request) -> Completion:
        """See Target."""
        assert request.rendered is not None
        return Completion(output=request.rendered.text())

    async def close(self) -> None:
        """See Target."""

    def identity(self) -> JsonValue:
        """See Target."""
        return None


PLUGIN: type[Target] = Render
