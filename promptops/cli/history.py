from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from promptops.cli._console import Format, FormatOption, columns, finish, print_json, project_here
from promptops.cli.app import verb_app
from promptops.errors import ExitCode

history_app = verb_app()
badge_app = verb_app()

SuiteArgument = Annotated[str, typer.Argument(help="The name of a suite")]


@history_app.command()
def history(
    suite: SuiteArgument,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="So many commits, the newest")] = 20,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Print how the score of a suite went along the base branch, from the ledger; nothing is run."""
    from promptops.commands.history import HistoryOptions
    from promptops.commands.history import history as trend
    from promptops.files.codec import encode
    from promptops.reporters.history import history_text

    found = trend(project_here(), HistoryOptions(suite=suite, limit=limit))
    if format_ is Format.JSON:
        print_json("history", ExitCode.YES, encode(found))
    else:
        sys.stdout.write(f"{history_text(found, columns())}\n")
    finish(ExitCode.YES)


@badge_app.command()
def badge(
    suite: SuiteArgument,
    out: Annotated[Path | None, typer.Option(metavar="PATH", help="Write it there instead")] = None,
) -> None:
    """Print the newest score of a suite on the base branch as a badge, as shields.io reads it."""
    from promptops.commands.history import HistoryOptions
    from promptops.commands.history import history as trend
    from promptops.files.whole import write_whole
    from promptops.reporters.badge import badge_text

    text = badge_text(trend(project_here(), HistoryOptions(suite=suite, limit=1)))
    if out is None:
        sys.stdout.write(text)
    else:
        write_whole(out, text)
    finish(ExitCode.YES)
