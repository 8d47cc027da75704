"""What was said in a conversation, as text and turn by turn."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.model.conversation import conversation_text, said_turns
from promptops.model.result import Completion

LOOK = {"id": "1", "type": "function", "function": {"name": "look", "arguments": '{"at": "x"}'}}
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=8,
)
turns = st.one_of(
    values,
    st.lists(
        st.dictionaries(
            st.sampled_from(["user", "output", "tool_calls", "failure", "latency_ms", "input_tokens"]), values
        )
    ),
)


def text(*told: Any) -> str:
    return conversation_text(said_turns(Completion(output="", data={"turns": list(told)})))


def test_calls_stand_with_their_results_before_the_answer() -> None:
    told = text({"user": "where?", "tool_calls": [{**LOOK, "result": "there"}], "output": "It is\nthere."})
    assert told.splitlines() == [
        "user: where?",
        'assistant calls: look({"at": "x"})',
        "tool: there",
        "assistant: It is",
        "there.",
    ]


def test_an_answer_that_is_nothing_but_calls_is_told_once() -> None:
    assert text({"tool_calls": [LOOK]}) == 'assistant calls: look({"at": "x"})'
    assert text({"tool_calls": ["look"], "output": "so"}) == "assistant calls: look\nassistant: so"


@pytest.mark.parametrize("name", ["latency_ms", "input_tokens", "output_tokens", "cost_usd"])
@pytest.mark.parametrize(
    ("told", "value"),
    [(2, 2), (0, 0), (None, 7), ("2", 7), (True, 7), (-1, 7), (float("nan"), 7), (10**400, 7)],
)
def test_what_a_turn_does_not_measure_is_that_of_the_whole(name: str, told: Any, value: float) -> None:
    measured: dict[str, Any] = {name: 7}
    whole = Completion(output="x", data={"turns": [{"output": "a", name: told}]}, **measured)
    (turn,) = said_turns(whole)
    assert getattr(turn.alone(whole), name) == value


@given(told=turns)
def test_whatever_an_application_tells_is_read_or_refused(told: Any) -> None:
    completion = Completion(output="x", data={"turns": told})
    try:
        said = said_turns(completion)
    except ValueError:
        return
    assert isinstance(conversation_text(said), str)
    assert all(turn.alone(completion).output == turn.output for turn in said)
