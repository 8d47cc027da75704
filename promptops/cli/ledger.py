from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli._console import Format, FormatOption, finish, print_json, project_here
from promptops.cli.app import verb_app
from promptops.errors import ExitCode

if TYPE_CHECKING:
    from promptops.model.record import Record

ledger_app = verb_app(no_args_is_help=True)


@ledger_app.callback()
def _ledger() -> None:
    """Look after the scores that are kept in Git, and share them."""


@ledger_app.command()
def status(format_: FormatOption = Format.TEXT) -> None:
    """Print how many runs are kept, and how many are not shared yet."""
    from promptops.commands.ledger import ledger_status
    from promptops.reporters.ledger import status_text

    found = ledger_status(project_here())
    _show("ledger status", found, status_text(found), format_)


@ledger_app.command()
def push(format_: FormatOption = Format.TEXT) -> None:
    """Send the runs that the remote lacks; those that it has more are fetched first."""
    from promptops.commands.ledger import push_ledger
    from promptops.reporters.ledger import exchange_text

    done = push_ledger(project_here())
    _show("ledger push", done, exchange_text(done), format_)


@ledger_app.command()
def pull(format_: FormatOption = Format.TEXT) -> None:
    """Fetch the runs of the remote."""
    from promptops.commands.ledger import pull_ledger
    from promptops.reporters.ledger import exchange_text

    done = pull_ledger(project_here())
    _show("ledger pull", done, exchange_text(done), format_)


@ledger_app.command()
def prune(
    keep: Annotated[
        int | None,
        typer.Option(min=1, help="Keep so many runs of the same thing; `[ledger] keep` when left out"),
    ] = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Forget older runs, here and at the remote."""
    from promptops.commands.ledger import prune_ledger
    from promptops.reporters.ledger import pruning_text

    done = prune_ledger(project_here(), keep)
    _show("ledger prune", done, pruning_text(done), format_)


@ledger_app.command()
def export(
    path: Annotated[
        Path | None,
        typer.Argument(help="The file; promptops.ledger.json, where gate looks, when left out"),
    ] = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Write all runs as one JSON file, so that the base's scores can be committed and reviewed."""
    from promptops.commands.ledger import ExportOptions, export_ledger
    from promptops.reporters.ledger import export_text

    done = export_ledger(project_here(), ExportOptions(path=path))
    _show("ledger export", done, export_text(done), format_)


def _show(verb: str, found: Record, text: str, format_: Format) -> None:
    from promptops.files.codec import encode

    if format_ is Format.JSON:
        print_json(verb, ExitCode.YES, encode(found))
    else:
        sys.stdout.write(f"{text}\n")
    finish(ExitCode.YES)
