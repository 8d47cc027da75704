"""`--report KIND=PATH` of the verbs that compare."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from promptops.reporters.report import Report, ReportKind

ReportOption = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="KIND=PATH",
        help="Also write a report: markdown, html, junit, json, sarif or annotations; repeatable, and after a comma",
    ),
]


def wanted_reports(given: Sequence[str] | None) -> list[tuple[ReportKind, Path]]:
    """The reports that the command line asks for."""
    from promptops.errors import did_you_mean
    from promptops.reporters.report import ReportKind

    found = []
    for each in (part for one in given or () for part in one.split(",")):
        kind, equals, path = each.partition("=")
        is_known = kind in list(ReportKind)
        if not (is_known and equals and path):
            known = f"the kinds are {', '.join(ReportKind)}"
            hint = "the path is missing" if is_known else did_you_mean(kind, ReportKind) or known
            raise typer.BadParameter(f"`{each}` is not KIND=PATH; {hint}", param_hint="--report")
        found.append((ReportKind(kind), Path(path)))
    return found


def write_reports(report: Report, wanted: Sequence[tuple[ReportKind, Path]]) -> None:
    """Writes each report, whole or not at all; folders are made.

    Raises:
        ProjectError: a place cannot be written.
    """
    from promptops.errors import ProjectError
    from promptops.files.whole import write_whole
    from promptops.reporters.report import report_text

    for kind, path in wanted:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ProjectError(f"cannot write `{path}`: {error.strerror}") from None
        write_whole(path, report_text(kind, report))
