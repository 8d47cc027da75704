from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import Annotated

import typer

from promptops.cli._console import Format, FormatOption, columns, finish, print_json, project_here
from promptops.errors import ExitCode


def calibrate(
    judge: Annotated[str, typer.Argument(metavar="SUITE[:SCORER]", help="A suite, or one of its judges")],
    offline: Annotated[bool, typer.Option("--offline", help="Ask nobody; use kept answers alone")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do not write the calibration")] = False,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Measure a judge against people's labels, and write whether it may fail a build.

    Exits with 0 where it may, with 1 where it may not.
    """
    from promptops.commands.judge_calibrate import CalibrateOptions
    from promptops.commands.judge_calibrate import calibrate as measure
    from promptops.files.codec import encode
    from promptops.models.asking import Asking
    from promptops.reporters.judge_calibrate import calibration_text

    asking = Asking.NEVER if offline else Asking.UNLESS_KNOWN
    # What code of the repository prints must not get among the data.
    with redirect_stdout(sys.stderr):
        report = measure(project_here(), CalibrateOptions(judge=judge, asking=asking, is_dry=dry_run))
    exit_code = ExitCode.NO if report.why_not else ExitCode.YES
    if format_ is Format.JSON:
        print_json("judge calibrate", exit_code, encode(report))
    else:
        sys.stdout.write(f"{calibration_text(report, columns())}\n")
    finish(exit_code)
