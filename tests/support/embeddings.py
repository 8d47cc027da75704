"""A model on the loopback interface that makes embeddings: letters as directions, so that tests can compute them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import sqrt
from string import ascii_lowercase
from typing import Any

from tests.support.service import Call, Reply, Service, service

TOKENS = 5


@dataclass(frozen=True, slots=True)
class Embeddings:
    """The server, and what it was asked."""

    service: Service

    @property
    def url(self) -> str:
        return f"{self.service.url}/v1"

    @property
    def texts(self) -> list[str]:
        """Every text that was sent."""
        return [text for call in self.service.calls for text in call.json["input"]]


def vector(text: str) -> list[float]:
    """How often each letter occurs."""
    return [float(text.count(letter)) for letter in ascii_lowercase]


def cosine(one: str, other: str) -> float:
    """The similarity of two texts by their letters."""
    a, b = Counter(one), Counter(other)
    product = sum(count * b[letter] for letter, count in a.items())
    return product / sqrt(sum(n * n for n in a.values()) * sum(n * n for n in b.values()))


def embedded(embedding: Any) -> Reply:
    """An embedding as OpenAI words it."""
    data = [{"object": "embedding", "index": 0, "embedding": embedding}]
    usage = {"prompt_tokens": TOKENS, "total_tokens": TOKENS}
    return Reply({"object": "list", "data": data, "model": "m", "usage": usage})


@contextmanager
def embeddings(answer: Callable[[Call], Reply] | None = None) -> Iterator[Embeddings]:
    """The model, running; it answers as it is told, else with the letters of the text."""

    def reply(call: Call) -> Reply:
        assert call.path == "/v1/embeddings", call.path
        return answer(call) if answer else embedded(vector(call.json["input"][0]))

    with service(reply) as served:
        yield Embeddings(served)
