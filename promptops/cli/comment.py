from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from promptops.cli._console import finish
from promptops.cli.app import verb_app
from promptops.errors import ExitCode

comment_app = verb_app()

GROUP = re.compile(r"[\w.-]{1,60}", re.ASCII)


@comment_app.command()
def comment(
    from_: Annotated[
        Path | None, typer.Option("--from", metavar="REPORT.json", help="A report of `gate --report json=…`")
    ] = None,
    running: Annotated[bool, typer.Option("--running", help="Say that a job runs")] = False,
    failed: Annotated[bool, typer.Option("--failed", help="Say that the job ended without a report")] = False,
    group: Annotated[
        str, typer.Option(help="Tells the comments of several jobs on one pull request apart")
    ] = "default",
) -> None:
    """Create or update the one comment on the pull request of this CI job, and the summary of the job.

    Where no comment may be written, as in runs of forks, the summary alone has the report.
    """
    from promptops.commands.comment import (
        Job,
        add_to_summary,
        read_report,
        say_failed,
        say_result,
        say_running,
    )
    from promptops.errors import ForgeError

    if [running, failed, from_ is not None].count(True) != 1:
        raise typer.BadParameter("give one of `--from REPORT.json`, `--running` and `--failed`")
    if not GROUP.fullmatch(group):
        raise typer.BadParameter("letters, digits, `.`, `_` and `-` only, at most 60", param_hint="--group")
    job = Job(os.environ, group)
    if from_ is None:
        sys.stderr.write(f"comment: {say_failed(job) if failed else say_running(job)}\n")
        finish(ExitCode.YES)
    assert from_ is not None
    report = read_report(from_)
    has_summary = add_to_summary(os.environ, report)
    try:
        sys.stderr.write(f"comment: {say_result(job, report)}\n")
    except ForgeError as error:
        if not has_summary:
            raise
        sys.stderr.write(f"no comment: {error.message}. The report stands in the summary of the job.\n")
    finish(ExitCode.YES)
