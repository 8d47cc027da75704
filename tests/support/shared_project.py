"""A committed project that asks a model on the loopback interface, and clones of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.chat_project import PROMPT, chat_project
from tests.support.cli import Cli
from tests.support.ledger import Hub
from tests.support.project import ProjectFolder

CASES = 8
EDITED = PROMPT.replace("{{ message }}", "{{ message }}!")


def committed(folder: ProjectFolder, url: str, *, cases: int = CASES) -> ProjectFolder:
    """The project on main, with nothing uncommitted."""
    chat_project(folder, url, cases=cases, run="concurrency = 4\nretries = 0").commit()
    return folder


def hub_of(folder: ProjectFolder, tmp_path: Path) -> Hub:
    """A remote with what is committed; the project itself gets it as `origin`."""
    hub = Hub(tmp_path, folder)
    folder.git("remote", "add", "origin", f"file://{hub.remote}")
    return hub


def branch(folder: ProjectFolder, prompt: str = EDITED, name: str = "topic") -> ProjectFolder:
    """A branch that edits the prompt."""
    folder.git("checkout", "--quiet", "-b", name)
    folder.write({"prompts/p.yaml": prompt}).commit("edit the prompt")
    return folder


def ledger_runs(folder: ProjectFolder, cli: Cli) -> tuple[int, int]:
    """How many runs the ledger has, and of how many keys."""
    found: Any = cli("ledger", "status", "--format", "json", at=folder.root).json
    return found["runs"], found["keys"]


def compared(folder: ProjectFolder, cli: Cli) -> Any:
    """The one suite of `diff`."""
    result = cli("diff", "--format", "json", at=folder.root)
    assert result.code == 0, result.err
    (suite,) = result.json["suites"]
    return suite
