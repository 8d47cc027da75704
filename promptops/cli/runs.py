from __future__ import annotations

import sys
from typing import Annotated

import typer

from promptops.cli._console import Format, FormatOption, columns, finish, print_json, project_here
from promptops.cli.app import verb_app
from promptops.errors import ExitCode, ProjectError

runs_app = verb_app()
report_app = verb_app()


@runs_app.command()
def list_runs(
    last: Annotated[int, typer.Option(min=1, help="How many, newest first")] = 20,
    format_: FormatOption = Format.TEXT,
) -> None:
    """List past runs, newest first."""
    from promptops.reporters import terminal
    from promptops.reporters.json import run_row

    store = project_here().runs()
    runs = []
    for run_id in store.ids()[:last]:
        try:
            runs.append(store.load(run_id))
        except ProjectError as error:
            sys.stderr.write(f"warning: {error.message}\n")
    if format_ is Format.JSON:
        print_json("runs", ExitCode.YES, {"runs": [run_row(run) for run in runs]})
    elif runs:
        terminal.report_runs(runs, sys.stdout, width=columns())
    else:
        sys.stderr.write("no runs yet; `promptops eval` makes the first\n")
    finish(ExitCode.YES)


@report_app.command()
def report(
    run: Annotated[str, typer.Argument(help="A run's id, its beginning, or `latest`")] = "latest",
    failures: Annotated[
        bool, typer.Option("--failures", help="Show the failing cases with input and output")
    ] = False,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Print a past run again."""
    from promptops.reporters import terminal
    from promptops.reporters.json import run_content

    store = project_here().runs()
    result = store.load(run)
    if format_ is Format.JSON:
        print_json("report", ExitCode.YES, run_content(result))
    else:
        terminal.report_run(result, sys.stdout, width=columns())
        if failures:
            terminal.report_failures(result, store.results(result.run_id), sys.stdout, width=columns())
    finish(ExitCode.YES)
