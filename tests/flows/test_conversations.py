"""Cases that are conversations: turn by turn, with tools answered from the case."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest

from tests.support.chat_project import said, settings
from tests.support.cli import Cli, only_suite
from tests.support.project import NO_SHARED_DATA, SHARED_DATA, ProjectFolder, rows
from tests.support.service import Call, Reply, Service, service

PROMPT = """\
model: hosted_vllm/small
messages:
  - {role: system, content: "Help {{ name }}."}
  - {role: user, content: "{{ message }}"}
"""
SUITE = """\
prompt: p
dataset: datasets/d.jsonl
turns: "{{ case.turns }}"
scorers:
  last: {type: contains}
"""
Messages = list[dict[str, Any]]


@contextmanager
def model(answer: Callable[[Messages], Reply]) -> Iterator[Service]:
    def reply(call: Call) -> Reply:
        return answer(call.json["messages"])

    with service(reply) as served:
        yield served


def echo(messages: Messages) -> Reply:
    """Says how many user messages there were, and the last of them."""
    users = [each["content"] for each in messages if each["role"] == "user"]
    return said(f"{len(users)}: {users[-1]}")


def calls(*names: str, arguments: str = "{}") -> Reply:
    """An answer that calls tools."""
    made = [
        {"id": f"id-{n}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for n, name in enumerate(names)
    ]
    message = {"role": "assistant", "content": None, "tool_calls": made}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    return Reply(
        {
            "id": "x",
            "object": "chat.completion",
            "created": 1,
            "model": "small",
            "choices": [choice],
            "usage": usage,
        }
    )


def project(
    folder: ProjectFolder,
    url: str,
    turns: list[Any],
    *,
    suite: str = SUITE,
    prompt: str = PROMPT,
    **case: Any,
) -> ProjectFolder:
    settings(folder, f"{url}/v1")
    folder.write({"prompts/p.yaml": prompt, "evals/s.yaml": suite, ".gitignore": ".promptops/\n"})
    row = {"id": "c", "name": "Ada", "turns": turns, "expected": "3: bye", **case}
    return folder.write_rows("evals/datasets/d.jsonl", [row])


def evaluated(folder: ProjectFolder, cli: Cli) -> Any:
    result = cli("eval", "--format", "json", at=folder.root)
    assert result.code == 0, result.err
    return only_suite(result)


def test_each_turn_is_asked_with_what_was_said_before(folder: ProjectFolder, cli: Cli) -> None:
    with model(echo) as served:
        project(folder, served.url, ["hello", "how are you?", "bye"])
        suite = evaluated(folder, cli)
    assert suite["metrics"][0]["mean"] == 1
    asked = [call.json["messages"] for call in served.calls]
    assert [len(messages) for messages in asked] == [2, 4, 6]
    assert [each["role"] for each in asked[-1]] == [
        "system",
        "user",
        "assistant",
        "user",
        "assistant",
        "user",
    ]
    assert [each["content"] for each in asked[-1]][1:] == [
        "hello",
        "1: hello",
        "how are you?",
        "2: how are you?",
        "bye",
    ]
    assert suite["input_tokens"] > 0


@pytest.mark.parametrize(
    ("prompt", "order"),
    [
        (
            PROMPT.replace(
                "  - {role: user", "  - history\n  - {role: system, content: Be brief.}\n  - {role: user"
            ),
            "suasu",
        ),
        (
            PROMPT.replace("messages:", "examples: [{input: {name: B, message: hi}, output: ho}]\nmessages:"),
            "suauau",
        ),
    ],
)
def test_earlier_turns_stand_where_history_does_or_before_the_last_user_message(
    prompt: str, order: str, folder: ProjectFolder, cli: Cli
) -> None:
    with model(echo) as served:
        evaluated(project(folder, served.url, ["one", "two"], prompt=prompt, expected="two"), cli)
    roles = "".join(each["role"][0] for each in served.calls[-1].json["messages"])
    assert roles == order


def test_a_second_run_asks_nothing(folder: ProjectFolder, cli: Cli) -> None:
    with model(echo) as served:
        project(folder, served.url, ["hello", "you?", "bye"])
        evaluated(folder, cli)
        before = len(served.calls)
        suite = evaluated(folder, cli)
        assert len(served.calls) == before == 3
    assert (suite["cached"], suite["calls"], suite["metrics"][0]["mean"]) == (1, 0, 1)


def weather(messages: Messages) -> Reply:
    """Asks for the weather, then for the time, then answers with both."""
    results = [each["content"] for each in messages if each["role"] == "tool"]
    if len(results) < 2:
        return calls("weather" if not results else "time")
    return said(f"3: bye, it is {results[0]} at {results[1]}")


# What litellm and its dependencies warn about is not ours to mend.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("lane", ["auto", "litellm"])
def test_calls_of_tools_are_answered_from_the_case(
    lane: str, folder: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPTOPS_RUN_LANE", lane)
    with model(weather) as served:
        turn = {"user": "bye", "tools": {"weather": "sunny", "time": ["noon"]}}
        suite = evaluated(project(folder, served.url, [turn], expected="it is sunny at noon"), cli)
    assert suite["metrics"][0]["mean"] == 1
    last = served.calls[-1].json["messages"]
    assert [each["role"] for each in last[2:]] == ["assistant", "tool", "assistant", "tool"]
    assert last[2]["tool_calls"][0]["id"] == last[3]["tool_call_id"]


def test_a_call_without_a_result_is_the_answer_of_its_turn(folder: ProjectFolder, cli: Cli) -> None:
    with model(lambda _: calls("pay")) as served:
        suite = evaluated(project(folder, served.url, ["hello"], expected="pay"), cli)
    assert len(served.calls) == 1
    assert suite["metrics"][0]["mean"] == 1


def test_whoever_calls_tools_forever_fails_by_itself(folder: ProjectFolder, cli: Cli) -> None:
    with model(lambda _: calls("weather")) as served:
        turn = {"user": "hello", "tools": {"weather": "sunny"}}
        suite = evaluated(project(folder, served.url, [turn, "never asked"]), cli)
    assert [each["failure"] for each in suite["failed_output"]] == ["tool_loop"]
    assert suite["errored"] == 0
    assert len(served.calls) == 11


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


@pytest.mark.parametrize(
    ("turns", "message"),
    [
        ([], "`turns` is no list of turns, or it is empty"),
        ("hello", "`turns` is no list of turns"),
        ([5], "turn 1 is neither a text nor an object"),
        (["a", {"usr": "b"}], "turn 2 has the unknown key `usr`"),
        ([{"inputs": ["a"]}], "`inputs` and `tools` of turn 1 are objects"),
        ([{"inputs": {"message": "a"}}, {"tools": {}}], "`message`"),
    ],
)
def test_wrong_turns_are_told_before_anything_is_asked(
    turns: Any, message: str, folder: ProjectFolder, cli: Cli
) -> None:
    with model(echo) as served:
        result = cli("eval", at=project(folder, served.url, turns).root)
    assert result.code == 3
    assert message in result.err
    assert "`c`" in result.err
    assert not served.calls


def test_a_text_for_one_of_several_variables_is_refused(folder: ProjectFolder, cli: Cli) -> None:
    prompt = PROMPT.replace("{{ message }}", "{{ message }} {{ mood }}")
    with model(echo) as served:
        result = cli("eval", at=project(folder, served.url, ["hello"], prompt=prompt).root)
    assert "it could be any of `message`, `mood`" in result.err


def test_both_sides_talk_by_their_own_prompt(folder: ProjectFolder, cli: Cli) -> None:
    with model(echo) as served:
        project(folder, served.url, ["hello", "you?", "bye"]).commit()
        folder.git("checkout", "--quiet", "-b", "topic")
        folder.write({"prompts/p.yaml": PROMPT.replace('"{{ message }}"', '"Well: {{ message }}"')}).commit()
        suite = only_suite(cli("diff", "--format", "json", at=folder.root))
        assert (suite["metrics"][0]["broke"], len(served.calls)) == (1, 6)
        shown = cli("diff", at=folder.root).out
    assert "user: Well: hello" in shown.replace("{+", "").replace("+}", "")


def test_a_dry_run_counts_a_call_for_each_turn(folder: ProjectFolder, cli: Cli) -> None:
    with model(echo) as served:
        project(folder, served.url, ["hello", "you?", "bye"])
        result = cli("eval", "--dry-run", "--format", "json", at=folder.root)
        assert not served.calls
    assert only_suite(result)["calls"] == 3


def test_turns_and_a_retriever_exclude_each_other(folder: ProjectFolder, cli: Cli) -> None:
    with model(echo) as served:
        suite = SUITE + "retriever: {recorded: x.jsonl}\n"
        result = cli("eval", at=project(folder, served.url, ["a"], suite=suite).root)
    assert "`turns` and `retriever` exclude each other" in result.err


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
