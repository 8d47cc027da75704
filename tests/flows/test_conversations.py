"""Cases that are conversations: turn by turn, with tools answered from the case."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.chat_project import said, settings, unfinished_journals, unfinished_run
from tests.support.cli import Cli, only_suite
from tests.support.conversations import PROMPT, SUITE, Messages, calls, echo, evaluated, model, project
from tests.support.project import ProjectFolder
from tests.support.service import Reply


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
    assert (suite["cached"], suite["calls"], suite["metrics"][0]["mean"]) == (3, 0, 1)


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
    ("turns", "message"),
    [
        ([], "`turns` is empty"),
        ("hello", "`turns` is no list"),
        ([5], "turn 1 is neither a text nor an object"),
        (["a", {"usr": "b"}], "turn 2 has the unknown key `usr`"),
        ([{"inputs": ["a"]}], "turn 1 has `inputs` that are no object"),
        ([{"user": "a", "tools": 5}], "turn 1 has `tools` that are neither an object nor a list"),
        (
            [{"user": "a", "tools": [{"name": "t"}]}],
            "turn 1 has a result of a tool without `name` or `result`",
        ),
        ([{"user": "a", "tools": [{"name": "t", "result": 1, "args": {}}]}], "unknown key `args`"),
        (
            [{"user": "a", "tools": [{"name": "t", "result": 1, "arguments": "[1]"}]}],
            "turn 1 has a result of `t` whose `arguments` are no object",
        ),
        ([{"inputs": {"message": "a"}}, {"tools": {}}], "`message` is missing, in turn 2"),
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


def test_words_beside_calls_of_tools_are_sent_back_with_them(folder: ProjectFolder, cli: Cli) -> None:
    def answer(messages: Messages) -> Reply:
        return said("3: bye") if messages[-1]["role"] == "tool" else calls(("look", ""), text="A moment.")

    with model(answer) as served:
        evaluated(project(folder, served.url, [{"user": "hello", "tools": {"look": {"n": 1}}}]), cli)
    assistant, tool = served.calls[-1].json["messages"][-2:]
    assert (assistant["content"], assistant["tool_calls"][0]["function"]["arguments"]) == ("A moment.", "{}")
    assert tool["content"] == '{"n": 1}'


WEATHER = [
    {"name": "weather", "arguments": {"city": "Rome", "days": 1.0}, "result": "sunny"},
    {"name": "weather", "result": ["rain", "snow"]},
]


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ([("weather", '{"days": 1, "city": "Rome"}')] * 2, ["sunny", "sunny"]),
        ([("weather", '{"city": "Oslo"}'), ("weather", '{"city": "Rome", "days": 2}')], ["rain", "snow"]),
        ([("weather", '{"city": "Oslo"}')] * 3, None),
        ([("weather", "{"), ("weather", "{}")], None),
        ([("weather", "[]")], None),
        ([("news", "{}")], None),
    ],
)
def test_results_may_depend_on_the_arguments_and_on_the_order(
    asked: list[tuple[str, str]], answered: list[str] | None, folder: ProjectFolder, cli: Cli
) -> None:
    def answer(messages: Messages) -> Reply:
        results = [each["content"] for each in messages if each["role"] == "tool"]
        return said(f"3: bye {results}") if results else calls(*asked)

    with model(answer) as served:
        evaluated(project(folder, served.url, [{"user": "hello", "tools": WEATHER}]), cli)
    last = served.calls[-1].json["messages"]
    results = [each["content"] for each in last if each["role"] == "tool"]
    assert results == (answered or [])
    assert len(served.calls) == (2 if answered else 1)


def test_a_conversation_goes_on_after_a_turn_in_which_the_model_failed(
    folder: ProjectFolder, cli: Cli
) -> None:
    def answer(messages: Messages) -> Reply:
        return (
            Reply({"error": {"message": "x", "code": "content_filter"}}, 400)
            if len(messages) == 2
            else echo(messages)
        )

    with model(answer) as served:
        suite = evaluated(project(folder, served.url, ["hello", "bye"], expected="2: bye"), cli)
    assert [each["failure"] for each in suite["failed_output"]] == ["content_filter"]
    assert (suite["metrics"][0]["mean"], len(served.calls)) == (1, 2)


def test_a_template_may_tell_the_earlier_turns_itself(folder: ProjectFolder, cli: Cli) -> None:
    prompt = PROMPT.replace(
        "{{ message }}",
        "{% for each in history %}{{ each.role }}: {{ each.content }}; {% endfor %}{{ message }}",
    )
    with model(lambda _: said("3: bye")) as served:
        project(folder, served.url, ["hello", "bye"], prompt=prompt)
        evaluated(folder, cli)
        shown = cli("render", "p", "--case", "s:c", "--format", "json", at=folder.root)
    assert [call.json["messages"][1:] for call in served.calls] == [
        [{"role": "user", "content": "hello"}],
        [{"role": "user", "content": "user: hello; assistant: 3: bye; bye"}],
    ]
    assert shown.json["messages"] == served.calls[0].json["messages"]


@pytest.mark.parametrize(
    "prompt",
    [
        PROMPT.replace(
            "messages:", "inputs: {name: string, message: string, tone: {default: kind}}\nmessages:"
        ).replace("Help", "Be {{ tone }} to"),
        PROMPT.replace("Help", "{% if tone is defined %}Be {{ tone }}.{% endif %} Help"),
    ],
)
def test_what_the_user_says_is_no_variable_that_may_be_left_out(
    prompt: str, folder: ProjectFolder, cli: Cli
) -> None:
    with model(echo) as served:
        assert (
            evaluated(project(folder, served.url, ["a", "b", "bye"], prompt=prompt), cli)["metrics"][0][
                "mean"
            ]
            == 1
        )


def test_an_edited_last_turn_is_all_that_is_asked_and_paid_anew(folder: ProjectFolder, cli: Cli) -> None:
    with model(echo) as served:
        project(folder, served.url, ["hello", "you?", "bye"])
        settings(folder, f"{served.url}/v1", more="input_usd_per_million = 1e6\noutput_usd_per_million = 0\n")
        first = evaluated(folder, cli)
        folder.write_rows(
            "evals/datasets/d.jsonl",
            [{"id": "c", "name": "Ada", "turns": ["hello", "you?", "well"], "expected": "3"}],
        )
        (planned,) = cli("eval", "--dry-run", "--format", "json", at=folder.root).json["suites"]
        again = evaluated(folder, cli)
        (done,) = cli("eval", "--dry-run", "--format", "json", at=folder.root).json["suites"]
    assert [(each["calls"], each["cached"]) for each in (first, planned, again, done)] == [
        (3, 0),
        (1, 2),
        (1, 2),
        (0, 3),
    ]
    assert (first["paid_usd"], again["paid_usd"]) == (first["cost_usd"], pytest.approx(again["cost_usd"] / 3))


def test_a_dry_run_knows_that_later_turns_are_longer(folder: ProjectFolder, cli: Cli) -> None:
    def tokens(turns: list[Any], prompt: str = PROMPT) -> Any:
        project(folder, "http://127.0.0.1:9", turns, prompt=prompt)
        settings(
            folder, "http://127.0.0.1:9/v1", more="input_usd_per_million = 1\noutput_usd_per_million = 1\n"
        )
        return only_suite(cli("eval", "--dry-run", "--format", "json", at=folder.root))

    bound = 50
    bounded = f"{PROMPT}parameters: {{max_tokens: {bound}}}\n"
    one, two = tokens(["hello"], bounded), tokens(["hello", "hello"], bounded)
    assert two["input_tokens"] > 2 * one["input_tokens"] + bound
    assert two["most_usd"] == pytest.approx((two["input_tokens"] + 2 * bound) / 1e6)
    with_tools = tokens(["hello", {"user": "hello", "tools": {"weather": "sunny"}}], bounded)
    assert (with_tools["calls"], with_tools["most_usd"]) == (2, None)
    assert with_tools["cost_usd"] == pytest.approx(two["cost_usd"])


def look_around(messages: Messages) -> Reply:
    """Looks once before it answers the second turn."""
    return calls("look", text="Let me see.") if messages[-1]["content"] == "you?" else echo(messages)


LOOKING = ["hello", {"user": "you?", "tools": {"look": "there"}}, "bye"]


@pytest.mark.parametrize("answers", [1, 2, 3, 4])
@pytest.mark.parametrize("fresh", [(), ("--fresh",)])
def test_a_killed_run_pays_no_turn_twice(
    answers: int, fresh: tuple[str, ...], folder: ProjectFolder, cli: Cli
) -> None:
    with model(look_around) as served:
        unfinished_run(project(folder, served.url, LOOKING), cli, answers=answers, arguments=fresh)
        asked = len(served.calls)
        assert asked == 4
        resumed = cli("eval", "--format", "json", *fresh, at=folder.root)
        assert "going on with a run that was interrupted: 1 answer" in resumed.err
        suite = only_suite(resumed)
        assert (suite["calls"], suite["cached"], suite["metrics"][0]["mean"]) == (4 - answers, answers, 1)
        assert len(served.calls) == asked + 4 - answers
        asked = len(served.calls)
        assert evaluated(folder, cli)["cached"] == 4
        assert len(served.calls) == asked
    assert unfinished_journals(folder.root) == []


def test_offline_replays_a_conversation_and_names_one_that_is_not_recorded(
    folder: ProjectFolder, cli: Cli
) -> None:
    with model(look_around) as served:
        evaluated(project(folder, served.url, LOOKING), cli)
    replayed = cli("eval", "--offline", "--format", "json", at=folder.root)
    assert (replayed.code, only_suite(replayed)["metrics"][0]["mean"]) == (0, 1)
    project(folder, served.url, [*LOOKING, "one more"])
    missing = only_suite(cli("eval", "--offline", "--format", "json", at=folder.root))
    assert [each["kind"] for each in missing["errors"]] == ["not_asked"]


def test_what_the_tools_said_stands_in_the_conversation(folder: ProjectFolder, cli: Cli) -> None:
    with model(look_around) as served:
        project(folder, served.url, LOOKING, expected="never")
        shown = cli("eval", "--failures", at=folder.root).out
    lines = [line.strip() for line in shown.splitlines()]
    at = next(place for place, line in enumerate(lines) if line.endswith("assistant calls: look()"))
    assert lines[at - 1 : at + 3] == [
        "assistant: Let me see.",
        "assistant calls: look()",
        "tool: there",
        "assistant: 2: you?",
    ]
