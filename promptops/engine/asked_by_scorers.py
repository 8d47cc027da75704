"""What scorers ask of models, counted for the cell whose answer they score."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from promptops.engine.money import Money
from promptops.plugin import Completion, Model, RenderedPrompt

# One scorer scores the answers of several cells at once, and each of them in a task of its own.
_MONEY: ContextVar[Money | None] = ContextVar("money", default=None)


@contextmanager
def counted_in(money: Money | None) -> Iterator[None]:
    """Counts what scorers ask within, also in tasks that they begin."""
    token = _MONEY.set(money)
    try:
        yield
    finally:
        _MONEY.reset(token)


@dataclass(frozen=True, slots=True)
class CountedModel:
    """A model as scorers get it. Answers that nobody could read are counted too, for they are paid."""

    model: Model

    async def complete(self, rendered: RenderedPrompt, sample: int = 0) -> Completion:
        """See Model."""
        completion = await self.model.complete(rendered, sample)
        money = _MONEY.get()
        if money is not None:
            money.add(completion)
        return completion

    async def close(self) -> None:
        """See Model; it belongs to the run."""
