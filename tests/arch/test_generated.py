from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from promptops.files.yaml_source import read_yaml
from promptops.plugin import JsonValue
from tests.support.project import REPOSITORY

SCHEMAS = REPOSITORY / "promptops" / "files" / "schemas"
STARTER = REPOSITORY / "promptops" / "starter"


def checker(name: str) -> Draft7Validator:
    return Draft7Validator(json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8")))


def data(path: Path) -> JsonValue:
    return read_yaml(path.read_bytes(), str(path)).data


def test_generated_files_are_current() -> None:
    command = [sys.executable, ".github/scripts/generate.py", "--check"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("name", ["prompt", "suite"])
def test_an_editor_accepts_the_schema(name: str) -> None:
    Draft7Validator.check_schema(checker(name).schema)


@pytest.mark.parametrize("root", [REPOSITORY, STARTER], ids=["example", "starter"])
def test_our_own_files_please_the_editor(root: Path) -> None:
    prompts = [path for path in root.glob("prompts/**/*.yaml") if not path.name.endswith(".examples.yaml")]
    suites = list(root.glob("evals/*.yaml"))
    assert prompts
    assert suites
    for name, paths in (("prompt", prompts), ("suite", suites)):
        for path in paths:
            assert list(checker(name).iter_errors(data(path))) == [], path


def test_an_editor_underlines_a_wrong_scorer_option() -> None:
    suite = {
        "prompt": "p",
        "dataset": "d.jsonl",
        "scorers": {"a": {"type": "exact_match", "ignore_cass": True}},
    }
    assert not checker("suite").is_valid(suite)
    suite["scorers"] = {"a": {"type": "exact_match", "ignore_case": True, "not": True}}
    assert checker("suite").is_valid(suite)


def test_every_file_names_a_schema_that_is_there() -> None:
    named = [*REPOSITORY.glob("prompts/**/*.yaml"), *REPOSITORY.glob("evals/*.yaml")]
    for path in named:
        match = re.match(r"# yaml-language-server: \$schema=(\S+)", path.read_text(encoding="utf-8"))
        if path.name.endswith(".examples.yaml"):
            continue
        assert match is not None, path
        assert (path.parent / match[1]).is_file(), path
