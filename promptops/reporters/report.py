"""What a report tells, whatever its form: a comparison, how it ended, and every case at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any, TypeVar

from promptops.errors import ExitCode, InvalidFilesError, Location, ProjectError
from promptops.files.codec import decode_value, encode
from promptops.model.comparison import FAILS, Verdict
from promptops.model.diff import Comparison, SuiteComparison
from promptops.model.history import History
from promptops.model.record import JsonValue, Record
from promptops.model.result import CaseErrored, CaseResult, CaseScored
from promptops.reporters.diff_cases import CaseKind, CaseView, cases_content

FORMAT = 1
T = TypeVar("T", bound=Record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A comparison with what its verb made of it.

    `command` gives the same again. `cases` are all that were run, by suite, the worst first. `histories` are
    those of the suites along the base branch, where they are known.
    """

    verb: str
    comparison: Comparison
    exit_code: ExitCode
    command: str
    cases: Sequence[CaseView] = ()
    histories: Sequence[History] = ()

    @property
    def changed(self) -> list[CaseView]:
        """The cases to which something happened."""
        return [view for view in self.cases if view.kinds]

    def passes(self, verdict: Verdict) -> bool:
        """Whether a suite with this verdict passes; an inconclusive one does not where the gate was strict."""
        # Only a strict gate ends without a verdict while nothing is worse than inconclusive.
        strict = self.exit_code is ExitCode.NO_VERDICT and self.comparison.verdict is Verdict.INCONCLUSIVE
        return not (
            verdict in FAILS or verdict is Verdict.INVALID or (strict and verdict is Verdict.INCONCLUSIVE)
        )


class ReportKind(StrEnum):
    """The forms of a report; each is written by the module `<kind>_report`."""

    MARKDOWN = "markdown"
    HTML = "html"
    JUNIT = "junit"
    JSON = "json"
    SARIF = "sarif"
    ANNOTATIONS = "annotations"


def report_text(kind: ReportKind, report: Report) -> str:
    """A report in one of its forms."""
    write: Callable[[Report], str] = import_module(f"promptops.reporters.{kind}_report").text
    return write(report)


def report_content(report: Report) -> dict[str, JsonValue]:
    """A report for programs: the fields of `--format json`, and the cases to which something happened."""
    content: dict[str, JsonValue] = {
        "format": FORMAT,
        "verb": report.verb,
        "exit_code": int(report.exit_code),
        "command": report.command,
        **encode(report.comparison),
        "cases": cases_content(report.changed),
    }
    return content


def report_from(document: Mapping[str, JsonValue], name: str) -> Report:
    """The report that such an object holds; `name` is the file's.

    Raises:
        ProjectError: it is none, or of another version of promptops.
    """
    fields = dict(document)
    try:
        if fields.pop("format") != FORMAT:
            raise ProjectError(f"`{name}` was written by another version of promptops")
        verb, exit_code, command = (
            fields.pop("verb"),
            ExitCode(fields.pop("exit_code")),
            fields.pop("command"),
        )
        rows = fields.pop("cases")
        comparison = decode_value(Comparison, fields, Location(name))
        suites = {(each.suite, each.prompt, each.model): each for each in comparison.suites}
        cases = [_view(suites[row["suite"], row["prompt"], row["model"]], row, name) for row in rows]
    except (LookupError, TypeError, ValueError, InvalidFilesError) as error:
        raise ProjectError(f"`{name}` is no report of promptops: {error}") from None
    return Report(verb=verb, comparison=comparison, exit_code=exit_code, command=command, cases=cases)


def _view(suite: SuiteComparison, row: Any, name: str) -> CaseView:
    base, head, branch = (
        tuple(_result(each, name) for each in row[side]) for side in ("base", "head", "branch")
    )
    kinds = tuple(map(CaseKind, row["kinds"]))
    return CaseView(suite=suite, id=row["id"], kinds=kinds, base=base, head=head, branch=branch)


def _result(row: Any, name: str) -> CaseResult:
    if "scores" in row:
        return decode_value(CaseScored, row, Location(name))
    return decode_value(CaseErrored, row, Location(name))
