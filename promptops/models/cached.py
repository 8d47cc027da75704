"""A model that is asked each thing once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, Protocol

from promptops.errors import ProjectError
from promptops.files.seen_ids import SeenIds
from promptops.model.prompt import RenderedPrompt
from promptops.model.record import JsonValue
from promptops.models.asking import Asking
from promptops.models.chat import answer_key
from promptops.models.lane import Usage
from promptops.models.prices import Price
from promptops.plugin import NOT_ASKED, CaseFailure, Completion, Model


class Answers(Protocol):
    """Where answers are kept, by key."""

    def get(self, key: str) -> JsonValue | None:
        """The answer, or None."""
        ...

    def has(self, key: str) -> bool:
        """Whether there is an answer."""
        ...

    def put(self, key: str, answer: JsonValue) -> None:
        """Keeps an answer."""
        ...


_DEFAULTS = {
    field.name: field.default_factory() if callable(field.default_factory) else field.default
    for field in fields(Completion)
}


class CachedModel:
    """See Model. Failed calls are not kept; a model's own failure is an answer like any other.

    What this run has asked for is fresh, and not asked for again. `model` may be None where it is never asked. `own_price` is what the user says it costs, `price`
    what the table says.
    """

    def __init__(
        self,
        model: Model | None,
        answers: Answers,
        asking: Asking,
        *,
        endpoint: str | None,
        own_price: Price | None,
        price: Callable[[], Price | None],
    ) -> None:
        self._model = model
        self._answers = answers
        self._asking = asking
        self._endpoint = endpoint
        self._own_price = own_price
        self._price = price
        self._under_way: dict[str, asyncio.Future[Completion]] = {}
        self._broken: ProjectError | None = None
        self._answered = SeenIds()

    async def complete(self, rendered: RenderedPrompt, sample: int = 0) -> Completion:
        """See Model; the same request at the same time is sent once."""
        key = self.key(rendered, sample)
        known = self._known(key)
        if known is not None:
            return known
        if self._model is None:
            raise CaseFailure(NOT_ASKED, f"no answer of `{rendered.model}` to this request is recorded")
        if key in self._under_way:
            return replace(await asyncio.shield(self._under_way[key]), cached=True)
        if self._broken is not None:
            raise self._broken
        waiting = self._under_way[key] = asyncio.get_running_loop().create_future()
        try:
            completion = await self._model.complete(rendered, sample)
            try:
                self._put(key, completion)
            except ProjectError as error:
                # The answer still reaches the journal; the next call ends the run.
                self._broken = error
        except BaseException as error:
            # Nobody may be waiting, and a failure that nobody fetches is complained about.
            waiting.set_exception(error if isinstance(error, Exception) else _interrupted())
            waiting.exception()
            raise
        else:
            waiting.set_result(completion)
            return completion
        finally:
            del self._under_way[key]

    def key(self, rendered: RenderedPrompt, sample: int) -> str:
        """The key of an answer."""
        return answer_key(rendered, endpoint=self._endpoint, sample=sample)

    def known(self, rendered: RenderedPrompt, sample: int = 0) -> Completion | None:
        """The answer that would be given without asking, if there is one."""
        return self._known(self.key(rendered, sample))

    def is_known(self, rendered: RenderedPrompt, sample: int) -> bool:
        """Whether an answer is kept."""
        return self._answers.has(self.key(rendered, sample))

    def keep(self, rendered: RenderedPrompt, sample: int, completion: Completion) -> None:
        """Keeps an answer that was received elsewhere."""
        self._put(self.key(rendered, sample), completion)

    async def close(self) -> None:
        """See Model."""
        if self._model is not None:
            await self._model.close()

    def _put(self, key: str, completion: Completion) -> None:
        self._answers.put(key, _kept(completion))
        if self._asking is Asking.ALWAYS:
            self._answered.add(key)

    def _known(self, key: str) -> Completion | None:
        if self._asking is Asking.ALWAYS and key not in self._answered:
            return None
        kept: Any = self._answers.get(key)
        if kept is None:
            return None
        completion = Completion(**kept, cached=True)
        price = self._own_price or (self._price() if completion.cost_usd is None else None)
        if price is None or not completion.input_tokens:
            return completion
        usage = Usage(completion.input_tokens, completion.output_tokens)
        return replace(completion, cost_usd=price.cost_usd(usage))


def _kept(completion: Completion) -> dict[str, JsonValue]:
    values = {name: getattr(completion, name) for name in _DEFAULTS if name != "cached"}
    return {name: value for name, value in values.items() if value != _DEFAULTS[name]}


def _interrupted() -> CaseFailure:
    return CaseFailure("interrupted", "the run was interrupted")
