"""`promptops gate`: a verdict as an exit code."""

from __future__ import annotations

from promptops.errors import ExitCode
from promptops.model.comparison import FAILS, Verdict
from promptops.model.diff import Comparison


def exit_code_of(comparison: Comparison, *, strict: bool) -> ExitCode:
    """1 where any suite fails, else 4 where one has no verdict (strictly: or cannot tell), else 0."""
    verdicts = {suite.verdict for suite in comparison.suites}
    if comparison.overall is not None:
        verdicts.add(comparison.overall.verdict)
    if verdicts.intersection(FAILS):
        return ExitCode.NO
    if Verdict.INVALID in verdicts or (strict and Verdict.INCONCLUSIVE in verdicts):
        return ExitCode.NO_VERDICT
    return ExitCode.YES
