"""A model of a provider: attempts through its lane, paced, paid for, and repeated where that may help."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

from promptops.errors import TargetError
from promptops.halt import Halt
from promptops.model.prompt import RenderedPrompt
from promptops.models.chat import likely_input_tokens, most_input_tokens, most_output_tokens
from promptops.models.lane import AttemptFailed, Lane, Usage
from promptops.models.limits import Budget, RateLimit
from promptops.models.prices import Price
from promptops.models.retry import LONGEST_ASKED_S, delay_s
from promptops.plugin import CaseFailure, Completion

CALLS_OF_A_DEAD_PROVIDER = 10
USUAL_OUTPUT_TOKENS = 256
LONGEST_OUTPUT_TOKENS = 16_384
SPENT_QUOTA = ("insufficient_quota", "exceeded your current quota", "credit balance is too low")


class RefusedRequestError(TargetError):
    """A provider calls a request wrong; the next one, made alike, would fare no better."""


class Provider:
    """What the models of one provider share: its pace, and whether it is there at all."""

    def __init__(self, name: str, rate: RateLimit, places: int | None, halt: Halt) -> None:
        self.name = name
        self.rate = rate
        self.places = asyncio.Semaphore(places) if places else None
        self.halt = halt
        self.answers = 0
        self._lost_in_a_row = 0

    def answered(self) -> None:
        """A call succeeded."""
        self.answers += 1
        self._lost_in_a_row = 0

    def lost(self, failure: AttemptFailed, answers_before: int) -> None:
        """A call failed for good; many in a row mean that no other will do better.

        One that was overtaken by an answer does not count: then the fault is its own, and such calls, which
        take long, pile up at the end of a run. Nor does a bad answer, since somebody is there to give it.
        """
        if self.answers > answers_before or failure.kind == "bad_answer":
            return
        self._lost_in_a_row += 1
        if self._lost_in_a_row >= CALLS_OF_A_DEAD_PROVIDER:
            self.halt.ask(
                TargetError(
                    f"`{self.name}` seems to be down: {self._lost_in_a_row} calls in a row failed,"
                    f" the last with: {failure.message}",
                    hint="what was answered is kept; run the same command again to go on",
                )
            )


class ProviderModel:
    """See Model."""

    def __init__(
        self,
        name: str,
        lane: Lane,
        provider: Provider,
        budget: Budget,
        price: Callable[[], Price | None],
        *,
        retries: int,
    ) -> None:
        self.name = name
        self.lane = lane
        self._provider = provider
        self._budget = budget
        self._price = price
        self._retries = retries
        self._random = Random()  # noqa: S311 - jitter

    async def complete(self, rendered: RenderedPrompt, sample: int = 0) -> Completion:
        """See Model; `sample` does not change the request."""
        attempt, answers_before = 0, self._provider.answers
        while True:
            try:
                completion = await self._placed(rendered)
            except AttemptFailed as failure:
                self._stop_if_hopeless(failure)
                if attempt >= self._retries or failure.retry_after_s > LONGEST_ASKED_S:
                    self._provider.lost(failure, answers_before)
                    raise CaseFailure(failure.kind, failure.message) from None
                await self._provider.halt.sleep(delay_s(attempt, failure.retry_after_s, self._random))
                attempt += 1
            else:
                self._provider.answered()
                return completion

    async def close(self) -> None:
        """See Model."""
        await self.lane.close()

    async def _placed(self, rendered: RenderedPrompt) -> Completion:
        if self._provider.places is None:
            return await self._attempt(rendered)
        async with self._provider.places:
            return await self._attempt(rendered)

    async def _attempt(self, rendered: RenderedPrompt) -> Completion:
        guessed = likely_input_tokens(rendered) + (most_output_tokens(rendered) or USUAL_OUTPUT_TOKENS)
        async with self._budget.reserved(self._most_usd(rendered)) as spend:
            await self._provider.halt.sleep(self._provider.rate.wait_s(guessed))
            try:
                completion = await self.lane.send(rendered)
            except AttemptFailed as failure:
                # The provider may have done its work, whatever became of the answer.
                if failure.perhaps_billed:
                    spend(None)
                raise
            spend(completion.cost_usd)
        self._provider.rate.correct(guessed, completion.input_tokens + completion.output_tokens)
        return completion

    def _most_usd(self, rendered: RenderedPrompt) -> float:
        price = self._price() if self._budget.limit_usd is not None else None
        if price is None:
            return 0.0
        output_tokens = most_output_tokens(rendered) or price.most_output_tokens or LONGEST_OUTPUT_TOKENS
        return price.cost_usd(Usage(most_input_tokens(rendered), output_tokens))

    def _stop_if_hopeless(self, failure: AttemptFailed) -> None:
        if failure.kind == "wrong_key":
            raise TargetError(
                f"`{self.name}` was refused ({failure.status}): {failure.message}",
                hint="check the key and what it may be used for",
            )
        if failure.kind == "refused_request":
            raise RefusedRequestError(
                f"`{self.name}` refused the request ({failure.status}): {failure.message}"
            )
        if any(sign in failure.message for sign in SPENT_QUOTA):
            raise TargetError(f"the quota of `{self._provider.name}` is spent: {failure.message}")
