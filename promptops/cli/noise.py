from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import Annotated

import typer

from promptops.cli._console import Format, FormatOption, finish, print_json, project_here
from promptops.cli.app import verb_app
from promptops.errors import ExitCode

noise_app = verb_app()


@noise_app.command()
def noise(
    suite: Annotated[str, typer.Argument(help="The name of a suite")],
    runs: Annotated[int, typer.Option(min=2, help="Hold so many independent runs together")] = 2,
    plant: Annotated[
        float | None,
        typer.Option(max=1, metavar="DROP", help="Plant a drop, such as 0.1, and say how often it is caught"),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Ask again, also where the ledger has enough runs")
    ] = False,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Run the base against itself: how noisy a suite is, and how often the gate would cry wolf.

    The answers are asked for anew, unless the ledger has as many runs of the base.
    """
    if plant is not None and plant <= 0:
        raise typer.BadParameter("a planted drop is above 0 and at most 1", param_hint="'--plant'")
    from promptops.cli._progress import progress
    from promptops.commands.noise import NoiseOptions
    from promptops.commands.noise import noise as measure
    from promptops.files.codec import encode
    from promptops.reporters.noise import noise_text

    options = NoiseOptions(suite=suite, runs=runs, plant=plant, fresh=fresh)
    # What code of the repository prints must not get among the data.
    with progress(sys.stderr) as observer, redirect_stdout(sys.stderr):
        report = measure(project_here(), options, observer)
    exit_code = ExitCode.NO_VERDICT if report.too_many_missing else ExitCode.YES
    if format_ is Format.JSON:
        print_json("noise", exit_code, encode(report))
    else:
        sys.stdout.write(f"{noise_text(report)}\n")
    finish(exit_code)
