"""The project that a test of pytest asks: it renders prompts, scores suites and holds them against the base."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from promptops.commands.diff import DiffOptions, diff
from promptops.commands.evaluate import EvaluateOptions, evaluate
from promptops.commands.gate import exit_code_of
from promptops.commands.load_prompt import load_prompt
from promptops.commands.project import Project, open_project
from promptops.commands.reporting import report_of
from promptops.commands.suites import suite_names
from promptops.engine.plan import Cell
from promptops.errors import ExitCode, PromptopsError, TargetError
from promptops.model.comparison import Verdict, worst
from promptops.model.diff import Comparison, SuiteComparison
from promptops.model.prompt import RenderedPrompt
from promptops.model.result import CaseResult, MetricSummary, SuiteResult
from promptops.models.asking import Asking
from promptops.reporters.diff_cases import CaseKind, worst_kind
from promptops.reporters.diff_terminal import Page, comparison_text
from promptops.reporters.printable import printable
from promptops.reporters.report import Report

COLUMNS = 100


class InconclusiveWarning(UserWarning):
    """A suite passes, but it has too few cases to tell whether it is worse."""


class SideWarning(UserWarning):
    """Something beside a run went wrong; its results stand."""


@dataclass(frozen=True, slots=True)
class SuiteScores:
    """The scores of a suite; `cells` are its prompts and models."""

    cells: tuple[SuiteResult, ...]

    def mean(self, metric: str | None = None) -> float:
        """The mean of a metric (the one that gates, when left out); of several cells the lowest."""
        __tracebackhide__ = True
        return min(_known(each.mean, each.metric) for each in self._metrics(metric))

    def interval(self, metric: str | None = None) -> tuple[float, float]:
        """The 95 % interval of the mean; of several cells from the lowest to the highest limit."""
        __tracebackhide__ = True
        found = self._metrics(metric)
        lows = [_known(each.ci_low, each.metric) for each in found]
        return min(lows), max(_known(each.ci_high, each.metric) for each in found)

    def _metrics(self, metric: str | None) -> list[MetricSummary]:
        __tracebackhide__ = True
        every = [each for cell in self.cells for each in cell.metrics]
        found = [each for each in every if (each.primary if metric is None else each.metric == metric)]
        if not found:
            names = ", ".join(dict.fromkeys(each.metric for each in every))
            pytest.fail(f"the suite has no metric `{metric}`; it has {names}")
        return found


def _known(value: float | None, metric: str) -> float:
    __tracebackhide__ = True
    if value is None:
        pytest.fail(f"there are too few scores of `{metric}`")
    return value


@dataclass(frozen=True, slots=True)
class ProjectUnderTest:
    """What a test can ask of the project; a suite's scores are made once for all tests of a process.

    `against` names the base, the merge base when None.
    """

    root: Path
    against: str | None
    offline: bool
    known: dict[str, SuiteScores] = field(default_factory=dict)

    def render(self, prompt: str, /, **values: Any) -> RenderedPrompt:
        """A prompt as it would be sent; fails the test where it cannot be rendered."""
        __tracebackhide__ = True
        with _Failing():
            return load_prompt(prompt, folder=self.root).render(**values)

    def suite(self, name: str, /) -> SuiteScores:
        """The scores of a suite on the working tree; fails the test where too many cases were lost."""
        __tracebackhide__ = True
        if name not in self.known:
            with _Failing(), _quiet() as observer:
                self.known[name] = self._scores(name, observer)
        return self.known[name]

    def gate(self, name: str, /) -> Comparison:
        """A suite held against the base: fails the test as `promptops gate` fails, and returns the comparison."""
        __tracebackhide__ = True
        with _Failing():
            report = self.compared([name])
        judge(report, report.comparison.verdict, text_of(report, report.comparison.suites))
        return report.comparison

    def suites(self) -> dict[Path, str]:
        """The files that hold suites, with their names; raises InvalidFilesError."""
        project = self._project()
        return {project.root / path: name for name, path in suite_names(project).items()}

    def compared(self, names: Sequence[str]) -> Report:
        """Suites held against the base together, since their verdicts are corrected for their number.

        Raises:
            PromptopsError: as `commands.diff` does.
        """
        project = self._project()
        options = DiffOptions(suites=tuple(names), against=self.against, asking=self._asking)
        with _quiet() as observer:
            comparison = diff(project, options, observer)
        exit_code = exit_code_of(comparison, strict=comparison.strict)
        return report_of(project, "gate", comparison, exit_code, names)

    def _scores(self, name: str, observer: QuietObserver) -> SuiteScores:
        outcome = evaluate(self._project(), EvaluateOptions(suites=(name,), asking=self._asking), observer)
        if outcome.exit_code is not ExitCode.YES:
            lost = sum(cell.errored for cell in outcome.run.suites)
            hint = "`promptops report --failures` shows why"
            raise TargetError(f"{lost} cases of `{name}` have no score", hint=hint)
        return SuiteScores(outcome.run.suites)

    @property
    def _asking(self) -> Asking:
        return Asking.NEVER if self.offline else Asking.UNLESS_KNOWN

    def _project(self) -> Project:
        return open_project(self.root, os.environ)


def judge(report: Report, verdict: Verdict, text: str) -> None:
    """Fails a test where the gate does not pass, and warns where it cannot tell."""
    __tracebackhide__ = True
    if not report.passes(verdict):
        pytest.fail(text, pytrace=False)
    if verdict is Verdict.INCONCLUSIVE:
        warnings.warn(InconclusiveWarning(text), stacklevel=2)


def text_of(report: Report, suites: Sequence[SuiteComparison]) -> str:
    """What `promptops diff` says of some suites, and the command that says it again."""
    verdict = worst(each.verdict for each in suites)
    part = replace(report.comparison, suites=tuple(suites), overall=None, verdict=verdict)
    shown = [view for view in report.cases if {worst_kind(view.suite), CaseKind.ERRORED} & {*view.kinds}]
    return f"{comparison_text(part, Page(COLUMNS), shown)}\nAgain: {report.command}"


def told(error: PromptopsError) -> str:
    """An error that a user can mend, with what mends it."""
    hint = f"\nhint: {error.hint}" if error.hint else ""
    return printable(f"{error}{hint}", keep="\n")


class QuietObserver:
    """Shows nothing of a run, and keeps what went wrong beside it."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def run_continued(self, answers: int) -> None:
        """See Observer."""

    def cell_started(self, cell: Cell, total: int) -> None:
        """See Observer."""

    def case_finished(self, cell: Cell, result: CaseResult) -> None:
        """See Observer."""

    def cell_finished(self, cell: Cell, result: SuiteResult) -> None:
        """See Observer."""

    def warned(self, message: str) -> None:
        """See Observer."""
        self.warnings.append(message)


@contextmanager
def _quiet() -> Iterator[QuietObserver]:
    """Watches a run, in which warnings of libraries are not the test's, which may take each for an error."""
    observer = QuietObserver()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield observer
    for message in observer.warnings:
        warnings.warn(SideWarning(message), stacklevel=3)


class _Failing:
    """Errors that a user can mend fail the test in a few words, without the frames that `contextlib` adds."""

    def __enter__(self) -> None:
        """See above."""

    def __exit__(self, _: object, error: BaseException | None, traceback: object) -> None:
        """Fails the test."""
        __tracebackhide__ = True
        if isinstance(error, PromptopsError):
            raise pytest.fail.Exception(told(error)) from None
