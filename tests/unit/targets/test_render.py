"""The target `render`: the prompt itself, before any model sees it."""

from __future__ import annotations

from tests.support.cli import Cli
from tests.support.project import ProjectFolder, rows

PROMPT = """\
model: openai/gpt-4o-mini
messages:
  - {role: system, content: "Be brief."}
  - {role: user, content: "{{ message }}"}
"""
SUITE = """\
prompt: p
target: render
dataset: d.jsonl
scorers: {brief: {type: contains, value: Be brief}, short: {type: max_words, value: 7}}
"""


def test_the_rendered_messages_are_scored_without_a_key(folder: ProjectFolder, cli: Cli) -> None:
    folder.write({"prompts/p.yaml": PROMPT, "evals/s.yaml": SUITE})
    folder.write_rows(
        "evals/d.jsonl", [{"id": "a", "message": "one two"}, {"id": "b", "message": "word " * 9}]
    )
    result = cli("eval", "--format", "json", at=folder.root)
    assert result.code == 0, result.err
    (suite,) = result.json["suites"]
    assert {each["metric"]: each["mean"] for each in suite["metrics"]} == {"brief": 1.0, "short": 0.5}
    assert (suite["target"], suite["model"], suite["cost_usd"]) == ("render", None, 0)
    (journal,) = folder.root.glob(".promptops/runs/*/results.jsonl")
    outputs = {each["result"]["case_id"]: each["result"]["completion"]["output"] for each in rows(journal)}
    assert outputs["a"] == cli("render", "p", "--set", "message=one two", at=folder.root).out.rstrip("\n")
