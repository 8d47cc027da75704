"""What is asked of a model, and what is known already."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

from tests.support.chat_project import (
    PROMPT,
    SUITE,
    Chat,
    case_rows,
    chat,
    chat_project,
    counting,
    outputs,
    said,
    settings,
    without_times,
)
from tests.support.cli import Cli, Result
from tests.support.project import ProjectFolder
from tests.support.service import Reply

CASES = 8


def suites(result: Result) -> list[Any]:
    found: list[Any] = result.json["suites"]
    return found


def calls(result: Result) -> list[tuple[int, int]]:
    return [(suite["calls"], suite["cached"]) for suite in suites(result)]


def evaluate(folder: ProjectFolder, cli: Cli, *arguments: str) -> Result:
    return cli("eval", "--format", "json", *arguments, at=folder.root)


def test_a_second_run_asks_nothing_and_says_the_same(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        chat_project(folder, model.url, cases=CASES)
        first = evaluate(folder, cli)
        assert (first.code, calls(first), len(model.bodies)) == (0, [(CASES, 0)], CASES)
        second = evaluate(folder, cli)
        assert (second.code, calls(second), len(model.bodies)) == (0, [(0, CASES)], CASES)
    assert without_times(first.json) == without_times(second.json)
    assert suites(first)[0]["metrics"][0]["mean"] == 0.5
    assert suites(second)[0]["paid_usd"] == 0


def test_a_changed_scorer_description_or_unused_field_asks_nothing(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        chat_project(folder, model.url)
        evaluate(folder, cli)
        folder.write(
            {
                "evals/s.yaml": f"description: new\n{SUITE}".replace("exact_match", "contains, value: m"),
                "prompts/p.yaml": f"description: new\nmetadata: {{owner: me}}\n{PROMPT}",
            }
        ).write_rows(
            "evals/datasets/d.jsonl", [{**row, "note": "new", "expected": "x"} for row in case_rows(8)]
        )
        again = evaluate(folder, cli)
        assert calls(again) == [(0, 8)]
        assert suites(again)[0]["metrics"][0]["mean"] == 1.0
        assert len(model.bodies) == 8


TOOL = "tools:\n  - {type: function, function: {name: find, parameters: {type: object}}}\n"


@pytest.mark.parametrize(
    "prompt",
    [
        f"{PROMPT}parameters: {{temperature: 0.5}}\n",
        f"{PROMPT}parameters: {{max_tokens: 9}}\n",
        f"{PROMPT}output: {{type: object}}\n",
        f"{PROMPT}{TOOL}",
        PROMPT.replace("small", "large"),
        PROMPT.replace("{{ message }}", "{{ message }}!"),
        PROMPT.replace("messages:\n", "messages:\n  - {role: system, content: Be kind.}\n"),
        PROMPT.replace("role: user", "role: system"),
    ],
)
def test_what_can_change_an_answer_asks_again(folder: ProjectFolder, cli: Cli, prompt: str) -> None:
    with chat() as model:
        chat_project(folder, model.url)
        evaluate(folder, cli)
        folder.write({"prompts/p.yaml": prompt})
        assert calls(evaluate(folder, cli)) == [(8, 0)]
        folder.write({"prompts/p.yaml": PROMPT})
        assert calls(evaluate(folder, cli)) == [(0, 8)]


def test_another_endpoint_is_asked_again(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as one, chat() as other:
        chat_project(folder, one.url)
        evaluate(folder, cli)
        settings(folder, other.url)
        evaluate(folder, cli)
        assert len(one.bodies) == len(other.bodies) == 8


def test_only_the_new_cases_of_a_dataset_are_asked(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        chat_project(folder, model.url, cases=5)
        evaluate(folder, cli)
        folder.write_rows("evals/datasets/d.jsonl", reversed(list(case_rows(7))))
        assert calls(evaluate(folder, cli)) == [(2, 5)]
        assert sorted(model.asked_since(5)) == ["m5", "m6"]


def test_repeats_have_answers_of_their_own_and_keep_them(folder: ProjectFolder, cli: Cli) -> None:
    with chat(counting()) as model:
        chat_project(folder, model.url).write({"evals/s.yaml": f"{SUITE}repeats: 3\n"})
        assert calls(evaluate(folder, cli)) == [(24, 0)]
        first = outputs(folder.root)
        assert len(set(first.values())) == len(first) == 24
        assert calls(evaluate(folder, cli)) == [(0, 24)]
        assert outputs(folder.root) == first
        folder.write({"evals/s.yaml": f"{SUITE}repeats: 4\n"})
        assert calls(evaluate(folder, cli)) == [(8, 24)]
        assert {place: text for place, text in outputs(folder.root).items() if place in first} == first


@pytest.mark.parametrize("fresh", [(), ("--fresh",)])
@pytest.mark.parametrize("concurrency", [1, 8])
def test_suites_and_cells_that_ask_the_same_ask_it_once(
    folder: ProjectFolder, cli: Cli, fresh: tuple[str, ...], concurrency: int
) -> None:
    with chat(counting()) as model:
        chat_project(folder, model.url, run=f"concurrency = {concurrency}")
        grid = SUITE.replace("prompt: p", "prompts: [p, q]")
        folder.write({"evals/t.yaml": grid, "prompts/q.yaml": f"description: a copy\n{PROMPT}"})
        result = evaluate(folder, cli, *fresh)
        assert sum(each[0] for each in calls(result)) == 8
        assert sum(each[1] for each in calls(result)) == 16
        assert set(Counter(model.messages).values()) == {1}
        found = outputs(folder.root)
        assert all(found[0, case, 0] == found[cell, case, 0] for cell, case, _ in found)


def test_errors_are_not_kept(folder: ProjectFolder, cli: Cli) -> None:
    broken = True

    def answer(message: str) -> Reply:
        return (
            Reply({"error": {"message": "busy"}}, 500)
            if broken and message in ("m1", "m2")
            else said(message)
        )

    with chat(answer) as model:
        chat_project(folder, model.url, run="concurrency = 4\nretries = 0")
        first = evaluate(folder, cli)
        assert (first.code, suites(first)[0]["errored"], calls(first)) == (4, 2, [(6, 0)])
        broken = False
        second = evaluate(folder, cli)
        assert (second.code, suites(second)[0]["errored"], calls(second)) == (0, 0, [(2, 6)])
        assert sorted(model.asked_since(8)) == ["m1", "m2"]


def test_a_failure_of_the_model_itself_is_an_answer(folder: ProjectFolder, cli: Cli) -> None:
    with chat(lambda _: Reply({"error": {"message": "x", "code": "content_filter"}}, 400)) as model:
        chat_project(folder, model.url)
        first = evaluate(folder, cli)
        assert {each["failure"] for each in suites(first)[0]["failed_output"]} == {"content_filter"}
        again = evaluate(folder, cli)
        assert len(model.bodies) == 8
        assert without_times(first.json) == without_times(again.json)


def test_fresh_asks_again_and_what_it_hears_is_kept(folder: ProjectFolder, cli: Cli) -> None:
    with chat(counting()) as model:
        chat_project(folder, model.url)
        evaluate(folder, cli)
        first = outputs(folder.root)
        assert calls(evaluate(folder, cli, "--fresh")) == [(8, 0)]
        second = outputs(folder.root)
        assert not set(first.values()) & set(second.values())
        assert calls(evaluate(folder, cli)) == [(0, 8)]
        assert outputs(folder.root) == second


def test_fresh_and_offline_exclude_each_other(folder: ProjectFolder, cli: Cli) -> None:
    result = cli("eval", "--fresh", "--offline", at=folder.root)
    assert result.code == 2
    assert "exclude each other" in result.err


SOLD = PROMPT.replace("hosted_vllm/small", "openai/gpt-4o-mini")


def sold_project(folder: ProjectFolder, model: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that needs a key, which is set."""
    monkeypatch.setenv("OPENAI_BASE_URL", model.url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789abcdef")
    chat_project(folder, model.url).write({"prompts/p.yaml": SOLD})


def test_offline_replays_without_a_key(
    folder: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    with chat() as model:
        sold_project(folder, model, monkeypatch)
        first = evaluate(folder, cli)
    monkeypatch.delenv("OPENAI_API_KEY")
    replayed = evaluate(folder, cli, "--offline")
    assert (replayed.code, calls(replayed)) == (0, [(0, 8)])
    assert suites(replayed)[0]["lane"] is None
    assert [suite | {"lane": None} for suite in without_times(first.json)["suites"]] == without_times(
        replayed.json
    )["suites"]


def test_offline_names_what_is_not_recorded(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        chat_project(folder, model.url, cases=6)
        evaluate(folder, cli)
        folder.write_rows("evals/datasets/d.jsonl", case_rows(20))
        result = evaluate(folder, cli, "--offline")
        text = cli("eval", "--offline", at=folder.root)
        assert len(model.bodies) == 6
    missing = result.json["unrecorded"]
    assert (result.code, missing["cases"], missing["of_cases"]) == (4, 14, 20)
    assert missing["first"][0] == ["s", "c10"]
    assert suites(result)[0]["unrecorded"] == suites(result)[0]["errored"] == 14
    assert {each["kind"] for each in suites(result)[0]["errors"]} == {"not_asked"}
    assert text.code == 4
    assert "30.0% of 20 cases are recorded, 14 are not; the first: s:c10" in text.out
    assert "promptops eval s" in text.out


def test_offline_with_nothing_recorded(folder: ProjectFolder, cli: Cli) -> None:
    chat_project(folder, "http://127.0.0.1:9/v1")
    result = evaluate(folder, cli, "--offline")
    assert (result.code, result.json["unrecorded"]["cases"]) == (4, 8)


WITHOUT_CLIENTS = """
import sys
sys.modules["litellm"] = sys.modules["aiohttp"] = None
from promptops.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_offline_needs_no_client_at_all(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        chat_project(folder, model.url)
        evaluate(folder, cli)
    command = [sys.executable, "-c", WITHOUT_CLIENTS, "eval", "--offline"]
    done = subprocess.run(command, cwd=folder.root, capture_output=True, text=True, check=False)
    assert (done.returncode, "right" in done.stdout) == (0, True), done.stderr


def test_all_cells_of_a_grid_get_a_case_before_the_next_one_begins(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        chat_project(folder, model.url, cases=3, run="concurrency = 1")
        other = PROMPT.replace("{{ message }}", "{{ message }} of q")
        grid = SUITE.replace(
            "prompt: p", "prompts: [p, q]\nmodels: [hosted_vllm/a, hosted_vllm/b]\nrepeats: 2"
        )
        folder.write({"prompts/q.yaml": other, "evals/s.yaml": grid})
        evaluate(folder, cli)
        asked = [(body["messages"][0]["content"], body["model"]) for body in model.bodies]
    assert asked == [
        (f"m{case}{prompt}", name)
        for case in range(3)
        for prompt in ("", " of q")
        for name in ("a", "b")
        for _ in range(2)
    ]
