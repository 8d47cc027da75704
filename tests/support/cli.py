from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from promptops.cli import main


@dataclass(frozen=True)
class Result:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The object that `--format json` printed."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Cli:
    """Runs `promptops …` in a folder."""

    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str, at: Path) -> Result:
        self.monkeypatch.chdir(at)
        self.capsys.readouterr()
        code = main(arguments)
        captured = self.capsys.readouterr()
        return Result(code, captured.out, captured.err)


def only_suite(result: Result) -> Any:
    """The one suite of a command's result."""
    (suite,) = result.json["suites"]
    return suite
