from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.errors import ExitCode

if TYPE_CHECKING:
    from promptops.commands.project import Project

PIPED_COLUMNS = 120


class Format(StrEnum):
    """How data is printed."""

    TEXT = "text"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="text for people, json for programs")]


def project_here() -> Project:
    """The project around the current folder."""
    from promptops.commands.project import open_project

    return open_project(Path.cwd(), os.environ)


def print_json(verb: str, exit_code: ExitCode, content: Mapping[str, Any]) -> None:
    """One JSON object on stdout, as the contract names its fields."""
    document = {"format": 1, "verb": verb, "exit_code": int(exit_code), **content}
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def columns() -> int:
    """The width to print for: the terminal's, and enough for a table where there is none."""
    if sys.stdout.isatty() or "COLUMNS" in os.environ:
        import shutil

        return shutil.get_terminal_size().columns
    return PIPED_COLUMNS


def finish(exit_code: ExitCode) -> None:
    """Ends the command with its exit code."""
    raise typer.Exit(int(exit_code))
