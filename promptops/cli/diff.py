from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli._console import Format, FormatOption, columns, finish, print_json, project_here
from promptops.cli.app import verb_app
from promptops.errors import ExitCode

if TYPE_CHECKING:
    from promptops.model.diff import Comparison

diff_app = verb_app()
gate_app = verb_app()

SuitesArgument = Annotated[
    list[str] | None, typer.Argument(help="Names or globs of suites; all when left out")
]
AgainstOption = Annotated[
    str | None, typer.Option(metavar="REF", help="Compare with this commit instead of the merge base")
]
HeadOption = Annotated[
    str | None, typer.Option(metavar="REF", help="The head is this commit, not the working tree")
]
OfflineOption = Annotated[
    bool, typer.Option("--offline", help="Ask nothing; use the answers that are recorded")
]


@diff_app.command()
def diff(
    suites: SuitesArgument = None,
    against: AgainstOption = None,
    head: HeadOption = None,
    offline: OfflineOption = False,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Compare the working tree with main, case by case; never judges: the exit code is 0."""
    comparison = _compared(suites, against, head, offline)
    _show("diff", ExitCode.YES, comparison, format_)


@gate_app.command()
def gate(
    suites: SuitesArgument = None,
    against: AgainstOption = None,
    head: HeadOption = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="A verdict of inconclusive fails too, with exit code 4")
    ] = False,
    offline: OfflineOption = False,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Compare like diff, and exit by the verdict.

    1: regressed, a case that must pass failed, below the floor, over a limit. 4: no verdict.
    """
    from promptops.commands.gate import exit_code_of

    comparison = _compared(suites, against, head, offline)
    _show("gate", exit_code_of(comparison, strict=strict or comparison.strict), comparison, format_)


def _compared(suites: list[str] | None, against: str | None, head: str | None, offline: bool) -> Comparison:
    from promptops.cli._progress import progress
    from promptops.commands.diff import DiffOptions
    from promptops.commands.diff import diff as compare
    from promptops.models.asking import Asking

    options = DiffOptions(
        suites=tuple(suites or ()),
        against=against,
        head=head,
        asking=Asking.NEVER if offline else Asking.UNLESS_KNOWN,
    )
    # What code of the repository prints must not get among the data.
    with progress(sys.stderr) as observer, redirect_stdout(sys.stderr):
        return compare(project_here(), options, observer)


def _show(verb: str, exit_code: ExitCode, comparison: Comparison, format_: Format) -> None:
    if format_ is Format.JSON:
        from promptops.reporters.json import comparison_content

        print_json(verb, exit_code, comparison_content(comparison))
    else:
        from promptops.reporters.diff_terminal import report_comparison

        report_comparison(comparison, sys.stdout, width=columns())
    finish(exit_code)
