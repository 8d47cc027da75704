"""What `judge lint` and `validate` say of a suite's judges."""

from __future__ import annotations

import json
from typing import Any

from promptops.errors import ExitCode
from tests.support.cli import Cli
from tests.support.project import ProjectFolder

SUITE = """\
target: {recorded: outputs.jsonl}
dataset: datasets/d.jsonl
scorers:
  nice:
    type: judge
    models: [openai/gpt-5]
    question: "Is {{ output }} a good answer?"
  all:
    type: all_of
    scorers:
      json:
        type: judge
        models: [openai/gpt-5]
        question: "Is {{ output }} valid JSON?"
"""


def project(folder: ProjectFolder, suite: str = SUITE) -> ProjectFolder:
    folder.write({"promptops.toml": "", "evals/s.yaml": suite})
    folder.write_rows("evals/datasets/d.jsonl", [{"id": "c1", "context": "Open till five."}])
    return folder.write_rows("evals/outputs.jsonl", [{"id": "c1", "output": "{}"}])


def line_of(words: str, suite: str = SUITE) -> int:
    return next(number for number, line in enumerate(suite.splitlines(), 1) if words in line)


def found(folder: ProjectFolder, cli: Cli, *command: str) -> tuple[int, list[tuple[str, int]]]:
    result = cli(*command, "--format", "json", at=folder.root)
    problems: list[Any] = result.json["problems"]
    return result.code, [(each["rule"], each["line"]) for each in problems]


def test_every_judge_is_looked_at_where_it_stands(folder: ProjectFolder, cli: Cli) -> None:
    project(folder)
    good, valid = line_of("good answer"), line_of("valid JSON")
    expected = [("PO-J002", good), ("PO-J014", good), ("PO-J009", valid), ("PO-J014", valid)]
    assert found(folder, cli, "judge", "lint") == (ExitCode.YES, expected)
    assert found(folder, cli, "judge", "lint", "s") == (ExitCode.YES, expected)
    assert sorted(found(folder, cli, "validate")[1]) == sorted(expected)
    text = cli("judge", "lint", at=folder.root)
    assert f"evals/s.yaml:{good}:15: warning" in text.out
    assert "type: is_json" in text.out
    assert "2 judges, 4 findings" in text.err
    assert all(len(line) <= 200 for line in text.out.splitlines())


def test_what_a_judge_accepts_is_not_told(folder: ProjectFolder, cli: Cli) -> None:
    accepting = SUITE.replace(
        'answer?"\n', 'answer?"\n    accept: [PO-J002, PO-J014] # asked to see how it goes\n'
    )
    project(folder, accepting)
    valid = line_of("valid JSON", accepting)
    assert found(folder, cli, "judge", "lint") == (ExitCode.YES, [("PO-J009", valid), ("PO-J014", valid)])


def test_an_example_of_what_is_judged_is_an_error(folder: ProjectFolder, cli: Cli) -> None:
    question = "Does {{ output }} contradict {{ case.context }}?"
    shown = {"texts": {"output": "Open till six.", "case.context": "Open till five."}, "answer": True}
    suite = SUITE.replace("Is {{ output }} a good answer?", question).replace(
        "  all:", f"    few_shot: {json.dumps([shown])}\n  all:"
    )
    project(folder, suite)
    code, rules = found(folder, cli, "judge", "lint")
    assert code == ExitCode.NO
    assert ("PO-J015", line_of("good answer")) in rules
    assert cli("validate", at=folder.root).code == ExitCode.NO


def test_a_suite_that_cannot_be_read_is_told_beside_the_others(folder: ProjectFolder, cli: Cli) -> None:
    project(folder)
    folder.write({"evals/broken.yaml": "target: ["})
    result = cli("judge", "lint", at=folder.root)
    assert result.code == ExitCode.NO
    assert "evals/broken.yaml:" in result.out
    assert "PO-J002" in result.out
    assert cli("judge", "lint", "nothing", at=folder.root).code == ExitCode.NOTHING_SELECTED
