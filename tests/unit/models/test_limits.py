from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from promptops.errors import TargetError
from promptops.halt import Halt, Stopped
from promptops.models.limits import Budget, BudgetSpentError, RateLimit


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_without_a_limit_nobody_waits() -> None:
    rate = RateLimit(now_s=Clock())
    assert [rate.wait_s(10**9) for _ in range(3)] == [0.0, 0.0, 0.0]


def test_requests_are_spaced_evenly() -> None:
    rate = RateLimit(requests_per_minute=30, now_s=Clock())
    assert [rate.wait_s(1) for _ in range(4)] == [0.0, 2.0, 4.0, 6.0]


def test_a_pause_is_not_saved_up() -> None:
    clock = Clock()
    rate = RateLimit(requests_per_minute=30, now_s=clock)
    rate.wait_s(1)
    clock.now_s += 1.5
    assert rate.wait_s(1) == 0.5
    clock.now_s += 3600
    assert [rate.wait_s(1), rate.wait_s(1)] == [0.0, 2.0]


def test_tokens_are_paid_for_before_the_next_call() -> None:
    rate = RateLimit(tokens_per_minute=600, now_s=Clock())
    assert [rate.wait_s(tokens) for tokens in (100, 20, 1)] == [0.0, 10.0, 12.0]


def test_the_tighter_limit_counts() -> None:
    rate = RateLimit(requests_per_minute=60, tokens_per_minute=600, now_s=Clock())
    assert [rate.wait_s(tokens) for tokens in (1, 100, 1)] == [0.0, 1.0, 11.0]


@pytest.mark.parametrize(("used", "wait_s"), [(100, 10.0), (50, 5.0), (200, 20.0), (0, 0.0)])
def test_a_wrong_guess_is_made_up_for(used: int, wait_s: float) -> None:
    rate = RateLimit(tokens_per_minute=600, now_s=Clock())
    rate.wait_s(100)
    rate.correct(guessed=100, used=used)
    assert rate.wait_s(1) == wait_s


def run(steps: Callable[[], Awaitable[None]]) -> None:
    async def stepped() -> None:
        await steps()

    asyncio.run(stepped())


async def spend(budget: Budget, most_usd: float, cost_usd: float | None) -> None:
    async with budget.reserved(most_usd) as tell:
        tell(cost_usd)


@pytest.mark.parametrize(("cost_usd", "calls"), [(0.1, 10), (1.0, 1), (None, 1), (0.25, 4), (0.0, 20)])
def test_calls_are_made_as_long_as_the_next_one_fits(cost_usd: float | None, calls: int) -> None:
    """Each may cost a dollar; what it does cost, or if nobody knows a dollar, is gone."""
    made = 0

    async def steps() -> None:
        nonlocal made
        budget = Budget(1.9375 if cost_usd == 0.1 else 1.75, Halt())
        while made < 20:
            await spend(budget, 1.0, cost_usd)
            made += 1

    with suppress(BudgetSpentError):
        run(steps)
    assert made == calls


def test_the_error_names_the_sums() -> None:
    async def steps() -> None:
        budget = Budget(1.5, Halt())
        await spend(budget, 1.0, 0.75)
        await spend(budget, 1.0, 0.75)

    with pytest.raises(BudgetSpentError) as spent:
        run(steps)
    assert spent.value.message == ("the budget of $1.5 is spent: $0.75 so far, and the next call may cost $1")


def test_a_call_waits_for_the_room_that_others_hold() -> None:
    async def steps() -> None:
        budget = Budget(2.0, Halt())
        told: list[str] = []
        over = asyncio.Event()

        async def first() -> None:
            async with budget.reserved(1.5) as tell:
                told.append("first begun")
                await over.wait()
                tell(0.5)
            told.append("first over")

        async def second() -> None:
            async with budget.reserved(1.5) as tell:
                told.append("second begun")
                tell(1.5)

        async with asyncio.TaskGroup() as group:
            group.create_task(first())
            group.create_task(second())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert told == ["first begun"]
            over.set()
        assert told == ["first begun", "first over", "second begun"]

    run(steps)


def test_a_call_that_fails_gives_its_room_back() -> None:
    async def steps() -> None:
        budget = Budget(1.0, Halt())
        for _ in range(5):
            with suppress(ConnectionError):
                async with budget.reserved(1.0):
                    raise ConnectionError
        await spend(budget, 1.0, 1.0)

    run(steps)


def test_who_waits_goes_home_when_the_run_ends() -> None:
    async def steps() -> None:
        halt = Halt()
        budget = Budget(1.0, halt)

        async def holder() -> None:
            async with budget.reserved(1.0) as tell:
                await asyncio.sleep(0)
                halt.ask(TargetError("over"))
                tell(0.0)

        holding = asyncio.create_task(holder())
        await asyncio.sleep(0)
        with pytest.raises(Stopped):
            await spend(budget, 1.0, 1.0)
        await holding

    run(steps)


def test_without_a_limit_everything_fits() -> None:
    async def steps() -> None:
        budget = Budget(None, Halt())
        for _ in range(3):
            await spend(budget, 1e9, None)

    run(steps)
