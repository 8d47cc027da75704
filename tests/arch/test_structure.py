from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from promptops.cli.app import VERBS
from tests.support.project import REPOSITORY

MODULES = sorted((REPOSITORY / "promptops").rglob("*.py"))
MOST_LINES = 400


def module_name(path: Path) -> str:
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_every_module_can_be_imported_first() -> None:
    """Hidden cycles only show when another module is first; litellm's home stays cheap to import."""
    names = [module_name(path) for path in MODULES if path.name != "__main__.py"]
    code = "\n".join(
        [
            "import importlib, sys",
            f"for name in {names!r}:",
            "    for loaded in [m for m in sys.modules if m.partition('.')[0] == 'promptops']:",
            "        del sys.modules[loaded]",
            "    importlib.import_module(name)",
            "assert 'litellm' not in sys.modules",
        ]
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, cwd=REPOSITORY)


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_every_file_is_one_room(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_of_the_table_can_be_run(verb: str) -> None:
    command = [sys.executable, "-m", "promptops", verb, "--help"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True, cwd=REPOSITORY).stdout
    assert "Usage: promptops" in shown
    assert verb in shown
