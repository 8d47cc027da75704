"""Code of the repository: each side runs its own, and the scorers are the base's."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import Cli
from tests.support.gated import CASES, case_rows, gate, metric_of, start_branch, suite_of
from tests.support.project import ProjectFolder

TOML = "[plugins]\nlocal = true\n"
EXACT = "scorers: {right: {type: exact_match}}\n"
SUITE = "target: {target}\ndataset: datasets/d.jsonl\n{scorers}"
HELPER = "WORD = {word!r}\n"
APP = "from helper import WORD\ndef answer(inputs):\n    return WORD\n"
COMMAND = """\
import json, sys
from helper import WORD
for line in sys.stdin:
    case = json.loads(line)
    print(json.dumps({"id": case["id"], "output": WORD}), flush=True)
"""
SCORER = """\
from dataclasses import dataclass
from typing import ClassVar
from promptops.plugin import Example, Sample, Scale, Score

@dataclass(kw_only=True)
class Own:
    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = ()
    def score(self, sample: Sample) -> Score:
        return Score(value={value})

PLUGIN = Own
"""


@pytest.fixture(autouse=True)
def _modules() -> Iterator[None]:
    """The modules of a test are gone after it."""
    yield
    for name in ("app", "helper", "scorers", "scorers.own"):
        sys.modules.pop(name, None)


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    place = tmp_path / "scratch"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def project(folder: ProjectFolder, target: str, scorers: str = EXACT) -> None:
    folder.write({".gitignore": ".promptops/\n__pycache__/\n", "promptops.toml": TOML})
    folder.write({"app.py": APP, "cmd.py": COMMAND, "helper.py": HELPER.format(word="yes")})
    folder.write({"evals/s.yaml": SUITE.format(target=target, scorers=scorers)})
    folder.write_rows("evals/datasets/d.jsonl", case_rows())
    start_branch(folder)


@pytest.mark.parametrize(
    "target",
    [
        "{python: 'app:answer'}",
        "{python: 'app.py:answer'}",
        f"{{command: ['{sys.executable}', cmd.py]}}",
    ],
)
def test_each_side_runs_its_own_code(target: str, folder: ProjectFolder, cli: Cli, scratch: Path) -> None:
    project(folder, target)
    # Only a module that the target imports differs, and both sides have one of that name.
    folder.write({"helper.py": HELPER.format(word="no")})
    result = gate(folder, cli)
    assert (result.code, metric_of(result)["broke"]) == (1, CASES), suite_of(result)
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("target", ["{python: 'app:answer'}", "{python: 'app.py:answer'}"])
def test_another_commit_as_the_head_runs_the_code_of_that_commit(
    target: str, folder: ProjectFolder, cli: Cli, scratch: Path
) -> None:
    project(folder, target)
    folder.write({"helper.py": HELPER.format(word="no")}).commit("broken")
    folder.write({"helper.py": "raise SystemExit\n"})
    result = gate(folder, cli, "--head", "branch")
    assert (result.code, metric_of(result)["broke"]) == (1, CASES), suite_of(result)
    assert list(scratch.iterdir()) == []


SCORERS = {
    "a file": "scorers: {right: {type: ./scorers/own.py}}\n",
    "a function": "scorers: {right: {type: python, function: 'scorers/own.py:score'}}\n",
    "a function of a module": "scorers: {right: {type: python, function: 'scorers.own:score'}}\n",
}


@pytest.mark.parametrize("kind", SCORERS)
def test_the_scorers_are_the_base_s(kind: str, folder: ProjectFolder, cli: Cli) -> None:
    def code(value: str) -> dict[str, str]:
        if kind == "a file":
            return {"evals/scorers/own.py": SCORER.format(value=value)}
        return {"scorers/own.py": f"def score(sample):\n    return {value}\n"}

    folder.write(code("float(sample.output == sample.expected)"))
    project(folder, "{python: 'app:answer'}", SCORERS[kind])
    folder.write({**code("1.0"), "helper.py": HELPER.format(word="no")})
    result = gate(folder, cli)
    found = suite_of(result)
    assert (result.code, metric_of(result)["lower"]) == (1, CASES), found
    assert any("the code of" in change for change in found["ruler"]["changes"])
    (branch,) = found["ruler"]["branch_metrics"]
    assert branch["mean"] == 1.0


def test_a_scorer_of_the_base_that_the_branch_deletes_still_scores(folder: ProjectFolder, cli: Cli) -> None:
    folder.write({"evals/scorers/own.py": SCORER.format(value="float(sample.output == sample.expected)")})
    project(folder, "{python: 'app:answer'}", SCORERS["a file"])
    (folder.root / "evals/scorers/own.py").unlink()
    folder.write(
        {
            "helper.py": HELPER.format(word="no"),
            "evals/s.yaml": SUITE.format(target="{python: 'app:answer'}", scorers=EXACT),
        }
    )
    result = gate(folder, cli)
    assert (result.code, metric_of(result)["broke"]) == (1, CASES)


READER = """\
from dataclasses import dataclass
from typing import ClassVar
from promptops.plugin import Example, Sample, Scale, Score, TargetContext

@dataclass(kw_only=True)
class Reader:
    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = ()
    async def open(self, context: TargetContext) -> None:
        stream, _ = context.open_data("right.txt")
        with stream:
            self.right = stream.read().decode()
    async def score(self, sample: Sample) -> Score:
        return Score(value=float(sample.output == self.right))
    async def close(self) -> None:
        pass

PLUGIN = Reader
"""


def test_what_a_scorer_reads_is_the_base_s_where_the_ledger_has_the_base(
    folder: ProjectFolder, cli: Cli
) -> None:
    folder.write({"evals/scorers/reader.py": READER, "evals/right.txt": "yes"})
    target = f"{{command: ['{sys.executable}', cmd.py]}}"
    project(folder, target, "scorers: {right: {type: scorers/reader.py}}\n")
    assert cli("eval", at=folder.root).code == 0
    folder.write({"evals/right.txt": "no", "helper.py": HELPER.format(word="no")})
    result = gate(folder, cli)
    assert suite_of(result)["how"] == "ledger"
    assert (result.code, metric_of(result)["broke"]) == (1, CASES)


def test_nothing_changed_runs_nothing(folder: ProjectFolder, cli: Cli, scratch: Path) -> None:
    project(folder, "{python: 'app:answer'}")
    result = gate(folder, cli)
    assert (result.code, suite_of(result)["verdict"]) == (0, "unchanged")
    assert "app" not in sys.modules
    assert list(scratch.iterdir()) == []


def test_the_base_s_code_leaves_nothing_in_the_working_tree(folder: ProjectFolder, cli: Cli) -> None:
    project(folder, "{python: 'app:answer'}")
    folder.write({"helper.py": HELPER.format(word="no")}).commit("broken")
    before = folder.git("status", "--porcelain", "--ignored")
    gate(folder, cli)
    after = folder.git("status", "--porcelain", "--ignored")
    assert set(after.splitlines()) - set(before.splitlines()) <= {"!! .promptops/", "!! __pycache__/"}
