from __future__ import annotations

import sys
from typing import Annotated

import typer

from promptops.cli._console import Format, FormatOption, finish, print_json, project_here
from promptops.cli.app import verb_app
from promptops.errors import ExitCode

dataset_app = verb_app(no_args_is_help=True)


@dataset_app.callback()
def _dataset() -> None:
    """Lock datasets, so that a change of cases is noticed."""


@dataset_app.command()
def lock(
    suites: Annotated[
        list[str] | None, typer.Argument(help="Names or globs of suites; all when left out")
    ] = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Write the digest of each suite's dataset into the suite's file."""
    from promptops.commands.dataset import lock_datasets

    locks = lock_datasets(project_here(), suites or [])
    if format_ is Format.JSON:
        rows = [
            {"suite": e.suite, "dataset": e.dataset, "sha256": e.sha256, "changed": e.changed} for e in locks
        ]
        print_json("dataset lock", ExitCode.YES, {"locks": rows})
    else:
        for each in locks:
            state = "locked" if each.changed else "unchanged"
            sys.stdout.write(f"{each.suite}: {each.dataset} {state} at {each.sha256[:12]}\n")
    finish(ExitCode.YES)
