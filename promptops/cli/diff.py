from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli._console import Format, FormatOption, columns, finish, print_json, project_here
from promptops.cli._reports import ReportOption, wanted_reports, write_reports
from promptops.cli.app import verb_app
from promptops.errors import ExitCode
from promptops.model.component import Component
from promptops.reporters.diff_cases import CaseKind

if TYPE_CHECKING:
    from promptops.model.diff import Comparison
    from promptops.reporters.diff_cases import CaseView, Wanted
    from promptops.reporters.diff_terminal import Page
    from promptops.reporters.report import ReportKind

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


@dataclass(frozen=True, slots=True)
class Sides:
    """What is compared, as the command line says it."""

    suites: Sequence[str]
    against: str | None
    head: str | None
    offline: bool
    swap: Component | None = None

    @property
    def options(self) -> list[str]:
        """What of it is said again in the command that gives the same."""
        swap = ["--swap", self.swap] if self.swap else []
        return [*self.suites, *swap, *(["--offline"] if self.offline else [])]


@diff_app.command()
def diff(
    suites: SuitesArgument = None,
    against: AgainstOption = None,
    head: HeadOption = None,
    cases: Annotated[
        CaseKind | None, typer.Option("--cases", help="Show every case that this happened to, in full")
    ] = None,
    case: Annotated[
        str | None, typer.Option("--case", metavar="ID", help="Show one case in full; SUITE:ID works too")
    ] = None,
    swap: Annotated[
        Component | None,
        typer.Option(
            "--swap", help="Also run both sides with this component of the other, and share out the change"
        ),
    ] = None,
    offline: OfflineOption = False,
    report: ReportOption = None,
    no_pager: Annotated[bool, typer.Option("--no-pager", help="Print long text at once")] = False,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Compare the working tree with main, case by case; never judges: the exit code is 0."""
    if cases is not None and case is not None:
        raise typer.BadParameter("`--cases` and `--case` cannot be combined")
    wanted = wanted_reports(report)
    sides = Sides(suites or (), against, head, offline, swap)
    comparison = _compared(sides)
    if wanted:
        _write_reports("diff", comparison, ExitCode.YES, sides.options, wanted)
    if cases is None and case is None:
        _show_all(comparison, format_, paged=not no_pager)
    else:
        found = _named(comparison, case) if case is not None else _of_kind(comparison, cases)
        _show_cases(comparison, found, format_, paged=not no_pager)
        if not found:
            sys.stderr.write(f"no case to show: none is {cases}\n")
    finish(ExitCode.YES)


@gate_app.command()
def gate(
    suites: SuitesArgument = None,
    against: AgainstOption = None,
    head: HeadOption = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="A verdict of inconclusive fails too, with exit code 4")
    ] = False,
    offline: OfflineOption = False,
    report: ReportOption = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Compare like diff, and exit by the verdict.

    1: regressed, a case that must pass failed, below the floor, over a limit. 4: no verdict.
    """
    from promptops.commands.gate import exit_code_of
    from promptops.reporters.diff_cases import first_lost
    from promptops.reporters.diff_gate import ending
    from promptops.reporters.diff_terminal import comparison_text

    wanted = wanted_reports(report)
    sides = Sides(suites or (), against, head, offline)
    comparison = _compared(sides)
    is_strict = strict or comparison.strict
    exit_code = exit_code_of(comparison, strict=is_strict)
    options = [*sides.options, *(["--strict"] if strict else [])]
    if wanted:
        _write_reports("gate", comparison, exit_code, options, wanted)
    if format_ is Format.JSON:
        _print_json("gate", exit_code, comparison)
    else:
        lost = _views(comparison, first_lost(comparison))
        sys.stdout.write(comparison_text(comparison, _page(), lost, with_outputs=False))
        sys.stdout.write(f"\n{ending(comparison, exit_code, options)}\n")
    finish(exit_code)


def _compared(sides: Sides) -> Comparison:
    from promptops.cli._progress import progress
    from promptops.commands.diff import DiffOptions
    from promptops.commands.diff import diff as compare
    from promptops.models.asking import Asking

    options = DiffOptions(
        suites=tuple(sides.suites),
        against=sides.against,
        head=sides.head,
        asking=Asking.NEVER if sides.offline else Asking.UNLESS_KNOWN,
        swap=sides.swap,
    )
    # What code of the repository prints must not get among the data.
    with progress(sys.stderr) as observer, redirect_stdout(sys.stderr):
        return compare(project_here(), options, observer)


def _write_reports(
    verb: str,
    comparison: Comparison,
    exit_code: ExitCode,
    options: Sequence[str],
    wanted: Sequence[tuple[ReportKind, Path]],
) -> None:
    from promptops.commands.reporting import report_of, with_histories
    from promptops.reporters.report import ReportKind

    project = project_here()
    report = report_of(project, verb, comparison, exit_code, options)
    if any(kind is ReportKind.HTML for kind, _ in wanted):
        report = with_histories(project, report)
    write_reports(report, wanted)


def _show_all(comparison: Comparison, format_: Format, *, paged: bool) -> None:
    from promptops.cli._pager import show
    from promptops.reporters.diff_cases import first_lost, harmed
    from promptops.reporters.diff_terminal import comparison_text

    if format_ is Format.JSON:
        _print_json("diff", ExitCode.YES, comparison)
    else:
        found = _views(comparison, [*harmed(comparison), *first_lost(comparison)])
        show(comparison_text(comparison, _page(), found), paged=paged)


def _show_cases(comparison: Comparison, found: Sequence[CaseView], format_: Format, *, paged: bool) -> None:
    from promptops.cli._pager import show
    from promptops.reporters.diff_cases import cases_content
    from promptops.reporters.diff_terminal import cases_text

    if format_ is Format.JSON:
        _print_json("diff", ExitCode.YES, comparison, {"cases": cases_content(found)})
    else:
        show(cases_text(comparison, _page(), found), paged=paged)


def _of_kind(comparison: Comparison, kind: CaseKind | None) -> list[CaseView]:
    from promptops.reporters.diff_cases import of_kind

    return [] if kind is None else _views(comparison, of_kind(comparison, kind))


def _named(comparison: Comparison, name: str) -> list[CaseView]:
    from promptops.errors import NothingSelectedError, did_you_mean
    from promptops.reporters.diff_cases import is_known, named

    found = [view for view in _views(comparison, named(comparison, name)) if is_known(view)]
    if not found:
        changed = {id_ for suite in comparison.suites for kind in CaseKind for id_ in kind.ids(suite)}
        hint = did_you_mean(name, sorted(changed)) or "suites in which nothing changed are not run"
        raise NothingSelectedError(f"no case `{name}` was compared", hint=hint)
    return found


def _views(comparison: Comparison, wanted: Sequence[Wanted]) -> list[CaseView]:
    from promptops.reporters.diff_cases import views

    keys = {key for each in wanted for key in each.places()}
    if comparison.run_id is None or not keys:
        return views(wanted, ())
    return views(wanted, project_here().runs().results(comparison.run_id, only=keys))


def _page() -> Page:
    from promptops.reporters.diff_terminal import Page

    return Page(columns(), is_terminal=sys.stdout.isatty())


def _print_json(
    verb: str, exit_code: ExitCode, comparison: Comparison, more: dict[str, object] | None = None
) -> None:
    from promptops.reporters.json import comparison_content

    print_json(verb, exit_code, comparison_content(comparison) | (more or {}))
