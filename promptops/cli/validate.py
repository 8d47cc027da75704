from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from promptops.cli._console import Format, FormatOption, finish, print_json, project_here
from promptops.cli.app import verb_app

validate_app = verb_app()


@validate_app.command()
def run(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files to check; all when left out")] = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Check every file and report all problems at once, as path:line:column."""
    from promptops.commands.validate import validate
    from promptops.reporters.json import problem_row
    from promptops.reporters.printable import printable

    outcome = validate(project_here(), paths or [])
    if format_ is Format.JSON:
        print_json(
            "validate", outcome.exit_code, {"problems": [problem_row(each) for each in outcome.problems]}
        )
    else:
        for problem in outcome.problems:
            sys.stdout.write(f"{printable(str(problem))}\n")
        checked = f"{_count(outcome.prompts, 'prompt')} and {_count(outcome.suites, 'suite')} checked"
        sys.stderr.write(f"{checked}, {_count(len(outcome.problems), 'problem')}\n")
    finish(outcome.exit_code)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
