from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from promptops.errors import TargetError
from promptops.halt import Halt, Stopped
from promptops.model.prompt import RenderedPrompt
from promptops.models.lane import AttemptFailed
from promptops.models.limits import Budget, BudgetSpentError, RateLimit
from promptops.models.prices import Price
from promptops.models.provider import CALLS_OF_A_DEAD_PROVIDER, Provider, ProviderModel, RefusedRequestError
from promptops.models.retry import LONGEST_ASKED_S
from promptops.plugin import CaseFailure, Completion
from tests.support.chat import rendered_prompt

GONE = AttemptFailed("provider_error", "gone", status=503)
ANSWER = Completion(output="card", input_tokens=100, output_tokens=10, cost_usd=0.5)
ASKS_TOO_MUCH = AttemptFailed("rate_limited", "later", status=429, retry_after_s=LONGEST_ASKED_S + 1)


class Scripted:
    """A lane that does what is written down, and at the end the last thing for ever."""

    name = "scripted"

    def __init__(self, *steps: Completion | AttemptFailed) -> None:
        self.steps = list(steps)
        self.sent = 0
        self.under_way = 0
        self.most_under_way = 0

    async def send(self, rendered: RenderedPrompt) -> Completion:
        step = self.steps[min(self.sent, len(self.steps) - 1)]
        self.sent += 1
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        if isinstance(step, AttemptFailed):
            raise step
        return step

    async def close(self) -> None:
        """Nothing is open."""


def outcomes(
    lane: Scripted, calls: int, *, halt: Halt, places: int | None = None, together: bool = False
) -> Sequence[Completion | BaseException]:
    """What becomes of some calls, one after the other or all at once."""

    async def made() -> Sequence[Completion | BaseException]:
        provider = Provider("acme", RateLimit(), places, halt)
        model = ProviderModel("acme/m", lane, provider, Budget(None, halt), lambda: None, retries=0)
        tasks = [model.complete(rendered_prompt("acme/m")) for _ in range(calls)]
        if together:
            return await asyncio.gather(*tasks, return_exceptions=True)
        return [(await asyncio.gather(task, return_exceptions=True))[0] for task in tasks]

    return asyncio.run(made())


def test_a_provider_is_down_after_so_many_losses_in_a_row() -> None:
    halt = Halt()
    found = outcomes(Scripted(GONE), CALLS_OF_A_DEAD_PROVIDER - 1, halt=halt)
    assert all(isinstance(each, CaseFailure) and each.kind == "provider_error" for each in found)
    assert not halt.asked
    outcomes(Scripted(GONE), CALLS_OF_A_DEAD_PROVIDER, halt=halt)
    assert isinstance(halt.reason, TargetError)
    assert "`acme` seems to be down" in halt.reason.message
    assert "gone" in halt.reason.message


def test_losses_that_an_answer_overtook_are_the_calls_own_fault() -> None:
    halt = Halt()

    async def run() -> None:
        provider = Provider("acme", RateLimit(), None, halt)
        begun_with = provider.answers
        provider.answered()
        for _ in range(CALLS_OF_A_DEAD_PROVIDER):
            provider.lost(GONE, begun_with)
        assert not halt.asked
        for _ in range(CALLS_OF_A_DEAD_PROVIDER):
            provider.lost(GONE, provider.answers)

    asyncio.run(run())
    assert halt.asked


def test_nothing_is_sent_to_a_provider_that_is_down() -> None:
    lane = Scripted(GONE)
    found = outcomes(lane, CALLS_OF_A_DEAD_PROVIDER + 5, halt=Halt())
    assert lane.sent == CALLS_OF_A_DEAD_PROVIDER
    assert all(isinstance(each, Stopped) for each in found[CALLS_OF_A_DEAD_PROVIDER:])


def test_one_answer_and_the_counting_begins_anew() -> None:
    halt = Halt()
    losses = [GONE] * (CALLS_OF_A_DEAD_PROVIDER - 1)
    lane = Scripted(*losses, ANSWER, *losses, ANSWER)
    found = outcomes(lane, 2 * CALLS_OF_A_DEAD_PROVIDER, halt=halt)
    assert not halt.asked
    assert [each for each in found if isinstance(each, Completion)] == [ANSWER, ANSWER]


def test_who_asks_for_too_much_patience_is_not_waited_for() -> None:
    async def made() -> None:
        halt = Halt()
        provider = Provider("acme", RateLimit(), None, halt)
        model = ProviderModel("acme/m", lane, provider, Budget(None, halt), lambda: None, retries=5)
        await model.complete(rendered_prompt("acme/m"))

    lane = Scripted(ASKS_TOO_MUCH)
    with pytest.raises(CaseFailure) as lost:
        asyncio.run(made())
    assert (lost.value.kind, lane.sent) == ("rate_limited", 1)


@pytest.mark.parametrize("places", [1, 3])
def test_a_provider_has_so_many_places(places: int) -> None:
    lane = Scripted(ANSWER)
    outcomes(lane, 10, halt=Halt(), places=places, together=True)
    assert lane.most_under_way == places
    everywhere = Scripted(ANSWER)
    outcomes(everywhere, 10, halt=Halt(), together=True)
    assert everywhere.most_under_way == 10


@pytest.mark.parametrize(
    ("failure", "error", "words"),
    [
        (AttemptFailed("wrong_key", "no", status=401), TargetError, "`acme/m` was refused (401): no"),
        (
            AttemptFailed("refused_request", "no", status=400),
            RefusedRequestError,
            "refused the request (400)",
        ),
        (
            AttemptFailed("rate_limited", "insufficient_quota: pay", status=429),
            TargetError,
            "quota of `acme`",
        ),
    ],
)
def test_what_no_other_call_would_survive(
    failure: AttemptFailed, error: type[TargetError], words: str
) -> None:
    lane = Scripted(failure)
    (found,) = outcomes(lane, 1, halt=Halt())
    assert isinstance(found, error)
    assert words in found.message
    assert lane.sent == 1


def test_a_call_reserves_the_most_that_it_can_cost() -> None:
    """Three dollars fit once: the longest answer costs two, and the input is no shorter than a token."""
    price = Price(input_usd=1e-6, output_usd=2.0, cached_input_usd=0.0)

    async def made(limit_usd: float) -> Completion:
        halt = Halt()
        provider = Provider("acme", RateLimit(), None, halt)
        model = ProviderModel(
            "acme/m", Scripted(ANSWER), provider, Budget(limit_usd, halt), lambda: price, retries=0
        )
        return await model.complete(rendered_prompt("acme/m", parameters={"max_tokens": 1}))

    assert asyncio.run(made(3.0)) == ANSWER
    with pytest.raises(TargetError):
        asyncio.run(made(2.0))


def test_a_call_that_perhaps_was_billed_counts_against_the_budget_at_its_most() -> None:
    halt = Halt()
    price = Price(input_usd=0.0, output_usd=0.01, cached_input_usd=0.0, most_output_tokens=10)
    lane = Scripted(AttemptFailed("timeout", "late"), ANSWER)

    async def made() -> None:
        budget = Budget(limit_usd=0.1, halt=halt)
        provider = Provider("acme", RateLimit(), None, halt)
        model = ProviderModel("acme/m", lane, provider, budget, lambda: price, retries=0)
        with pytest.raises(CaseFailure):
            await model.complete(rendered_prompt("acme/m"))
        with pytest.raises(BudgetSpentError):
            await model.complete(rendered_prompt("acme/m"))

    asyncio.run(made())
    assert lane.sent == 1
