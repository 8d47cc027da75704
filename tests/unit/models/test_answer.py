from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.models.answer import Timing, read_answer
from promptops.models.lane import AttemptFailed, error_message
from promptops.models.prices import Price
from tests.support.chat import TOOL_CALL, USAGE, answer

TIMING = Timing(latency_ms=5.0, first_answer_ms=2.0)
PRICE = Price(input_usd=1.0, output_usd=2.0, cached_input_usd=0.5)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
PLACES = (
    ("choices",),
    ("choices", 0),
    ("choices", 0, "message"),
    ("choices", 0, "message", "content"),
    ("choices", 0, "message", "content", 0, "text"),
    ("choices", 0, "message", "refusal"),
    ("choices", 0, "message", "tool_calls"),
    ("choices", 0, "message", "tool_calls", 0),
    ("choices", 0, "message", "tool_calls", 0, "function"),
    ("choices", 0, "message", "tool_calls", 0, "function", "name"),
    ("choices", 0, "message", "tool_calls", 0, "function", "arguments"),
    ("choices", 0, "finish_reason"),
    ("usage",),
    ("usage", "prompt_tokens"),
    ("usage", "completion_tokens"),
    ("usage", "prompt_tokens_details"),
    ("usage", "cost"),
)


def replaced(document: Any, place: tuple[str | int, ...], value: Any) -> Any:
    """The document with another value in one place."""
    if not place:
        return value
    copy = document.copy()
    copy[place[0]] = replaced(document[place[0]], place[1:], value)
    return copy


def full() -> dict[str, Any]:
    usage = {**USAGE, "prompt_tokens_details": {"cached_tokens": 0}, "cost": 0.5}
    return answer([{"type": "text", "text": "card"}], refusal=None, tool_calls=[TOOL_CALL], usage=usage)


@given(place=st.sampled_from(PLACES), value=JSON, price=st.sampled_from([PRICE, None]))
def test_whatever_comes_is_an_answer_or_a_bad_one(
    place: tuple[str | int, ...], value: Any, price: Price | None
) -> None:
    try:
        completion = read_answer(replaced(full(), place, value), TIMING, price)
    except AttemptFailed as failed:
        assert failed.kind == "bad_answer"  # noqa: PT017 - it need not fail
    else:
        assert is_sound(completion)


def is_sound(completion: Any) -> bool:
    """Whether all of it is of the declared types, and can be written down."""
    json.dumps(completion.data)
    cost_usd = completion.cost_usd
    return (
        isinstance(completion.output, str)
        and completion.input_tokens >= 0
        and completion.output_tokens >= 0
        and (cost_usd is None or (isinstance(cost_usd, float) and math.isfinite(cost_usd) and cost_usd >= 0))
        and completion.failure in (None, "refusal", "cut_off", "content_filter")
    )


@given(document=JSON)
def test_any_document_is_read_or_refused(document: Any) -> None:
    with pytest.raises(AttemptFailed):
        read_answer(document, TIMING, PRICE)


@given(document=JSON, message=JSON, code=JSON)
def test_any_error_says_something(document: Any, message: Any, code: Any) -> None:
    for each in (document, {"error": document}, {"error": {"message": message, "code": code}}):
        assert isinstance(error_message(json.dumps(each)), str)


def test_timing_is_passed_on() -> None:
    completion = read_answer(full(), TIMING, PRICE)
    assert (completion.latency_ms, completion.first_answer_ms) == (5.0, 2.0)


@pytest.mark.parametrize(
    "usage",
    [
        {**USAGE, "prompt_tokens_details": {"cached_tokens": 40}},
        {**USAGE, "prompt_cache_hit_tokens": 40},
        {**USAGE, "prompt_tokens_details": None, "prompt_cache_hit_tokens": 40},
    ],
)
def test_cached_tokens_have_several_names(usage: Any) -> None:
    completion = read_answer(answer(usage=usage), TIMING, PRICE)
    assert completion.cost_usd == (100 - 40) * 1.0 + 40 * 0.5 + 10 * 2.0


def test_a_price_that_is_known_wins_over_one_that_is_told() -> None:
    document = answer(usage={**USAGE, "cost": 7.0})
    assert read_answer(document, TIMING, PRICE).cost_usd == 100 * 1.0 + 10 * 2.0
    assert read_answer(document, TIMING, None).cost_usd == 7.0
