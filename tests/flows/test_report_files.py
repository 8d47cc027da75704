"""`gate --report`: files for CI systems, from real repositories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Cli
from tests.support.gated import (
    ASKED_CASES,
    ASKING,
    BAD,
    CASES,
    GOOD,
    asking,
    break_it,
    gate,
    ids,
    on_main,
    start_branch,
)
from tests.support.hostile import HOSTILE, STEERING
from tests.support.junit import outcomes, parsed
from tests.support.project import ProjectFolder
from tests.support.rendered import rendered

READABLE = {name: text for name, text in HOSTILE.items() if name != "lone surrogates"}
"""Halves of characters are refused where a file is read."""
LONGEST = 10_000
KINDS = {"junit": "j.xml", "sarif": "s.sarif", "annotations": "a.txt", "json": "r.json", "markdown": "r.md"}


def written(
    folder: ProjectFolder, cli: Cli, *arguments: str, verb: str = "gate"
) -> tuple[int, dict[str, str]]:
    """The exit code, and every report."""
    out = folder.root.parent / "reports"
    reports = [f"--report={kind}={out / name}" for kind, name in KINDS.items()]
    result = cli(verb, *arguments, *reports, at=folder.root)
    return result.code, {kind: (out / name).read_text(encoding="utf-8") for kind, name in KINDS.items()}


def place(sarif: str) -> tuple[str, int, int]:
    ((result,),) = [run["results"] for run in json.loads(sarif)["runs"]]
    (location,) = result["locations"]
    where: Any = location["physicalLocation"]
    return where["artifactLocation"]["uri"], where["region"]["startLine"], where["region"]["endLine"]


def test_a_failing_gate_writes_what_ci_systems_show(folder: ProjectFolder, cli: Cli) -> None:
    with asking(folder):
        start_branch(folder)
        folder.write({"prompts/p.yaml": BAD})
        code, reports = written(folder, cli)
    assert code == 1
    found = outcomes(parsed(reports["junit"]))
    assert [kind for kind, _, _ in found.values()] == ["failure"] * (1 + ASKED_CASES)
    assert "base: m3\nhead: Shout: m3" in found["s: case c3"][2]
    assert place(reports["sarif"]) == ("prompts/p.yaml", 3, 3)
    assert reports["annotations"].startswith(
        "::error file=prompts/p.yaml,line=3,endLine=3,title=s%3A regressed::"
    )
    assert reports["annotations"].count("\n") == 1


def test_paths_begin_at_the_root_of_the_repository(folder: ProjectFolder, cli: Cli) -> None:
    inner = ProjectFolder(folder.root / "app")
    inner.write({"promptops.toml": ""})
    with asking(inner):
        folder.write({"README.md": "words\n"})
        start_branch(folder)
        inner.write({"prompts/p.yaml": f"# a comment\n{BAD}"})
        folder.commit()
        code, reports = written(inner, cli)
        assert (code, place(reports["sarif"])) == (1, ("app/prompts/p.yaml", 1, 1))
        inner.write({"evals/s.yaml": "broken"})
        assert gate(inner, cli, "--head", "HEAD").code == 1


def test_a_changed_partial_is_where_it_is(folder: ProjectFolder, cli: Cli) -> None:
    with asking(folder):
        text = "{% include 'tone.md' %}{{ message }}"
        folder.write({"prompts/p.yaml": ASKING.format(text=text), "prompts/tone.md": "\n\n"})
        folder.write(
            {"evals/s.yaml": (folder.root / "evals/s.yaml").read_text().replace("exact_match", "contains")}
        )
        start_branch(folder)
        folder.write({"prompts/tone.md": "\n\n{% if false %}{% endif %}"})
        document = gate(folder, cli, verb="diff").json
    ((prompt,),) = [document["prompts"]]
    assert prompt["lines"] == [{"path": "prompts/tone.md", "first": 3, "last": 3}]


def test_a_new_prompt_that_is_not_committed_is_new_from_its_first_line(
    folder: ProjectFolder, cli: Cli
) -> None:
    with asking(folder):
        start_branch(folder)
        folder.write({"prompts/q.yaml": GOOD})
        (prompt,) = gate(folder, cli, verb="diff").json["prompts"]
    assert prompt["lines"] == [{"path": "prompts/q.yaml", "first": 1, "last": 1}]


def test_a_suite_without_a_prompt_is_shown_at_its_file(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    break_it(folder)
    code, reports = written(folder, cli)
    assert (code, place(reports["sarif"])) == (1, ("evals/s.yaml", 1, 1))


def test_nothing_that_a_model_answers_gets_out_of_its_place(folder: ProjectFolder, cli: Cli) -> None:
    answered(folder, list(READABLE.values()))
    code, reports = written(folder, cli)
    assert code == 1
    found = outcomes(parsed(reports["junit"]))
    assert [kind for kind, _, _ in found.values()] == ["failure"] * (1 + CASES)
    place(reports["sarif"])
    assert reports["annotations"].count("\n") == 1
    markdown = rendered(reports["markdown"])
    assert markdown.names.count("h2") == 1
    assert not {"a", "img", "script"}.intersection(markdown.names)
    markdown.assert_refers_to_nothing()
    shown = cli("diff", "--no-pager", at=folder.root)
    for text in (*(reports[kind] for kind in ("junit", "sarif", "annotations", "markdown")), shown.out):
        assert not any(char in text for char in STEERING)


def test_in_full_nothing_steers_the_terminal_either(folder: ProjectFolder, cli: Cli) -> None:
    answered(folder, [text for text in READABLE.values() if len(text) < LONGEST])
    shown = cli("diff", "--cases", "broke", "--no-pager", at=folder.root)
    assert shown.code == 0
    assert not any(char in shown.out for char in STEERING)


def answered(folder: ProjectFolder, outputs: list[str]) -> None:
    """A branch whose recorded outputs are these, in turn."""
    on_main(folder)
    rows = [
        {"id": id_, "output": outputs[number % len(outputs)]} for number, id_ in enumerate(ids(range(CASES)))
    ]
    folder.write_rows("evals/outputs.jsonl", rows)


@pytest.mark.parametrize("verb", ["gate", "diff"])
def test_every_kind_is_written_where_all_is_well(verb: str, folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    code, reports = written(folder, cli, verb=verb)
    assert code == 0
    assert [kind for kind, _, _ in outcomes(parsed(reports["junit"])).values()] == ["skipped"]
    assert json.loads(reports["sarif"])["runs"][0]["results"] == []
    assert reports["annotations"] == ""


def test_a_report_of_no_kind_is_a_wrong_command_line(folder: ProjectFolder, cli: Cli, tmp_path: Path) -> None:
    on_main(folder)
    result = cli("gate", "--report", f"junitt={tmp_path / 'x'}", at=folder.root)
    assert result.code == 2
    assert "did you mean `junit`?" in result.err


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("html", "the path is missing"),
        ("html=", "the path is missing"),
        ("htm=a", "did you mean `html`?"),
        ("x=a", "the kinds are markdown,"),
    ],
)
def test_a_report_that_cannot_be_meant_says_what_is_wrong(
    folder: ProjectFolder, cli: Cli, given: str, words: str
) -> None:
    result = cli("gate", "--report", given, at=folder.root)
    assert result.code == 2
    assert words in result.err
