"""The end of a run before its time: nothing new begins, and what is under way is kept."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from promptops.errors import PromptopsError


class Stopped(Exception):  # noqa: N818 - tells a worker to go home, nothing went wrong with its case
    """The run is ending, so this call is not made."""


class Halt:
    """Whether a run is to end, and why; the first reason stands."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        self.reason: PromptopsError | None = None

    @property
    def asked(self) -> bool:
        """Whether nothing new may begin."""
        return self._asked.is_set()

    def ask(self, reason: PromptopsError) -> None:
        """Asks for the end."""
        if self.reason is None:
            self.reason = reason
            self._asked.set()

    def check(self) -> None:
        """Raises Stopped when the end was asked for."""
        if self.asked:
            raise Stopped

    async def sleep(self, seconds: float) -> None:
        """Waits, but not beyond the end: raises Stopped as soon as it is asked for."""
        if seconds > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), seconds)
        self.check()
