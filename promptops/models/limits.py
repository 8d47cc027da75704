"""What holds calls back: a provider's rate, and the money of a run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from math import fsum

from promptops.errors import TargetError
from promptops.halt import Halt

MINUTE_S = 60.0


class RateLimit:
    """Spaces calls evenly, so that neither requests nor tokens of a minute are exceeded."""

    def __init__(
        self,
        *,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._s_per_request = MINUTE_S / requests_per_minute if requests_per_minute else 0.0
        self._s_per_token = MINUTE_S / tokens_per_minute if tokens_per_minute else 0.0
        self._now_s = now_s
        self._next_request_s = self._next_token_s = now_s()

    def wait_s(self, tokens: int) -> float:
        """Takes the next place in the queue; how long to wait for it."""
        now_s = self._now_s()
        start_s = max(now_s, self._next_request_s, self._next_token_s)
        self._next_request_s = start_s + self._s_per_request
        self._next_token_s = start_s + tokens * self._s_per_token
        return start_s - now_s

    def correct(self, guessed: int, used: int) -> None:
        """Makes up for a wrong guess of a call's tokens."""
        self._next_token_s += (used - guessed) * self._s_per_token


class BudgetSpentError(TargetError):
    """The next call could cost more than what is left."""


class Budget:
    """The money of one run, in US dollars; what calls under way may cost is put aside before they are made."""

    def __init__(self, limit_usd: float | None, halt: Halt) -> None:
        self.limit_usd = limit_usd
        self._halt = halt
        self._spent_usd = 0.0
        self._reserved: list[float] = []
        self._freed = asyncio.Event()

    @asynccontextmanager
    async def reserved(self, most_usd: float) -> AsyncIterator[Callable[[float | None], None]]:
        """Room for one call that costs at most so much; gives a function that is told the true cost.

        Waits for calls under way while they hold the room that is missing.

        Raises:
            BudgetSpentError: nothing is under way, and the call does not fit.
        """

        def spend(cost_usd: float | None) -> None:
            self._spent_usd += most_usd if cost_usd is None else cost_usd

        await self._room_for(most_usd)
        self._reserved.append(most_usd)
        try:
            yield spend
        finally:
            self._reserved.remove(most_usd)
            self._freed.set()

    async def _room_for(self, most_usd: float) -> None:
        while (
            self.limit_usd is not None and self._spent_usd + fsum(self._reserved) + most_usd > self.limit_usd
        ):
            if not self._reserved:
                raise BudgetSpentError(
                    f"the budget of ${self.limit_usd:g} is spent: ${self._spent_usd:.4g} so far,"
                    f" and the next call may cost ${most_usd:.4g}",
                    hint="raise `[run] budget_usd`; what was answered is kept and not paid again",
                )
            self._freed.clear()
            await self._freed.wait()
            self._halt.check()
