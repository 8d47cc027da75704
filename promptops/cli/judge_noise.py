from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import Annotated

import typer

from promptops.cli._console import Format, FormatOption, columns, finish, print_json, project_here
from promptops.errors import ExitCode


def noise(
    judge: Annotated[str, typer.Argument(metavar="SUITE[:SCORER]", help="A suite, or one of its judges")],
    votes: Annotated[int, typer.Option(min=2, max=25, help="Ask so often about each output")] = 5,
    sample: Annotated[int, typer.Option(min=1, metavar="N", help="Ask about at most so many outputs")] = 50,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be asked, and ask nobody")
    ] = False,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Ask a judge again about the same outputs: how often it contradicts itself, and whether votes would pay.

    The outputs are those of the newest run of the suite; where there is none, those that people labelled.
    """
    from promptops.commands.judge_noise import estimate_judge_noise, measure_judge_noise
    from promptops.commands.judged_outputs import JudgeNoiseOptions
    from promptops.files.codec import encode
    from promptops.model.judge_noise import JudgeNoise
    from promptops.reporters.judge_noise import estimate_text, judge_noise_text

    options = JudgeNoiseOptions(judge=judge, votes=votes, sample=sample)
    # What code of the repository prints must not get among the data.
    with redirect_stdout(sys.stderr):
        report = (estimate_judge_noise if dry_run else measure_judge_noise)(project_here(), options)
    lost = isinstance(report, JudgeNoise) and report.too_many_lost
    exit_code = ExitCode.NO_VERDICT if lost else ExitCode.YES
    if format_ is Format.JSON:
        print_json("judge noise", exit_code, encode(report))
    elif isinstance(report, JudgeNoise):
        sys.stdout.write(f"{judge_noise_text(report, columns())}\n")
    else:
        sys.stdout.write(f"{estimate_text(report, columns())}\n")
    finish(exit_code)
