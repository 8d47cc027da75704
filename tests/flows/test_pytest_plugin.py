"""`pytest --promptops` and the fixture `promptops`, in processes of their own on real repositories."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import parse

import pytest

from tests.support.gated import (
    ASKED_CASES,
    BAD,
    BROKEN,
    GOOD,
    SUITE,
    asking,
    break_it,
    case_rows,
    on_main,
    outputs,
    start_branch,
)
from tests.support.project import REPOSITORY, ProjectFolder

PLUGIN = "promptops.pytest_plugin"
OTHER_TEST = "def test_other():\n    assert True\n"


@dataclass(frozen=True)
class Session:
    """What pytest said and how it ended."""

    code: int
    out: str

    @property
    def counts(self) -> dict[str, int]:
        """How many tests ended how, as the last line says."""
        last = self.out.strip().splitlines()[-1]
        return {
            word.rstrip("s"): int(number)
            for number, word in re.findall(r"(\d+) ([a-z]+)", last.partition(" in ")[0])
        }


def run(folder: ProjectFolder, *arguments: str, plugins: tuple[str, ...] = (), at: str = "") -> Session:
    """Runs pytest with this plugin and no other that is installed."""
    named = [option for name in (PLUGIN, *plugins) for option in ("-p", name)]
    command = [sys.executable, "-m", "pytest", *named, "-p", "no:cacheprovider", *arguments]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, cwd=folder.root / at, env=environment, capture_output=True, text=True, check=False
    )
    return Session(done.returncode, done.stdout + done.stderr)


@pytest.fixture
def branch(folder: ProjectFolder) -> ProjectFolder:
    """A branch of a project with a suite of recorded outputs, and a test beside it."""
    folder.write({"test_other.py": OTHER_TEST, "pytest.ini": "[pytest]\n"})
    on_main(folder)
    return folder


def test_the_plugin_is_found_by_pytest() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"promptops": PLUGIN}


def test_without_its_options_it_collects_nothing_and_imports_nothing(branch: ProjectFolder) -> None:
    code = (
        "import sys\n"
        "def test_modules():\n"
        "    mine = {name for name in sys.modules if name.partition('.')[0] == 'promptops'}\n"
        "    assert mine == {'promptops', 'promptops._version', 'promptops.pytest_plugin'}\n"
        "    assert not {'typer', 'rich', 'pydantic', 'git', 'yaml', 'jinja2', 'jsonschema'} & {*sys.modules}\n"
    )
    branch.write({"test_modules.py": code})
    assert run(branch, "-p", "no:hypothesispytest").counts == {"passed": 2}


def test_a_failing_suite_fails_with_the_comparison(branch: ProjectFolder) -> None:
    break_it(branch)
    session = run(branch, "--promptops", "-v")
    assert (session.code, session.counts) == (1, {"failed": 1, "passed": 1})
    assert "evals/s.yaml::s FAILED" in session.out
    assert "REGRESSED" in session.out
    assert f"{len(BROKEN)} broke / 0 fixed of 20" in session.out
    assert "Again: promptops gate s --against" in session.out
    assert "Traceback" not in session.out
    assert "pytest_plugin.py" not in session.out


def test_an_unchanged_suite_is_skipped(branch: ProjectFolder) -> None:
    session = run(branch, "--promptops", "-rs")
    assert (session.code, session.counts) == (0, {"passed": 1, "skipped": 1})
    assert "unchanged, so not run" in session.out


def test_an_inconclusive_suite_passes_with_a_warning(branch: ProjectFolder) -> None:
    branch.write_rows("evals/outputs.jsonl", outputs(range(2)))
    session = run(branch, "--promptops")
    assert (session.code, session.counts) == (0, {"passed": 2, "warning": 1})
    assert "InconclusiveWarning: INCONCLUSIVE" in session.out
    strict = run(branch, "--promptops", "-W", "error::promptops.pytest_project.InconclusiveWarning")
    assert (strict.code, strict.counts) == (1, {"failed": 1, "passed": 1})


def test_an_inconclusive_suite_is_in_error_where_the_base_is_strict(folder: ProjectFolder) -> None:
    on_main(folder, toml="[gate]\nstrict = true\n")
    folder.write_rows("evals/outputs.jsonl", outputs(range(2)))
    session = run(folder, "--promptops")
    assert (session.code, session.counts) == (1, {"error": 1})
    assert "INCONCLUSIVE" in session.out


def test_a_suite_without_a_verdict_is_in_error(branch: ProjectFolder) -> None:
    branch.write_rows("evals/outputs.jsonl", outputs()[:10])
    session = run(branch, "--promptops")
    assert (session.code, session.counts) == (1, {"error": 1, "passed": 1})
    assert "INVALID" in session.out
    assert "Traceback" not in session.out


def test_wrong_files_are_told_at_every_suite(branch: ProjectFolder) -> None:
    branch.write({"evals/t.yaml": SUITE.replace("exact_match", "exact_mtach")})
    session = run(branch, "--promptops")
    assert (session.code, session.counts) == (1, {"error": 2, "passed": 1})
    assert "evals/t.yaml:3" in session.out
    assert "Traceback" not in session.out


def test_another_base_can_be_named(branch: ProjectFolder) -> None:
    break_it(branch)
    branch.commit("broken")
    assert run(branch, "--promptops", "--promptops-against", "HEAD").counts == {"passed": 1, "skipped": 1}
    unknown = run(branch, "--promptops", "--promptops-against", "nowhere")
    assert unknown.counts == {"error": 1, "passed": 1}
    assert "`nowhere` is not a commit here" in unknown.out


def test_suites_are_chosen_like_other_tests(branch: ProjectFolder) -> None:
    branch.write({f"evals/{name}.yaml": SUITE for name in "tu"} | {"sub/test_sub.py": OTHER_TEST})
    branch.write({"pytest.ini": "[pytest]\ntestpaths = sub\n"})
    break_it(branch)
    every = run(branch, "--promptops", "--collect-only", "-q").out
    assert [line for line in every.splitlines() if "::" in line] == [
        "sub/test_sub.py::test_other", "evals/s.yaml::s", "evals/t.yaml::t", "evals/u.yaml::u",
        "promptops::all suites",
    ]  # fmt: skip
    for arguments in (("evals/s.yaml",), ("evals/s.yaml::s",), ("evals", "-k", "s.yaml")):
        assert run(branch, "--promptops", *arguments).counts["failed"] == 1
    assert run(branch, "--promptops", "sub").counts == {"passed": 1}
    assert "s.yaml::s" not in run(branch, "--collect-only", "-q").out
    inside = run(branch, "--promptops", "--collect-only", "-q", at="sub").out
    assert "evals/s.yaml::s" in inside


def test_small_losses_that_only_all_suites_together_prove_fail_a_test(folder: ProjectFolder) -> None:
    names = "uvwxyz"

    def of(name: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Cases that no other suite has."""
        return [{**row, "id": f"{name}{row['id']}"} for row in rows]

    for name in names:
        folder.write({f"evals/{name}.yaml": SUITE.replace("outputs", name).replace("/d.", f"/{name}.")})
        folder.write_rows(f"evals/{name}.jsonl", of(name, outputs()))
        folder.write_rows(f"evals/datasets/{name}.jsonl", of(name, case_rows()))
    on_main(folder)
    for name in names:
        folder.write_rows(f"evals/{name}.jsonl", of(name, outputs(range(2))))
    session = run(folder, "--promptops")
    assert session.counts == {"failed": 1, "passed": len(names), "skipped": 1, "warning": len(names)}
    assert "all suites" in session.out
    command = [sys.executable, "-m", "promptops", "gate"]
    gate = subprocess.run(command, cwd=folder.root, capture_output=True, check=False)
    assert gate.returncode == session.code == 1


def test_junit_has_the_verdict_and_its_figures(branch: ProjectFolder, tmp_path: Path) -> None:
    break_it(branch)
    out = tmp_path / "junit.xml"
    run(branch, "--promptops", f"--junitxml={out}")
    tests = {test.get("name"): test for test in parse(out).getroot().iter("testcase")}
    failure = tests["s"].find("failure")
    assert failure is not None
    assert "REGRESSED" in failure.get("message", "")
    found = {each.get("name"): each.get("value") for each in tests["s"].iter("property")}
    assert found["promptops.verdict"] == "regressed"
    assert float(found["promptops.head_mean"] or "") == 1 - len(BROKEN) / 20


def test_several_processes_of_pytest_ask_once(folder: ProjectFolder) -> None:
    folder.write({f"test_{name}.py": OTHER_TEST for name in "abcd"})
    with asking(folder) as model:
        folder.write({"evals/t.yaml": (folder.root / "evals/s.yaml").read_text(encoding="utf-8")})
        start_branch(folder)
        folder.write({"prompts/p.yaml": BAD})
        session = run(folder, "--promptops", "-n", "2", plugins=("xdist",))
        assert session.counts["failed"] == 2, session.out
        assert session.counts["passed"] == 4
        # The second suite asks the same.
        assert len(model.messages) == 2 * ASKED_CASES
    assert f"{ASKED_CASES} broke / 0 fixed of {ASKED_CASES}" in session.out


FIXTURE = """\
import pytest

def test_render(promptops):
    rendered = promptops.render("p", message="hello")
    assert rendered.messages[-1]["content"] == "hello"

def test_scores(promptops):
    scores = promptops.suite("s")
    assert scores.mean("right") == scores.mean() == 1.0
    low, high = scores.interval()
    assert 0.6 < low < high == 1.0

def test_gate(promptops):
    assert promptops.gate("s").verdict == "unchanged"
"""
FAILING = """\
def test_scores(promptops):
    assert promptops.suite("s").mean() > 0.5

def test_gate(promptops):
    promptops.gate("s")

def test_no_such_suite(promptops):
    promptops.suite("t")

def test_no_such_metric(promptops):
    promptops.suite("s").mean("wrong")

def test_missing_variable(promptops):
    promptops.render("p")
"""


def test_a_test_can_render_and_assert_on_scores_and_on_the_gate(folder: ProjectFolder) -> None:
    with asking(folder) as model:
        folder.write({"test_it.py": FIXTURE})
        start_branch(folder)
        session = run(folder)
        assert session.counts == {"passed": 3}, session.out
        assert len(model.messages) == ASKED_CASES
        offline = run(folder, "--promptops-offline")
        assert offline.counts == {"passed": 3}, offline.out
        assert len(model.messages) == ASKED_CASES


def test_what_fails_in_a_test_is_told_in_a_few_words(folder: ProjectFolder) -> None:
    with asking(folder):
        start_branch(folder)
        folder.write({"prompts/p.yaml": BAD, "test_it.py": FAILING})
        session = run(folder)
    assert session.counts == {"failed": 5}, session.out
    for words in (
        "assert 0.0 > 0.5",
        f"{ASKED_CASES} broke / 0 fixed of {ASKED_CASES}",
        "no suite is called `t`",
        "the suite has no metric `wrong`; it has right",
        "message",
    ):
        assert words in session.out
    assert "pytest_project.py" not in session.out
    assert "contextlib" not in session.out
    assert "/commands/" not in session.out


def test_offline_without_answers_there_is_no_verdict(folder: ProjectFolder) -> None:
    with asking(folder) as model:
        start_branch(folder)
        folder.write({"prompts/p.yaml": BAD})
        session = run(folder, "--promptops", "--promptops-offline")
        assert session.counts == {"error": 1}, session.out
        assert "not recorded" in session.out
        assert model.messages == []


def test_a_project_without_suites_is_a_usage_error(folder: ProjectFolder) -> None:
    folder.write({"promptops.toml": "", "prompts/p.yaml": GOOD, "test_it.py": OTHER_TEST}).commit()
    session = run(folder, "--promptops")
    assert session.code == pytest.ExitCode.USAGE_ERROR
    assert "the project has no suites" in session.out
    folder.write({"promptops.toml": "[gate\n"})
    broken = run(folder, "--promptops")
    assert broken.code == pytest.ExitCode.USAGE_ERROR
    assert "promptops.toml:1" in broken.out
    assert "Traceback" not in broken.out
