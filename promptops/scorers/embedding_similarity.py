from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot
from operator import mul
from typing import ClassVar

from promptops.plugin import (
    AsyncScorer,
    CaseFailure,
    Embedder,
    Example,
    Record,
    Sample,
    Scale,
    Score,
    TargetContext,
)

LONGEST_TEXT = 8_000


@dataclass(kw_only=True)
class EmbeddingSimilarity(Record):
    """How close output and expected text are in meaning: the cosine of their embeddings, and 0 below 0.

    `model` makes the embeddings: any of litellm's, as `openai/text-embedding-3-small`. They are kept with
    the answers of models, so that no text is sent twice, and paced and paid for as those are. Of several
    expected texts the closest counts, and of every text the first 8,000 characters. An empty output scores
    0.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.UNIT
    examples: ClassVar[tuple[Example, ...]] = ()
    keeps_time: ClassVar[bool] = True

    model: str

    def __post_init__(self) -> None:
        # Not a field, because fields are options.
        self._embedder: Embedder | None = None

    async def open(self, context: TargetContext) -> None:
        """See AsyncScorer; raises ConfigError where the model or its key is missing."""
        self._embedder = context.embedder(self.model)

    async def score(self, sample: Sample) -> Score:
        """See AsyncScorer."""
        expected = [_cut(text) for text in sample.expected_texts() if text.strip()]
        assert self._embedder is not None
        if not expected:
            raise CaseFailure("no_expected", "the expected value is empty")
        if not sample.output.strip():
            return Score(value=0.0, reason="the output is empty")
        output = await self._embedder.embed(_cut(sample.output))
        return Score(value=max([_cosine(output, await self._embedder.embed(text)) for text in expected]))

    async def close(self) -> None:
        """See AsyncScorer."""


def _cut(text: str) -> str:
    # Half of a character, which JSON can spell, is none that a model has to know.
    return text[:LONGEST_TEXT].encode("utf-8", "replace").decode("utf-8")


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    if len(one) != len(other):
        raise CaseFailure("bad_answer", "the embeddings of two texts differ in length")
    cosine: float = sum(map(mul, one, other)) / (hypot(*one) * hypot(*other))
    return min(1.0, max(0.0, cosine))


PLUGIN: type[AsyncScorer] = EmbeddingSimilarity
