"""Cases that may not break: at once where asking again tells nothing, else confirmed by three runs of three."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.support.chat_project import Chat, case_rows, chat, said, settings
from tests.support.cli import Cli
from tests.support.gated import (
    ASKED,
    ASKING,
    CASES,
    gate,
    metric_of,
    on_main,
    outputs,
    start_branch,
    suite_of,
)
from tests.support.gated import SUITE as RECORDED
from tests.support.project import ProjectFolder
from tests.support.service import Reply

RUNS = 3
SUITE = ASKED + "gate: {must_pass: [c0]}\n"


@contextmanager
def branch(folder: ProjectFolder, answer: Callable[[str, int], str]) -> Iterator[Chat]:
    """A branch whose prompt marks its messages; the model is told how often it was asked a message before."""
    asked: Counter[str] = Counter()

    def reply(message: str) -> Reply:
        asked[message] += 1
        return said(answer(message, asked[message] - 1))

    with chat(reply) as model:
        settings(folder, model.url)
        folder.write({".gitignore": ".promptops/\n", "evals/s.yaml": SUITE})
        folder.write({"prompts/p.yaml": ASKING.format(text="{{ message }}")})
        folder.write_rows("evals/datasets/d.jsonl", case_rows(CASES))
        start_branch(folder)
        folder.write({"prompts/p.yaml": ASKING.format(text="new {{ message }}")})
        yield model


def test_a_recorded_failure_needs_no_confirmation(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder, suite=RECORDED + "gate: {must_pass: [c00]}\n")
    folder.write_rows("evals/outputs.jsonl", outputs([0]))
    result = gate(folder, cli)
    assert (result.code, suite_of(result)["verdict"]) == (1, "must_pass_failed")
    assert suite_of(result)["reason"] == "c00 must pass, but broke"


def test_a_recorded_failure_on_both_sides_is_no_break(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder, wrong=[0], suite=RECORDED + "gate: {must_pass: [c00]}\n")
    folder.write_rows("evals/outputs.jsonl", outputs([0, 1]))
    result = gate(folder, cli)
    assert (result.code, suite_of(result)["verdict"]) == (0, "inconclusive")


def test_a_case_that_is_not_there_cannot_pass(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder, suite=RECORDED + "gate: {must_pass: [c77]}\n")
    folder.write_rows("evals/outputs.jsonl", outputs([1]))
    result = gate(folder, cli)
    assert (result.code, suite_of(result)["verdict"]) == (4, "invalid")
    assert "c77" in suite_of(result)["reason"]


def test_a_break_is_confirmed_on_both_sides(folder: ProjectFolder, cli: Cli) -> None:
    def answer(message: str, _: int) -> str:
        return "no" if message == "new m0" else message.removeprefix("new ")

    with branch(folder, answer) as model:
        result = gate(folder, cli)
        assert (result.code, suite_of(result)["verdict"]) == (1, "must_pass_failed"), suite_of(result)
        asked = Counter(model.messages)
    # Only the case in question is asked again.
    assert {message: count for message, count in asked.items() if count > 1} == {"m0": RUNS, "new m0": RUNS}
    assert (metric_of(result)["n"], metric_of(result)["broke"]) == (CASES, 1)


@pytest.mark.parametrize("passes_at", [1, 2])
def test_a_case_that_passes_once_in_three_runs_has_not_broken(
    passes_at: int, folder: ProjectFolder, cli: Cli
) -> None:
    def answer(message: str, before: int) -> str:
        return "no" if message == "new m0" and before != passes_at else message.removeprefix("new ")

    with branch(folder, answer):
        result = gate(folder, cli)
    assert (result.code, suite_of(result)["verdict"]) == (0, "inconclusive")
    assert suite_of(result)["checks"] == []


def test_a_case_that_failed_once_on_the_base_has_not_broken(folder: ProjectFolder, cli: Cli) -> None:
    def answer(message: str, before: int) -> str:
        wrong = message == "new m0" or (message == "m0" and before == 1)
        return "no" if wrong else message.removeprefix("new ")

    with branch(folder, answer):
        result = gate(folder, cli)
    assert (result.code, suite_of(result)["verdict"]) == (0, "inconclusive")


def test_what_was_confirmed_once_is_known_offline(folder: ProjectFolder, cli: Cli) -> None:
    def answer(message: str, _: int) -> str:
        return "no" if message == "new m0" else message.removeprefix("new ")

    with branch(folder, answer) as model:
        assert gate(folder, cli, verb="diff").code == 0
        asked = len(model.messages)
        result = gate(folder, cli, "--offline")
        assert len(model.messages) == asked
    assert (result.code, suite_of(result)["verdict"]) == (1, "must_pass_failed")


def test_offline_without_the_further_answers_it_cannot_be_told(folder: ProjectFolder, cli: Cli) -> None:
    def answer(message: str, _: int) -> str:
        return "no" if message == "new m0" else message.removeprefix("new ")

    with branch(folder, answer):
        suite = folder.root / "evals/s.yaml"
        plain = suite.read_text(encoding="utf-8")
        folder.git("switch", "--quiet", "--force", "main")
        folder.write({"evals/s.yaml": plain.replace("gate: {must_pass: [c0]}\n", "")}).commit("plain")
        folder.git("switch", "--quiet", "--force-create", "other")
        folder.write({"prompts/p.yaml": ASKING.format(text="new {{ message }}")})
        gate(folder, cli)
        folder.git("switch", "--quiet", "--force", "branch")
        folder.write({"prompts/p.yaml": ASKING.format(text="new {{ message }}")})
        result = gate(folder, cli, "--offline")
    assert (result.code, suite_of(result)["verdict"]) == (4, "invalid")
    assert "`promptops gate s`" in suite_of(result)["reason"]


def test_the_record_of_the_run_tells_what_was_confirmed(folder: ProjectFolder, cli: Cli) -> None:
    def answer(message: str, _: int) -> str:
        return "no" if message == "new m0" else message.removeprefix("new ")

    with branch(folder, answer):
        result = gate(folder, cli)
    runs = folder.root / ".promptops/runs"
    record = json.loads((runs / result.json["run_id"] / "comparison.json").read_text(encoding="utf-8"))
    assert record["run"]["verdict"] == "must_pass_failed"
    (confirmation,) = runs.glob("*/confirmation.json")
    assert json.loads(confirmation.read_text(encoding="utf-8"))["run"] == {
        "of_run": result.json["run_id"],
        "suites": ["s"],
    }
