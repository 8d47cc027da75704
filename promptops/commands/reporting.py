"""What a report is made of: a comparison with every case that was run for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from promptops.commands.history import HistoryOptions, history
from promptops.commands.project import Project
from promptops.errors import ExitCode, PromptopsError
from promptops.model.diff import Comparison
from promptops.model.history import History
from promptops.reporters.diff_cases import every_case, views
from promptops.reporters.diff_gate import again
from promptops.reporters.report import Report


def report_of(
    project: Project, verb: str, comparison: Comparison, exit_code: ExitCode, options: Sequence[str]
) -> Report:
    """A report with every case; `options` are said again in the command that gives the same."""
    store = project.runs()
    results = list(store.results(comparison.run_id)) if comparison.run_id is not None else []
    return Report(
        verb=verb,
        comparison=comparison,
        exit_code=exit_code,
        command=again(comparison, verb, options),
        cases=views(every_case(comparison, results), results),
    )


def with_histories(project: Project, report: Report) -> Report:
    """The report with how the scores of its suites went along the base branch, as far as the ledger knows."""
    suites = dict.fromkeys(each.suite for each in report.comparison.suites)
    return replace(report, histories=tuple(_histories(project, suites)))


def _histories(project: Project, suites: Iterable[str]) -> Iterator[History]:
    for suite in suites:
        # A chart may be missing; the report it belongs to may not.
        with suppress(PromptopsError):
            yield history(project, HistoryOptions(suite=suite))
