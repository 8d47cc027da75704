"""`promptops/nearest-example`: answers with the most similar example of the prompt. Not a language model."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from math import log, sqrt
from typing import Any, Final

from promptops.model.prompt import RenderedPrompt, content_text
from promptops.models.prompt_reading import Reading, read_prompt
from promptops.plugin import Completion

NO_EXAMPLES: Final = "NO_EXAMPLES"
WHY_NO_EXAMPLES: Final = "the prompt has neither examples nor a list of labels to choose from"
CAN_JUDGE: Final = False
"""A judge needs a language model; this one refuses."""

BEST_EXAMPLES = 3
DESCRIPTION_WEIGHT = 0.6
CHARACTER_SHARE = 0.6
MOST_INDEXES = 64
LONGEST_TEXT = 20_000

_WORD = re.compile(r"\w+")
Vector = dict[str, float]


class NearestExample:
    """A deterministic learner that reads rendered messages only.

    Similarity is the cosine of TF-IDF vectors of character 3- to 5-grams and of words; a label's score
    is the mean of its best three examples. Its name and description count as a weaker example.
    """

    def __init__(self) -> None:
        self._indexes: dict[Any, _Index] = {}

    async def complete(self, rendered: RenderedPrompt, sample: int = 0) -> Completion:
        """The output of the nearest label; costs nothing, and every sample is the same."""
        begun = time.perf_counter()
        output = self.answer(rendered.messages)
        return Completion(
            output=output,
            latency_ms=(time.perf_counter() - begun) * 1000,
            input_tokens=sum(len(content_text(message["content"]).split()) for message in rendered.messages),
            output_tokens=len(output.split()),
            data={"reason": WHY_NO_EXAMPLES} if output == NO_EXAMPLES else {},
        )

    async def close(self) -> None:
        """Nothing to let go of."""

    def answer(self, messages: Sequence[Mapping[str, Any]]) -> str:
        """The answer to a chat; `NO_EXAMPLES` where the prompt gives nothing to choose from."""
        key = tuple((message["role"], content_text(message["content"])) for message in messages[:-1])
        index = self._indexes.get(key)
        if index is None or not index.holds_for_any_question:
            reading = read_prompt(messages)
            index = _Index(reading, holds_for_any_question=bool(key))
            if len(self._indexes) >= MOST_INDEXES:
                self._indexes.clear()
            self._indexes[key] = index
            question = reading.question
        else:
            question = content_text(messages[-1]["content"]).strip()
        return index.nearest(question)


class _Index:
    def __init__(self, reading: Reading, *, holds_for_any_question: bool) -> None:
        self.holds_for_any_question = holds_for_any_question and bool(reading.examples or reading.labels)
        allowed = reading.labels
        examples = [(text, output) for text, output in reading.examples if not allowed or output in allowed]
        texts = [_features(text) for text, _ in examples]
        described = {label: _features(f"{label.replace('_', ' ')} {text}") for label, text in allowed.items()}
        self._idf = [_idf([each[kind] for each in (*texts, *described.values())]) for kind in (0, 1)]
        self._examples = [
            (self._vectors(features), output) for features, (_, output) in zip(texts, examples, strict=True)
        ]
        self._described = {label: self._vectors(features) for label, features in described.items()}

    def nearest(self, question: str) -> str:
        """The label with the highest score; the first one listed wins a tie."""
        asked = self._vectors(_features(question))
        similarities: dict[str, list[float]] = {label: [] for label in self._described}
        for vectors, output in self._examples:
            similarities.setdefault(output, []).append(_similarity(asked, vectors))
        best, best_score = NO_EXAMPLES, -1.0
        for label, values in similarities.items():
            strongest = sorted(values, reverse=True)[:BEST_EXAMPLES]
            score = sum(strongest) / len(strongest) if strongest else 0.0
            if label in self._described:
                score += DESCRIPTION_WEIGHT * _similarity(asked, self._described[label])
            if score > best_score:
                best, best_score = label, score
        return best

    def _vectors(self, features: tuple[Counter[str], Counter[str]]) -> tuple[Vector, Vector]:
        return _unit(features[0], self._idf[0]), _unit(features[1], self._idf[1])


def _features(text: str) -> tuple[Counter[str], Counter[str]]:
    words = _WORD.findall(text[:LONGEST_TEXT].casefold())
    grams: Counter[str] = Counter()
    for word in words:
        padded = f" {word} "
        for size in (3, 4, 5):
            grams.update(padded[start : start + size] for start in range(len(padded) - size + 1))
    return grams, Counter(words)


def _idf(documents: Sequence[Counter[str]]) -> Vector:
    counts = Counter(feature for document in documents for feature in document)
    return {feature: log((1 + len(documents)) / (1 + count)) + 1 for feature, count in counts.items()}


def _unit(counts: Counter[str], idf: Vector) -> Vector:
    weights = {
        feature: (1 + log(count)) * idf[feature] for feature, count in counts.items() if feature in idf
    }
    length = sqrt(sum(weight * weight for weight in weights.values()))
    return {feature: weight / length for feature, weight in weights.items()} if length else {}


def _similarity(one: tuple[Vector, Vector], other: tuple[Vector, Vector]) -> float:
    return CHARACTER_SHARE * _dot(one[0], other[0]) + (1 - CHARACTER_SHARE) * _dot(one[1], other[1])


def _dot(one: Vector, other: Vector) -> float:
    if len(one) > len(other):
        one, other = other, one
    return sum(weight * other[feature] for feature, weight in one.items() if feature in other)
