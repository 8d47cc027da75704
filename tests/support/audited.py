"""Projects whose references are audited."""

from __future__ import annotations

from typing import Any

from tests.support.cli import Cli, Result
from tests.support.project import ProjectFolder

Row = dict[str, Any]
RIGHT = "{right: {type: exact_match}}"
SUITE = f"""\
target: {{recorded: outputs.jsonl}}
dataset: datasets/d.jsonl
scorers: {RIGHT}
"""
WITH_EXAMPLE = """\
model: promptops/nearest-example
examples:
  - {input: {text: "Where is my new card?"}, output: card}
messages:
  - {role: user, content: "{{ text }}"}
"""


def case(id_: str, text: str, expected: Any = "yes", **more: Any) -> Row:
    return {"id": id_, "text": text, "expected": expected, **more}


def recorded(folder: ProjectFolder, cases: list[Row], scorers: str = RIGHT, more: str = "") -> ProjectFolder:
    """A suite of recorded answers, which all are `x`."""
    folder.write({"evals/s.yaml": SUITE.replace(RIGHT, scorers) + more})
    folder.write_rows("evals/datasets/d.jsonl", cases)
    return folder.write_rows("evals/outputs.jsonl", [{"id": row["id"], "output": "x"} for row in cases])


def asking(
    folder: ProjectFolder, cases: list[Row], content: str, scorers: str = RIGHT, more: str = ""
) -> ProjectFolder:
    """A suite of a prompt, whose model is never asked."""
    prompt = f'model: openai/gpt-4o-mini\nmessages:\n  - {{role: user, content: "{content}"}}\n'
    suite = f"prompt: p\ndataset: datasets/d.jsonl\nscorers: {scorers}\n{more}"
    folder.write({"prompts/p.yaml": prompt, "evals/s.yaml": suite})
    return folder.write_rows("evals/datasets/d.jsonl", cases)


def audit(folder: ProjectFolder, cli: Cli, *arguments: str) -> Result:
    return cli("audit", "references", *arguments, "--format", "json", at=folder.root)


def by_kind(suite: Row) -> dict[str, list[Row]]:
    """The findings of a suite or a dataset."""
    found: dict[str, list[Row]] = {}
    for finding in suite["findings"]:
        found.setdefault(finding["kind"], []).append(finding)
    return found


def audited(folder: ProjectFolder, cli: Cli, *arguments: str) -> tuple[Result, dict[str, list[Row]]]:
    """The result for the one suite, and its findings."""
    result = audit(folder, cli, *arguments)
    assert result.out, result.err
    (suite,) = result.json["suites"]
    return result, by_kind(suite)
