from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import Annotated

import typer

from promptops.cli._console import Format, FormatOption, columns, finish, print_json, project_here
from promptops.cli.app import verb_app
from promptops.cli.label import ByOption
from promptops.errors import ExitCode

audit_app = verb_app(no_args_is_help=True)


@audit_app.callback()
def _root() -> None:
    """Look for faults in what measures."""


@audit_app.command()
def references(
    suites: Annotated[
        list[str] | None, typer.Argument(help="Names or globs of suites; all when left out")
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Show every finding")] = False,
    human: Annotated[
        bool, typer.Option("--human", help="First compare references of one suite with outputs, blindly")
    ] = False,
    by: ByOption = None,
    sample: Annotated[int, typer.Option(min=1, metavar="N", help="With --human: so many pairs")] = 50,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Audit the reference answers: exit 1 when some have to be mended. No model is asked.

    References that fail their own suite, equal questions with different answers, cases that stand in other
    datasets or among a prompt's examples, references that people's ratings contradict, or that are worse than
    the outputs.
    """
    if human:
        _compare(suites or [], by, sample)
    from promptops.commands.audit import AuditOptions, audit_references
    from promptops.files.codec import encode
    from promptops.reporters.audit import audit_text

    # What code of the repository prints must not get among the data.
    with redirect_stdout(sys.stderr):
        audit = audit_references(project_here(), AuditOptions(suites=tuple(suites or ())))
    exit_code = ExitCode.NO if audit.has_bugs else ExitCode.YES
    if format_ is Format.JSON:
        print_json("audit references", exit_code, encode(audit))
    else:
        sys.stdout.write(audit_text(audit, all_of_them=show_all, width=columns()))
    finish(exit_code)


def _compare(suites: list[str], by: str | None, sample: int) -> None:
    """Has a person compare references with outputs."""
    from promptops.cli._labelling import require_terminal, run_session
    from promptops.commands.reference_pairs import PairOptions, comparing

    if len(suites) != 1:
        raise typer.BadParameter("name the one suite whose references are compared", param_hint="'SUITES'")
    require_terminal()
    with comparing(project_here(), PairOptions(suite=suites[0], by=by, sample=sample)) as session:
        run_session(session)
