"""The hooks that `.pre-commit-hooks.yaml` offers, run as pre-commit runs them."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from promptops.files.yaml_source import read_yaml
from tests.support.project import REPOSITORY, ProjectFolder

MANIFEST = REPOSITORY / ".pre-commit-hooks.yaml"
HOOKS: dict[str, Any] = {hook["id"]: hook for hook in read_yaml(MANIFEST.read_bytes(), MANIFEST.name).data}


def committed(folder: ProjectFolder, hook: str) -> tuple[int | None, str]:
    """Runs a hook on what is staged; None where nothing is staged that concerns it."""
    folder.git("add", "--all")
    staged = folder.git("diff", "--cached", "--name-only", "--diff-filter=d").splitlines()
    files = [path for path in staged if re.search(HOOKS[hook]["files"], path)]
    if not files:
        return None, ""
    program, *arguments = shlex.split(HOOKS[hook]["entry"])
    # pre-commit puts the programs of the hook's own environment first.
    command = [str(Path(sys.executable).parent / program), *arguments, *files]
    done = subprocess.run(command, cwd=folder.root, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def project(folder: ProjectFolder) -> ProjectFolder:
    """What `promptops init` makes, committed."""
    command = [sys.executable, "-m", "promptops", "init"]
    subprocess.run(command, cwd=folder.root, check=True, capture_output=True)
    folder.commit("init")
    return folder


def test_a_manifest_has_what_pre_commit_demands() -> None:
    assert set(HOOKS) == {"promptops-validate"}
    for hook in HOOKS.values():
        assert {"id", "name", "entry", "language"} <= set(hook)
        assert hook["language"] == "python"


def test_only_what_a_commit_changes_is_checked(project: ProjectFolder) -> None:
    project.write({"README.md": "words\n"})
    assert committed(project, "promptops-validate") == (None, "")
    prompt = (project.root / "prompts/triage.yaml").read_text(encoding="utf-8")
    project.write({"prompts/triage.yaml": f"# words\n{prompt}"})
    code, told = committed(project, "promptops-validate")
    assert (code, told) == (0, "1 prompt and 0 suites checked, 0 problems\n")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("prompts/triage.yaml", "messages: [{role: user, content: '{{ a'}]\n", "prompts/triage.yaml:1"),
        ("evals/triage.yaml", "prompt: triage\ndataset: datasets/none.jsonl\nscorers: {a: {type: exact_match}}\n", "evals/triage.yaml:2"),
        ("evals/datasets/triage.jsonl", "{\n", "evals/datasets/triage.jsonl:1"),
        ("promptops.toml", "[gate\n", "promptops.toml:1"),
    ],
)  # fmt: skip
def test_a_broken_file_stops_the_commit(project: ProjectFolder, name: str, content: str, words: str) -> None:
    project.write({name: content})
    code, told = committed(project, "promptops-validate")
    assert code
    assert words in told
