"""What a report is made of: a comparison with every case that was run for it."""

from __future__ import annotations

from collections.abc import Sequence

from promptops.commands.project import Project
from promptops.errors import ExitCode
from promptops.model.diff import Comparison
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
