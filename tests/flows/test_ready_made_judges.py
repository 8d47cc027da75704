"""Judges that come with promptops: used by name, open to read, and without a fault of their own."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from promptops.errors import ExitCode
from promptops.judges import ready_made
from promptops.judges.question import Question
from promptops.judges.rules import Asked, findings
from tests.flows.test_judge import answer, judge
from tests.support.chat_project import settings
from tests.support.cli import Cli, only_suite
from tests.support.project import ProjectFolder

VALUES = {"rule": "Every sentence ends with a full stop.", "criterion": "gives the opening hours"}
"""What must be told; all else has a default."""
SUITE = """\
target: {recorded: outputs.jsonl}
dataset: datasets/d.jsonl
scorers:
  judged: {type: judge, models: [hosted_vllm/judge], use: NAME, evidence: false, with: WITH}
"""


def with_of(name: str) -> dict[str, str]:
    needed = re.findall(r"(\w+): null", ready_made.text(name))
    return {key: VALUES[key] for key in needed}


def project(folder: ProjectFolder, url: str, name: str, values: Any = None) -> ProjectFolder:
    settings(folder, f"{url}/v1", run="retries = 0")
    values = with_of(name) if values is None else values
    suite = SUITE.replace("NAME", name).replace("WITH", json.dumps(values, ensure_ascii=False))
    folder.write({"evals/s.yaml": suite, ".gitignore": ".promptops/\n"})
    row = {
        "id": "c",
        "question": "Till when?",
        "context": "Till five.",
        "sources": "[1]",
        "expected": "Till five.",
    }
    folder.write_rows("evals/datasets/d.jsonl", [row])
    return folder.write_rows("evals/outputs.jsonl", [{"id": "c", "output": "Till five [1]."}])


@pytest.mark.parametrize("name", ready_made.names())
def test_each_asks_a_question_without_a_fault_and_passes_as_its_file_says(
    name: str, folder: ProjectFolder, cli: Cli
) -> None:
    options = ready_made.resolved({"use": name, "with": with_of(name)})
    asked = Question(str(options["question"]))
    assert findings(Asked(question=asked)) == []
    with judge(lambda _: answer("yes")) as running:
        result = cli("eval", "--format", "json", at=project(folder, running.url, name).root)
        question = running.calls[0].json["messages"][-1]["content"]
    assert result.code == ExitCode.YES, result.err
    assert re.sub(r"\{\{ ([\w.]+) \}\}", r"<\1>", asked.text) in question
    assert only_suite(result)["metrics"][0]["mean"] == float(options.get("pass_when", True))


@pytest.mark.parametrize("name", ready_made.names())
def test_each_is_listed_and_shown_in_full(name: str, folder: ProjectFolder, cli: Cli) -> None:
    folder.write({"promptops.toml": ""})
    assert ready_made.summary(name) in cli("list", "--format", "json", at=folder.root).out
    assert ready_made.text(name).strip() in cli("show", name, at=folder.root).out


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("factualty", {}, "did you mean `factuality`"),
        ("closed_qa", {}, "`closed_qa` needs `with: {criterion: …}`"),
        ("refuses", {"inputs": "x"}, "`with` has no `inputs` here; it has `input`"),
    ],
)
def test_what_does_not_fit_is_told_where_it_stands(
    name: str, values: Any, words: str, folder: ProjectFolder, cli: Cli
) -> None:
    result = cli("validate", at=project(folder, "http://127.0.0.1:9", name, values).root)
    assert result.code == ExitCode.NO
    assert words in result.out
    assert "evals/s.yaml:4:" in result.out


def test_options_of_its_own_come_first() -> None:
    assert ready_made.resolved({"use": "contradicts_context", "pass_when": True})["pass_when"] is True
    assert "case.page" in str(
        ready_made.resolved({"use": "answer_in_context", "with": {"context": "case.page"}})
    )
