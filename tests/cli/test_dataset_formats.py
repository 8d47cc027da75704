"""A dataset of any format through the command line, with a target that calls no model."""

from __future__ import annotations

import json
from typing import Any

import pytest

from promptops.errors import ExitCode
from tests.support.cli import Cli
from tests.support.project import ProjectFolder, rows

PROMPT = "inputs: {message: string}\nmessages:\n  - {role: user, content: 'Say: {{ message }}'}\n"
SUITE = """\
prompt: p
target: render
dataset: datasets/d.FORMAT
expected: "user:\\nSay: {{ case.message }}"
scorers: {same: {type: exact_match}}
"""
ROWS = [
    {"id": "a", "message": "one, two"},
    {"id": "b", "message": "drei\nvier"},
    {"id": "ç", "message": "五"},
]


def written(name: str) -> str:
    if name == "csv":
        lines = [f'{row["id"]},"{row["message"]}"' for row in ROWS]
        return "\n".join(["id,message", *lines, ""])
    if name == "jsonl":
        return "".join(json.dumps(row) + "\n" for row in ROWS)
    # JSON is YAML.
    return json.dumps(ROWS, ensure_ascii=False, indent=1)


def project(folder: ProjectFolder, name: str, content: str | bytes) -> ProjectFolder:
    return folder.write(
        {
            "prompts/p.yaml": PROMPT,
            "evals/s.yaml": SUITE.replace("FORMAT", name),
            f"evals/datasets/d.{name}": content,
        }
    )


def case_results(folder: ProjectFolder) -> dict[str, Any]:
    (journal,) = folder.root.glob(".promptops/runs/*/results.jsonl")
    return {each["result"]["case_id"]: each["result"] for each in rows(journal)}


@pytest.mark.parametrize("name", ["csv", "yaml", "yml", "json", "jsonl", "ndjson"])
def test_a_rendered_prompt_is_evaluated_on_every_format(folder: ProjectFolder, cli: Cli, name: str) -> None:
    project(folder, name, written("jsonl" if name == "ndjson" else name))
    result = cli("eval", "--format", "json", at=folder.root)
    assert result.code == ExitCode.YES, result.err
    (suite,) = result.json["suites"]
    assert (suite["target"], suite["model"], suite["cost_usd"]) == ("render", None, 0)
    assert (suite["scored"], suite["errored"]) == (len(ROWS), 0)
    assert suite["metrics"][0]["mean"] == 1.0
    outputs = {id_: each["completion"]["output"] for id_, each in case_results(folder).items()}
    assert outputs == {row["id"]: f"user:\nSay: {row['message']}" for row in ROWS}


@pytest.mark.parametrize("name", ["csv", "json"])
def test_a_file_with_a_byte_order_mark_gives_the_same_cases(
    folder: ProjectFolder, cli: Cli, name: str
) -> None:
    project(folder, name, b"\xef\xbb\xbf" + written(name).encode())
    assert cli("eval", at=folder.root).code == ExitCode.YES
    assert set(case_results(folder)) == {row["id"] for row in ROWS}


@pytest.mark.parametrize("verb", ["eval", "validate"])
@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("csv", "id,message\na,x\nb\n", "evals/datasets/d.csv:3: the row has 1 values, the header 2"),
        ("csv", "id,id\na,x\n", "evals/datasets/d.csv:1: every column of the header needs a name of its own"),
        ("csv", 'id,message\na,"x\n', "evals/datasets/d.csv:2: not CSV: unexpected end of data"),
        ("yaml", "- {id: a, message: x}\n- oops\n", "evals/datasets/d.yaml:2:3: a row must be an object"),
        ("yaml", "- {id: a, message: x}\n- {id: b\n", "evals/datasets/d.yaml:2:3: not valid YAML"),
        ("json", '[{"id": "a"},\n{"id" "b"}]', "evals/datasets/d.json:2:7: not JSON"),
        ("json", '{"id": "a"}', "evals/datasets/d.json: a dataset is a list of objects"),
    ],
)
def test_a_broken_dataset_is_told_with_its_line_by_both_verbs(
    folder: ProjectFolder, cli: Cli, verb: str, name: str, content: str, message: str
) -> None:
    project(folder, name, content)
    result = cli(verb, at=folder.root)
    assert result.code == (ExitCode.MEND_FIRST if verb == "eval" else ExitCode.NO)
    assert message in result.out + result.err
    assert not (folder.root / ".promptops").exists()


def test_a_case_that_the_prompt_cannot_take_is_named(folder: ProjectFolder, cli: Cli) -> None:
    project(folder, "csv", "id,text\na,x\nb,y\n")
    result = cli("eval", at=folder.root)
    assert result.code == ExitCode.MEND_FIRST
    assert "`message`" in result.err
    assert "in case `a` and 1 more" in result.err


def test_an_unknown_format_names_the_known_ones(folder: ProjectFolder, cli: Cli) -> None:
    project(folder, "tsv", "id\tmessage\n")
    result = cli("eval", at=folder.root)
    assert result.code == ExitCode.MEND_FIRST
    assert "evals/s.yaml:3:10: `d.tsv` is not in a known format" in result.err
    assert all(suffix in result.err for suffix in (".csv", ".json", ".jsonl", ".yaml"))
