"""What a command loads is what people wait for at every start."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.project import REPOSITORY

ALWAYS_HEAVY = {"litellm", "openai", "deepdiff", "asyncio", "rapidfuzz"}
LIGHT = ALWAYS_HEAVY | {"pydantic", "git", "jsonschema", "rich.console", "jinja2", "yaml"}

REPORT_MODULES = """
import json, sys
from promptops.cli import main
code = main(sys.argv[2:])
with open(sys.argv[1], "w", encoding="utf-8") as out:
    json.dump([code, sorted(sys.modules)], out)
"""


def loaded_by(*arguments: str, tmp_path: Path, at: Path = REPOSITORY) -> set[str]:
    """The modules that a run of promptops imports, which has to end well."""
    report = tmp_path / "modules.json"
    command = [sys.executable, "-c", REPORT_MODULES, str(report), *arguments]
    subprocess.run(command, check=True, capture_output=True, cwd=at)
    code, modules = json.loads(report.read_text(encoding="utf-8"))
    assert code == 0
    return set(modules)


def test_version_loads_nothing_heavy(tmp_path: Path) -> None:
    assert not loaded_by("--version", tmp_path=tmp_path) & (LIGHT | {"typer"})


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    assert not loaded_by("--help", tmp_path=tmp_path) & LIGHT


@pytest.mark.parametrize("arguments", [("validate",), ("config",)])
def test_reading_files_loads_no_client_and_no_loop(arguments: tuple[str, ...], tmp_path: Path) -> None:
    assert not loaded_by(*arguments, tmp_path=tmp_path) & ALWAYS_HEAVY


def test_render_loads_neither_litellm_nor_git(tmp_path: Path) -> None:
    arguments = ("render", "support/route", "--set", "message=Where is my parcel?")
    assert not loaded_by(*arguments, tmp_path=tmp_path) & (ALWAYS_HEAVY | {"git", "rich.console"})


def test_load_prompt_for_applications_loads_neither_litellm_nor_git(tmp_path: Path) -> None:
    code = (
        "import sys, promptops\n"
        "rendered = promptops.load_prompt('support/route').render(message='Where is my parcel?')\n"
        "assert rendered.messages[-1]['content'].strip(), rendered\n"
        "assert len(rendered.digest) == 64\n"
        f"assert not {ALWAYS_HEAVY | {'git', 'typer', 'rich'}!r} & set(sys.modules), sorted(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=REPOSITORY)


def test_evaluating_with_the_embedded_model_never_loads_litellm(tmp_path: Path) -> None:
    loaded = loaded_by("eval", "route", "--limit", "3", tmp_path=tmp_path)
    assert not loaded & {"litellm", "openai", "deepdiff"}
