"""Texts as vectors: a request to a model like any other, so that it is paced, paid for and kept like any other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from promptops.model.prompt import RenderedPrompt
from promptops.model.record import JsonValue
from promptops.model.result import Completion
from promptops.models.answer import Timing
from promptops.models.lane import AttemptFailed, Usage
from promptops.models.prices import Price
from promptops.plugin import CaseFailure, Model

ROLE = "text to embed"
"""No message of a chat has this role, so that no answer is kept under the same key."""
FIELD = "embedding"


def embedding_request(model: str, text: str) -> RenderedPrompt:
    """The request for the vector of a text."""
    message = {"role": ROLE, "content": text}
    return RenderedPrompt(prompt="", digest="", model=model, parameters={}, messages=(message,))


def text_of(request: RenderedPrompt) -> str:
    """The text whose vector is asked for."""
    text: str = request.messages[0]["content"]
    return text


def read_embedding(document: JsonValue, timing: Timing, price: Price | None) -> Completion:
    """The completion that carries the vector of an answer in OpenAI's form.

    Raises:
        AttemptFailed: it holds none (`bad_answer`).
    """
    try:
        vector = _vector(document["data"][0]["embedding"])
        tokens = int((document.get("usage") or {}).get("prompt_tokens") or 0)
    except (LookupError, TypeError, AttributeError, ValueError, OverflowError):
        raise AttemptFailed("bad_answer", "the provider's answer is not an embedding") from None
    return Completion(
        output="",
        latency_ms=timing.latency_ms,
        input_tokens=tokens,
        cost_usd=price.at(datetime.now(UTC)).cost_usd(Usage(tokens)) if price and tokens else None,
        data={FIELD: vector},
    )


def _vector(values: Any) -> list[float]:
    vector = [float(each) for each in values]
    if not any(vector) or not all(map(isfinite, vector)) or isinstance(values[0], str):
        raise ValueError("no vector that has a direction")
    return vector


class ModelEmbedder:
    """See Embedder."""

    def __init__(self, name: str, model: Model) -> None:
        self._name = name
        self._model = model

    async def embed(self, text: str) -> Sequence[float]:
        """See Embedder."""
        completion = await self._model.complete(embedding_request(self._name, text))
        if completion.failure is not None:
            raise CaseFailure(completion.failure, f"`{self._name}` does not take the text to embed")
        vector: Sequence[float] = completion.data[FIELD]
        return vector
