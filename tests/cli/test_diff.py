"""`promptops diff` and `gate` as people call them."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli import Cli
from tests.support.project import REPOSITORY, ProjectFolder

SUITE = """\
target: {recorded: outputs.jsonl}
dataset: datasets/cases.jsonl
scorers: {accuracy: {type: exact_match}}
"""
CASES = [{"id": f"c{number:02}", "message": f"message {number}", "expected": "yes"} for number in range(40)]


def outputs(folder: ProjectFolder, *wrong: int, text: str = "no") -> None:
    rows = [
        {"id": case["id"], "output": text if number in wrong else "yes"} for number, case in enumerate(CASES)
    ]
    folder.write_rows("evals/outputs.jsonl", rows)


@pytest.fixture
def branch(folder: ProjectFolder) -> ProjectFolder:
    """A branch on which 12 cases broke and one was fixed."""
    folder.write({"evals/qa.yaml": SUITE, ".gitignore": ".promptops/\n"})
    folder.write_rows("evals/datasets/cases.jsonl", CASES)
    outputs(folder, 39)
    folder.commit()
    folder.git("checkout", "--quiet", "-b", "shorter")
    outputs(folder, *range(12))
    folder.commit()
    return folder


def test_diff_tells_the_verdict_first_and_shows_broke_cases(branch: ProjectFolder, cli: Cli) -> None:
    result = cli("diff", at=branch.root)
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0] == "REGRESSED"
    assert lines[1].startswith("shorter @ ")
    assert "12 broke / 1 fixed of 40" in lines[3]
    assert "c00  broke  accuracy 1 → 0\n  message   message 0\n  expected  yes\n" in result.out
    assert "  base      [-yes-]\n  head      {+no+}\n" in result.out
    assert "9 more broke: --cases broke shows all of them\n" in result.out
    assert "fixed    c39\n" in result.out
    assert result.out.count("  broke  ") == 3


def test_gate_shows_ids_instead_of_cases_and_ends_with_the_command(branch: ProjectFolder, cli: Cli) -> None:
    result = cli("gate", "qa", at=branch.root)
    assert result.code == 1
    assert "{+" not in result.out
    assert "broke    c00, c01, c02, c03, c04, c05, c06, c07, c08, c09, c10, c11\n" in result.out
    last = result.out.splitlines()[-1]
    base, head = (branch.git("rev-parse", ref)[:9] for ref in ("main", "HEAD"))
    assert (
        last == f"exit 1: the branch does not pass. Again: promptops gate qa --against {base} --head {head}"
    )
    again = cli(*last.split("promptops ")[1].split(), at=branch.root)
    assert (again.code, again.out.splitlines()[-1]) == (1, last)


def test_every_case_of_a_kind(branch: ProjectFolder, cli: Cli) -> None:
    broke = cli("diff", "--cases", "broke", at=branch.root)
    assert (broke.code, broke.out.count("  broke  ")) == (0, 12)
    fixed = cli("diff", "--cases", "fixed", at=branch.root)
    assert "qa:c39  fixed  accuracy 0 → 1\n" in fixed.out
    none = cli("diff", "--cases", "errored", at=branch.root)
    assert (none.code, none.err.splitlines()[-1]) == (0, "no case to show: none is errored")


@pytest.mark.parametrize("name", ["c20", "qa:c20"])
def test_one_case_even_if_nothing_happened_to_it(name: str, branch: ProjectFolder, cli: Cli) -> None:
    result = cli("diff", "--case", name, at=branch.root)
    assert result.code == 0
    assert (
        result.out.split("\n\n", 1)[1]
        == """\
qa:c20
  message   message 20
  expected  yes
  base      yes
  head      yes
  accuracy  1 → 1
"""
    )


def test_cases_for_programs(branch: ProjectFolder, cli: Cli) -> None:
    (row,) = cli("diff", "--case", "c00", "--format", "json", at=branch.root).json["cases"]
    assert [row[side][0]["completion"]["output"] for side in ("base", "head")] == ["yes", "no"]
    assert "cases" not in cli("diff", "--format", "json", at=branch.root).json


def test_a_case_that_is_not_there(branch: ProjectFolder, cli: Cli) -> None:
    result = cli("diff", "--case", "c0O", at=branch.root)
    assert (result.code, result.out) == (5, "")
    assert "error: no case `c0O` was compared\nhint: did you mean `c" in result.err


@pytest.mark.parametrize(
    "options", [("--cases", "broke", "--case", "c00"), ("--cases", "sideways")], ids=["both", "unknown"]
)
def test_wrong_options(options: tuple[str, ...], branch: ProjectFolder, cli: Cli) -> None:
    result = cli("diff", *options, at=branch.root)
    assert (result.code, result.out) == (2, "")


def test_nothing_changed(branch: ProjectFolder, cli: Cli) -> None:
    branch.git("checkout", "--quiet", "main")
    branch.git("checkout", "--quiet", "-b", "other")
    result = cli("diff", at=branch.root)
    assert (result.code, result.out.splitlines()[0]) == (0, "UNCHANGED")
    assert result.out.endswith("\nunchanged, so not run: qa\n")
    gate = cli("gate", at=branch.root)
    assert gate.code == 0
    assert "exit 0: the branch passes." in gate.out
    assert cli("diff", "--case", "c00", at=branch.root).code == 5


def test_outputs_of_models_cannot_steer_the_terminal(branch: ProjectFolder, cli: Cli) -> None:
    outputs(branch, *range(12), text="no \x1b[2J[bold]")
    result = cli("diff", at=branch.root)
    assert "\x1b" not in result.out
    assert "{+no \\u001b[2J[bold]+}" in result.out


def test_help_has_a_guide(cli: Cli, tmp_path: Path) -> None:
    guide = cli("help", "diff", at=tmp_path)
    assert guide.code == 0
    for word in ("inconclusive", "margin", "budget", "floor", "must_pass", "exit"):
        assert word in guide.out


def in_terminal(branch: ProjectFolder, *options: str, pager: str) -> str:
    """What a terminal of 24 lines shows."""
    leader, follower = pty.openpty()
    environment = os.environ | {
        "PAGER": pager, "TERM": "xterm", "COLUMNS": "80", "LINES": "24", "PYTHONPATH": str(REPOSITORY),
    }  # fmt: skip
    command = [sys.executable, "-m", "promptops", "diff", *options]
    process = subprocess.Popen(
        command, cwd=branch.root, env=environment, stdin=follower, stdout=follower, stderr=subprocess.DEVNULL
    )
    os.close(follower)
    shown = b""
    try:
        while chunk := os.read(leader, 65536):
            shown += chunk
    except OSError:
        pass  # The other end is closed.
    finally:
        os.close(leader)
    assert process.wait(timeout=60) == 0
    return shown.decode("utf-8")


@pytest.mark.slow
def test_long_text_goes_through_the_pager(branch: ProjectFolder) -> None:
    pager = "sed s/^/paged:/"
    assert "paged:" in in_terminal(branch, pager=pager).splitlines()[0]
    assert "paged:" not in in_terminal(branch, "--no-pager", pager=pager)
    assert "paged:" not in in_terminal(branch, "--case", "c00", pager=pager)
    assert "REGRESSED" in in_terminal(branch, pager="no-such-pager")
    assert "REGRESSED" in in_terminal(branch, pager="")
