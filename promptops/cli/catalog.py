from __future__ import annotations

import sys
from typing import Annotated

import typer

from promptops.cli._console import Format, FormatOption, columns, finish, print_json, project_here
from promptops.cli.app import verb_app
from promptops.errors import ExitCode

list_app = verb_app()
show_app = verb_app()


@list_app.command()
def list_all(format_: FormatOption = Format.TEXT) -> None:
    """List prompts, suites, scorers, targets, dataset formats and ready-made judges."""
    from promptops.commands.catalog import catalog
    from promptops.reporters import terminal

    entries = list(catalog(project_here()))
    if format_ is Format.JSON:
        rows = [{"kind": e.kind, "name": e.name, "summary": e.summary, "path": e.path} for e in entries]
        print_json("list", ExitCode.YES, {"entries": rows})
    else:
        terminal.report_catalog(entries, sys.stdout, width=columns())
    finish(ExitCode.YES)


@show_app.command()
def show(
    name: Annotated[
        str, typer.Argument(help="A prompt, suite, scorer, target, dataset format or ready-made judge")
    ],
    format_: FormatOption = Format.TEXT,
) -> None:
    """Show one prompt, suite, scorer or target in full."""
    from promptops.commands.catalog import show as show_entry
    from promptops.reporters.printable import printable

    matches = show_entry(project_here(), name)
    if format_ is Format.JSON:
        rows = [
            {"kind": each.entry.kind, "name": each.entry.name, "path": each.entry.path, "text": each.text}
            for each in matches
        ]
        print_json("show", ExitCode.YES, {"entries": rows})
    else:
        for index, each in enumerate(matches):
            entry = each.entry
            place = f", {entry.path}" if entry.path else ""
            sys.stdout.write("\n" * bool(index))
            sys.stdout.flush()
            sys.stderr.write(printable(f"{entry.kind} {entry.name}{place}") + "\n")
            sys.stdout.write(printable(each.text, keep="\n\t").rstrip("\n") + "\n")
    finish(ExitCode.YES)
