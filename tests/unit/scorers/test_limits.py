"""The scorers that hold an answer to a limit: words, latency, cost, tokens."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from promptops.plugin import Completion, Score

Scoring = Callable[..., Score]


@pytest.mark.parametrize(("output", "value"), [("", 1.0), ("one\n two ", 1.0), ("one two three", 0.0)])
def test_max_words(output: str, value: float, score: Scoring) -> None:
    assert score("max_words", output, value=2).value == value


@pytest.mark.parametrize(("latency_ms", "value"), [(0.0, 1.0), (100.0, 1.0), (100.5, 0.0)])
def test_max_latency_ms(latency_ms: float, value: float, score: Scoring) -> None:
    completion = Completion(output="", latency_ms=latency_ms)
    assert score("max_latency_ms", "", completion=completion, value=100).value == value


@pytest.mark.parametrize(("cost_usd", "value"), [(0.0, 1.0), (0.01, 1.0), (0.011, 0.0)])
def test_max_cost_usd(cost_usd: float, value: float, score: Scoring) -> None:
    completion = Completion(output="", cost_usd=cost_usd)
    assert score("max_cost_usd", "", completion=completion, value=0.01).value == value


def test_an_unknown_price_is_neither_right_nor_wrong(score: Scoring) -> None:
    result = score("max_cost_usd", "", completion=Completion(output="", cost_usd=None), value=0.01)
    assert result == Score(value=None, reason="the price of the model is unknown")


@pytest.mark.parametrize("scorer", ["max_words", "max_latency_ms", "max_cost_usd", "max_tokens"])
def test_a_negative_limit_is_refused(scorer: str, refusal: Callable[..., str]) -> None:
    assert refusal(scorer, value=-1) == "`value`: must be at least 0"


def test_part_of_a_word_is_refused(refusal: Callable[..., str]) -> None:
    assert "expected a whole number" in refusal("max_words", value=2.5)


@pytest.mark.parametrize(("of", "limit"), [("output", 10), ("input", 100), ("total", 110)])
def test_max_tokens(of: str, limit: int, score: Scoring) -> None:
    completion = Completion(output="", input_tokens=100, output_tokens=10)
    assert score("max_tokens", "", completion=completion, of=of, value=limit).value == 1.0
    assert score("max_tokens", "", completion=completion, of=of, value=limit - 1).value == 0.0


def test_the_output_is_what_max_tokens_counts(score: Scoring) -> None:
    completion = Completion(output="", input_tokens=100, output_tokens=10)
    assert score("max_tokens", "", completion=completion, value=10).reason == "10 tokens"


def test_tokens_that_nobody_counted_are_neither_few_nor_many(score: Scoring) -> None:
    assert score("max_tokens", "words", value=1).value is None
    assert score("max_tokens", "", completion=Completion(output="", input_tokens=9), value=0).value == 1.0
