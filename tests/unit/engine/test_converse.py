"""Conversations of any model with the tools of any case."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.commands.prepare import prepare_all
from promptops.commands.project import open_project
from promptops.commands.suite_plan import Selection
from promptops.engine.converse import MOST_ROUNDS, TOOL_LOOP, Conversation
from promptops.engine.plan import Cell, Job, case_jobs
from promptops.engine.turns import turns_of
from promptops.model.prompt import RenderedPrompt
from promptops.model.result import Completion
from tests.support.conversations import project
from tests.support.project import ProjectFolder

Talk = tuple[Cell, Job]
TOOLS = ("a", "b", "c")

results = st.one_of(
    st.dictionaries(st.sampled_from(TOOLS), st.one_of(st.text(), st.lists(st.text(), max_size=3))),
    st.lists(
        st.fixed_dictionaries(
            {
                "name": st.sampled_from(TOOLS),
                "result": st.one_of(st.integers(), st.lists(st.text(), max_size=2)),
            },
            optional={"arguments": st.sampled_from([{}, {"n": 1}])},
        ),
        max_size=3,
    ),
)
turns = st.lists(
    st.fixed_dictionaries({"user": st.text()}, optional={"tools": results}), min_size=1, max_size=3
)
tool_calls = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(["x", "y", "", None, 5]),
            "type": st.just("function"),
            "function": st.fixed_dictionaries(
                {
                    "name": st.sampled_from((*TOOLS, "unknown")),
                    "arguments": st.sampled_from(["{}", "", '{"n": 1.0}', '{"n": 2}', "[]", "{", "[" * 99]),
                }
            ),
        }
    ),
    max_size=3,
)
answers = st.builds(
    lambda output, calls, failure, cached: Completion(
        output=output,
        input_tokens=3,
        output_tokens=2,
        cost_usd=0.5,
        failure=failure,
        data={"tool_calls": calls} if calls else {},
        cached=cached,
    ),
    st.text(),
    tool_calls,
    st.sampled_from([None, None, None, "refusal"]),
    st.booleans(),
)


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Talk:
    """A prompt, and a case of it."""
    root = tmp_path_factory.mktemp("talk")
    project(ProjectFolder(root), "http://127.0.0.1:9", ["hello"])
    ((prepared,),) = (each.cells for each in prepare_all(open_project(Path(root), {}), (), Selection()))
    (case,) = prepared.cell.plan.cases()
    return prepared.cell, next(case_jobs(prepared.cell, case))


def held(
    talk: Talk, written: Sequence[Any], said: Sequence[Completion]
) -> tuple[list[RenderedPrompt], list[Completion], Completion]:
    """A conversation in which the last answer is given again and again; its requests, answers and outcome."""
    cell, job = talk
    held_turns = turns_of(written, job.request.inputs, cell.renderer, cell.plan.where)
    conversation = Conversation(cell, replace(job, turns=held_turns))
    requests: list[RenderedPrompt] = []
    given_answers: list[Completion] = []
    while conversation.request is not None:
        requests.append(conversation.request)
        given_answers.append(said[min(len(requests), len(said)) - 1])
        conversation.hear(given_answers[-1])
    return requests, given_answers, conversation.completion()


def check_exchange(messages: Sequence[Any]) -> None:
    """Every call has its result behind it, and nothing else stands between."""
    waiting: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            assert waiting
            assert message["tool_call_id"] == waiting.pop(0)
            continue
        assert not waiting
        waiting = [call["id"] for call in message.get("tool_calls", ())]
        for call in message.get("tool_calls", ()):
            assert call["id"]
            assert set(call) == {"id", "type", "function"}
            assert isinstance(json.loads(call["function"]["arguments"]), dict)
    assert not waiting
    assert messages[-1]["role"] in ("user", "tool")


@given(written=turns, said=st.lists(answers, min_size=1, max_size=8))
def test_whatever_is_said_a_conversation_ends_and_can_be_sent(
    talk: Talk, written: Sequence[Any], said: Sequence[Completion]
) -> None:
    requests, given_answers, outcome = held(talk, written, said)
    assert len(requests) <= len(written) * (MOST_ROUNDS + 1)
    for request in requests:
        check_exchange(request.messages)
    assert (outcome.calls, outcome.cached_calls) == (
        len(given_answers),
        sum(each.cached for each in given_answers),
    )
    assert (outcome.input_tokens, outcome.cost_usd) == (3 * len(requests), 0.5 * len(requests))
    assert outcome.cached == all(each.cached for each in given_answers)
    told = outcome.data["turns"]
    assert len(told) == len(written) or told[-1]["failure"] == TOOL_LOOP
    assert sum(turn["input_tokens"] for turn in told) == outcome.input_tokens
    assert outcome.output == told[-1]["output"] == given_answers[-1].output


@given(written=turns, said=st.lists(answers, min_size=1, max_size=8))
def test_the_same_answers_are_asked_for_by_the_same_requests(
    talk: Talk, written: Sequence[Any], said: Sequence[Completion]
) -> None:
    assert held(talk, written, said) == held(talk, written, said)


@given(texts=st.lists(st.text(), min_size=1, max_size=4), rounds=st.integers(1, 6))
def test_results_in_a_list_are_given_once_and_in_their_order(
    talk: Talk, texts: list[str], rounds: int
) -> None:
    call = {"id": "x", "type": "function", "function": {"name": "a", "arguments": "{}"}}
    calling = Completion(output="", data={"tool_calls": [call]})
    requests, _, outcome = held(
        talk, [{"user": "hello", "tools": {"a": texts}}], [*[calling] * rounds, Completion(output="done")]
    )
    given_results = [each["content"] for each in requests[-1].messages if each["role"] == "tool"]
    assert given_results == texts[:rounds]
    assert (outcome.output == "done") == (rounds <= len(texts))


def test_calls_without_an_id_get_ids_that_differ_in_the_whole_conversation(talk: Talk) -> None:
    call = {"id": None, "type": "function", "function": {"name": "a", "arguments": "{}"}}
    calling, done = Completion(output="", data={"tool_calls": [call, call]}), Completion(output="done")
    turn = {"user": "hello", "tools": {"a": "there"}}
    requests, _, _ = held(talk, [turn, turn], [calling, done, calling, done])
    ids = [each["tool_call_id"] for each in requests[-1].messages if each["role"] == "tool"]
    assert len(set(ids)) == len(ids) == 4
