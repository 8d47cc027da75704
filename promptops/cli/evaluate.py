from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli._console import Format, FormatOption, columns, finish, print_json, project_here
from promptops.cli.app import verb_app
from promptops.errors import ExitCode

if TYPE_CHECKING:
    from promptops.commands.evaluate import EvaluateOptions
    from promptops.commands.project import Project

eval_app = verb_app()


@eval_app.command()
def run(
    suites: Annotated[
        list[str] | None, typer.Argument(help="Names or globs of suites; all when left out")
    ] = None,
    changed: Annotated[
        bool, typer.Option("--changed", help="Only suites in which something differs from main")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Use at most so many cases of each suite")] = None,
    failures: Annotated[
        bool, typer.Option("--failures", help="Show the failing cases with input and output")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Ask again, also where an answer is known")] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask nothing; use the answers that are recorded")
    ] = False,
    runs: Annotated[
        int | None, typer.Option(min=1, help="Ask anew for so many independent sets of answers")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print calls, tokens and cost by model; send nothing")
    ] = False,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Run suites on the working tree and print their scores.

    Scores come with 95 % intervals; nothing is judged: the exit code is 0 whatever they are,
    and 4 when too many cases were lost or, offline, an answer is not recorded.
    """
    if offline and (fresh or runs):
        raise typer.BadParameter(f"{'--fresh' if fresh else '--runs'} and --offline exclude each other")
    from promptops.cli._progress import progress
    from promptops.commands.evaluate import EvaluateOptions, evaluate
    from promptops.models.asking import Asking
    from promptops.reporters.json import run_content

    project = project_here()
    asking = Asking.ALWAYS if fresh or runs else Asking.NEVER if offline else Asking.UNLESS_KNOWN
    options = EvaluateOptions(
        suites=tuple(suites or ()), limit=limit, asking=asking, runs=runs or 1, changed=changed
    )
    if dry_run:
        _print_estimate(project, options, format_)
        return
    # What code of the repository prints must not get among the data.
    with progress(sys.stderr) as observer, redirect_stdout(sys.stderr):
        outcome = evaluate(project, options, observer)
    if format_ is Format.JSON:
        print_json("eval", outcome.exit_code, run_content(outcome.run))
    else:
        from promptops.reporters import terminal

        terminal.report_run(outcome.run, sys.stdout, width=columns())
        if failures and outcome.run.suites:
            results = project.runs().results(outcome.run.run_id)
            terminal.report_failures(outcome.run, results, sys.stdout, width=columns())
    finish(outcome.exit_code)


def _print_estimate(project: Project, options: EvaluateOptions, format_: Format) -> None:
    from promptops.commands.estimate import estimate
    from promptops.reporters.estimate_terminal import report_estimate
    from promptops.reporters.json import estimate_content

    cells = estimate(project, options)
    if format_ is Format.JSON:
        print_json("eval", ExitCode.YES, estimate_content(cells))
    else:
        report_estimate(cells, sys.stdout, width=columns())
    finish(ExitCode.YES)
