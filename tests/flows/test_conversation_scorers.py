"""What of a conversation a scorer sees."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.support.chat import answer as chat_answer
from tests.support.cli import Cli, only_suite
from tests.support.conversations import SUITE, Messages, calls, echo, evaluated, model, project
from tests.support.project import NO_SHARED_DATA, SHARED_DATA, ProjectFolder, rows
from tests.support.service import Reply


@pytest.mark.parametrize(
    ("scorer", "value"),
    [
        ("{type: contains}", 1),
        ("{type: contains, value: '1:', turn: first}", 1),
        ("{type: contains, value: '2:', turn: 2}", 1),
        ("{type: contains, value: '2:', turn: last}", 0),
        ("{type: contains, value: 'user: hello', turn: all}", 1),
        ("{type: contains, turn: each}", 0.5),
        ("{type: contains, value: ':', turn: each}", 1),
        ("{type: all_of, turn: each, scorers: {a: {type: contains}, b: {type: max_words, value: 9}}}", 0.5),
        ("{type: contains, turn: each, not: true}", 0.5),
        ("{type: contains, turn: each, expected: ':'}", 1),
        ("{type: all_of, turn: first, scorers: {a: {type: contains, value: '1:'}}}", 1),
        ("{type: any_of, turn: all, scorers: {a: {type: contains, value: 'user: bye'}}}", 1),
    ],
)
def test_a_scorer_sees_the_turn_that_it_asks_for(
    scorer: str, value: float, folder: ProjectFolder, cli: Cli
) -> None:
    turns = [{"user": "hello", "expected": "nothing like it"}, "you?", {"user": "bye", "expected": "3: bye"}]
    with model(echo) as served:
        suite = evaluated(
            project(folder, served.url, turns, suite=SUITE.replace("{type: contains}", scorer)), cli
        )
    assert suite["metrics"][0]["mean"] == value


@pytest.mark.parametrize(
    ("scorer", "message"),
    [
        ("{type: contains, turn: each, threshold: 0.5, reduce: majority}", "let it see one turn"),
        ("{type: levenshtein, reduce: majority}", "needs a `threshold`"),
        (f"{{type: contains, turn: '{'9' * 5000}'}}", "nor the number of a turn"),
        ("{type: contains, turn: 0}", "nor the number of a turn"),
    ],
)
def test_options_that_fit_no_turn_are_told_where_they_stand(
    scorer: str, message: str, folder: ProjectFolder, cli: Cli
) -> None:
    with model(echo) as served:
        suite = SUITE.replace("{type: contains}", scorer)
        result = cli("eval", at=project(folder, served.url, ["hello"], suite=suite).root)
    assert result.code == 3
    assert message in result.err


@pytest.mark.parametrize(("expected", "value"), [("3: bye", 0), ("1: hello", 1)])
def test_a_turn_that_expects_nothing_is_held_against_the_case_not_against_the_last_turn(
    expected: str, value: float, folder: ProjectFolder, cli: Cli
) -> None:
    turns = ["hello", {"user": "bye", "expected": ": hello"}]
    suite = SUITE.replace("{type: contains}", "{type: contains, turn: first}")
    with model(echo) as served:
        found = evaluated(project(folder, served.url, turns, suite=suite, expected=expected), cli)
    assert found["metrics"][0]["mean"] == value


def test_the_worst_turn_is_named(folder: ProjectFolder, cli: Cli) -> None:
    turns = [{"user": "hello", "expected": "nothing like it"}, {"user": "bye", "expected": "2: bye"}]
    with model(echo) as served:
        project(
            folder, served.url, turns, suite=SUITE.replace("{type: contains}", "{type: contains, turn: each}")
        )
        shown = cli("eval", "--failures", at=folder.root).out
    assert "0.5  turn 1: 0 (does not contain `nothing like it`)" in shown
    assert "assistant: 1: hello" in shown


def test_a_turn_that_a_case_does_not_have_loses_it(folder: ProjectFolder, cli: Cli) -> None:
    with model(echo) as served:
        suite = SUITE.replace("{type: contains}", "{type: contains, turn: 4}")
        result = cli("eval", "--format", "json", at=project(folder, served.url, ["hello"], suite=suite).root)
    (error,) = only_suite(result)["errors"]
    assert (error["kind"], error["message"]) == ("no_turn", "`last` scores turn 4, and there are 1")


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason=NO_SHARED_DATA)
def test_recorded_chats_of_real_people_are_scored_turn_by_turn(folder: ProjectFolder, cli: Cli) -> None:
    cases, outputs = [], []
    for row in rows(next((SHARED_DATA / "feedback_chat").glob("*.jsonl")))[:100]:
        said_by = [(each["role"], each["content"]) for each in row["messages"]] + [
            ("assistant", row["response"])
        ]
        pairs = pairwise(said_by)
        turns = [
            {"user": one[1], "output": other[1]}
            for one, other in pairs
            if (one[0], other[0]) == ("user", "assistant")
        ]
        if turns:
            cases.append({"id": row["id"], "turns": [turn["user"] for turn in turns]})
            outputs.append({"id": row["id"], "output": turns[-1]["output"], "turns": turns})
    suite = """\
target: {recorded: outputs.jsonl}
dataset: datasets/d.jsonl
turns: "{{ case.turns }}"
scorers:
  said: {type: length, min: 1, turn: each}
  whole: {type: contains, value: "assistant: ", turn: all}
"""
    folder.write({"evals/s.yaml": suite}).write_rows("evals/datasets/d.jsonl", cases)
    folder.write_rows("evals/outputs.jsonl", outputs)
    found = evaluated(folder, cli)
    spoken = [
        sum(bool(turn["output"].split()) for turn in row["turns"]) / len(row["turns"]) for row in outputs
    ]
    assert found["metrics"][0]["mean"] == pytest.approx(sum(spoken) / len(spoken))
    assert found["metrics"][1]["mean"] == 1
    assert any(len(row["turns"]) > 1 for row in outputs)


def scored(folder: ProjectFolder, cli: Cli, turns: Any, scorer: str, **case: Any) -> Any:
    """What one scorer says of a conversation with a model that echoes."""
    with model(echo) as served:
        suite = SUITE.replace("{type: contains}", scorer)
        return evaluated(project(folder, served.url, turns, suite=suite, **case), cli)["metrics"][0]["mean"]


@pytest.mark.parametrize(
    ("scorer", "value"),
    [
        # The second turn expects nothing: what needs an expectation passes over it, what needs none does not.
        ("{type: contains, turn: each}", 1),
        ("{type: contains, value: '2:', turn: each}", pytest.approx(1 / 3)),
        ("{type: max_words, value: 2, turn: each}", pytest.approx(2 / 3)),
        ("{type: exact_match, turn: 3}", 1),
        ("{type: contains, turn: all}", 0),
        ("{type: contains, turn: all, expected: 'user: you there?'}", 1),
    ],
)
def test_each_turn_has_an_expectation_of_its_own_or_none(
    scorer: str, value: Any, folder: ProjectFolder, cli: Cli
) -> None:
    turns = [{"user": "hello", "expected": "1: hello"}, "you there?", {"user": "bye", "expected": "3: bye"}]
    assert scored(folder, cli, turns, scorer, expected="the whole story") == value


@pytest.mark.parametrize(
    ("turns", "expected", "value"),
    [
        # What the case expects is what the last turn does, where other turns have expectations of their own.
        ([{"user": "a", "expected": "1: a"}, "b", "c"], "3: c", 1),
        ([{"user": "a", "expected": "1: a"}, "b", "c"], "2: b", 0.5),
        # Where none has one, it is what every turn does.
        (["a", "b"], "2: b", 0.5),
        (["a", "b"], ": ", 1),
    ],
)
def test_the_case_says_what_turns_expect_that_do_not_say_it_themselves(
    turns: Any, expected: str, value: float, folder: ProjectFolder, cli: Cli
) -> None:
    assert scored(folder, cli, turns, "{type: contains, turn: each}", expected=expected) == value


def test_a_scorer_that_nothing_is_expected_for_loses_the_case(folder: ProjectFolder, cli: Cli) -> None:
    with model(echo) as served:
        suite = SUITE.replace("{type: contains}", "{type: contains, turn: each}")
        project(folder, served.url, ["a"], suite=suite, expected=None)
        result = cli("eval", "--format", "json", at=folder.root)
    assert [each["kind"] for each in only_suite(result)["errors"]] == ["no_expected"]


@pytest.mark.parametrize(
    ("scorer", "value"),
    [
        ("{type: tool_calls, turn: each}", 1),
        ("{type: tool_calls, turn: 1}", 1),
        ("{type: tool_calls}", 1),
        ("{type: max_tool_calls, value: 1, turn: all}", 0),
        ("{type: max_tool_calls, value: 1}", 1),
        ("{type: max_tokens, value: 10}", 0),
        ("{type: max_tokens, value: 10, turn: each}", 0.5),
        ("{type: max_tokens, value: 10, turn: 1}", 0),
        ("{type: max_tokens, value: 10, turn: 2}", 1),
        ("{type: refusal, turn: each}", 0),
    ],
)
def test_a_turn_has_calls_and_tokens_of_its_own(
    scorer: str, value: float, folder: ProjectFolder, cli: Cli
) -> None:
    def answer(messages: Messages) -> Reply:
        last = messages[-1]["content"]
        return calls(last) if last in ("look", "pay") else echo(messages)

    turns = [
        {"user": "look", "expected": ["look"], "tools": {"look": "there"}},
        {"user": "pay", "expected": ["pay"]},
    ]
    with model(answer) as served:
        suite = SUITE.replace("{type: contains}", scorer)
        found = evaluated(project(folder, served.url, turns, suite=suite), cli)
    # An answer with calls has 2 tokens, one in words 10.
    assert found["output_tokens"] == 2 + 10 + 2
    assert found["metrics"][0]["mean"] == value


RECORDED = """\
target: {recorded: outputs.jsonl}
dataset: datasets/d.jsonl
turns: "{{ case.turns }}"
scorers:
  s: {type: contains}
"""
TWO = [{"user": "a", "expected": "one"}, {"user": "b", "expected": "two"}]


@pytest.mark.parametrize(
    ("answer", "scorer", "value"),
    [
        ({"turns": [{"output": "one"}, {"output": "two"}]}, "{type: contains, turn: each}", 1),
        (
            {"turns": [{"output": "one", "latency_ms": 9}, {"output": "two"}]},
            "{type: max_latency_ms, value: 5, turn: each}",
            0.5,
        ),
        (
            {"turns": [{"tool_calls": [{"name": "look"}]}, {"output": 2}]},
            "{type: contains, value: look, turn: 1}",
            1,
        ),
        ({"turns": [{"output": "one"}]}, "{type: contains, turn: each}", 0.5),
        ({"turns": [{"output": "one"}]}, "{type: contains}", 0),
        ({"turns": 3}, "{type: contains}", 1),
        ({"turns": 3}, "{type: contains, turn: first}", "no_turns"),
        ({"turns": []}, "{type: contains, turn: all}", "no_turns"),
        ({"turns": [{"user": "a"}]}, "{type: contains, turn: all}", "no_turns"),
        ({"turns": [None]}, "{type: contains, turn: 1}", "no_turns"),
        ({}, "{type: contains, turn: each}", "no_turns"),
        ({}, "{type: contains}", 1),
        ({}, "{type: contains, turn: all}", "no_turns"),
        ({"turns": [{"output": "one"}, {"output": "two"}]}, "{type: contains, turn: 3}", "no_turn"),
        (
            {"turns": [{"output": "one"}, {"output": "two", "latency_ms": "9", "cost_usd": -1}]},
            "{type: max_cost_usd, value: 1, turn: 2}",
            1,
        ),
    ],
)
def test_an_application_may_tell_its_turns(
    answer: Any, scorer: str, value: Any, folder: ProjectFolder, cli: Cli
) -> None:
    folder.write({"evals/s.yaml": RECORDED.replace("{type: contains}", scorer)})
    folder.write_rows("evals/datasets/d.jsonl", [{"id": "c", "turns": TWO}])
    folder.write_rows("evals/outputs.jsonl", [{"id": "c", "output": "two", **answer}])
    result = cli("eval", "--format", "json", at=folder.root)
    suite = only_suite(result)
    if isinstance(value, str):
        assert [each["kind"] for each in suite["errors"]] == [value]
    else:
        assert (suite["errors"], suite["metrics"][0]["mean"]) == ([], value)


@pytest.mark.parametrize(
    ("scorer", "value"),
    [("{type: refusal}", 0), ("{type: refusal, turn: 1}", 1), ("{type: refusal, turn: each}", 0.5)],
)
def test_a_turn_that_was_refused_is_not_the_last_one(
    scorer: str, value: float, folder: ProjectFolder, cli: Cli
) -> None:
    def answer(messages: Messages) -> Reply:
        return Reply(refused) if messages[-1]["content"] == "hello" else echo(messages)

    refused = chat_answer(None, refusal="I would rather not.")
    with model(answer) as served:
        suite = SUITE.replace("{type: contains}", scorer)
        found = evaluated(project(folder, served.url, ["hello", "bye"], suite=suite), cli)
    assert found["metrics"][0]["mean"] == value
    assert [each["failure"] for each in found["failed_output"]] == ["refusal"]
