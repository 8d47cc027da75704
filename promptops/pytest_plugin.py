"""Suites as tests of pytest: `pytest --promptops`, and the fixture `promptops` for tests of your own.

Whoever uses neither pays for nothing: all else is imported where a suite is collected or asked for.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from promptops.model.comparison import Verdict
    from promptops.model.diff import SuiteComparison
    from promptops.pytest_project import ProjectUnderTest
    from promptops.reporters.report import Report

ALL_SUITES = "all suites"
WAIT_S = 0.1
SHARED_RESULT = "promptops.json"


def pytest_addoption(parser: pytest.Parser) -> None:
    """See pytest."""
    group = parser.getgroup("promptops", "promptops: prompts as code")
    group.addoption(
        "--promptops",
        action="store_true",
        help="collect the suites of the project too: each passes or fails as `promptops gate` says",
    )
    group.addoption(
        "--promptops-against", metavar="REF", help="compare with this commit instead of the merge base"
    )
    group.addoption(
        "--promptops-offline", action="store_true", help="ask nothing; use the answers that are recorded"
    )


def pytest_configure(config: pytest.Config) -> None:
    """See pytest: suites join whatever is collected, unless the command line names paths."""
    if not config.getoption("promptops"):
        return
    suites = Suites(config)
    config.stash[SUITES] = suites
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        folders = [config.invocation_params.dir / arg for arg in config.args]
        config.args += [
            str(path) for path in suites.names if not any(path.is_relative_to(folder) for folder in folders)
        ]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """See pytest."""
    suites = parent.config.stash.get(SUITES, None)
    if suites is None or file_path not in suites.names:
        return None
    file: pytest.Collector = SuiteFile.from_parent(parent, path=file_path)
    return file


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """See pytest: what several suites say together is a test of its own."""
    suites = sum(isinstance(item, SuiteItem) for item in items)
    if not suites:
        return
    from promptops.stats.families import FEWEST_FOR_OVERALL

    if suites >= FEWEST_FOR_OVERALL:
        items.append(TogetherItem.from_parent(session, name=ALL_SUITES, nodeid=f"promptops::{ALL_SUITES}"))


@pytest.fixture(scope="session")
def promptops(pytestconfig: pytest.Config) -> ProjectUnderTest:
    """The project around pytest's root folder: render its prompts, and assert on its suites."""
    return _project(pytestconfig)


def _project(config: pytest.Config) -> ProjectUnderTest:
    from promptops.pytest_project import ProjectUnderTest

    against, offline = config.getoption("promptops_against"), config.getoption("promptops_offline")
    return ProjectUnderTest(config.rootpath, against, offline)


class Suites:
    """The suites of the project around pytest's root folder, compared once for all tests.

    Where pytest-xdist runs several processes of pytest, the first that wants the comparison makes it, and
    the others read it.
    """

    def __init__(self, config: pytest.Config) -> None:
        from promptops.errors import PromptopsError
        from promptops.pytest_project import told

        self._config = config
        self._project = _project(config)
        self._found: Report | str | None = None
        try:
            self.names = self._project.suites()
        except PromptopsError as error:
            raise pytest.UsageError(f"--promptops: {told(error)}") from None
        if not self.names:
            raise pytest.UsageError(
                "--promptops: the project has no suites; `promptops init` makes a first one"
            )

    def compared(self, session: pytest.Session) -> Report:
        """The comparison of all selected suites; a test that needs it fails where it cannot be had."""
        if self._found is None:
            names = sorted({item.name for item in session.items if isinstance(item, SuiteItem)})
            self._found = self._shared(names)
        if isinstance(self._found, str):
            pytest.fail(self._found, pytrace=False)
        return self._found

    def _shared(self, names: Sequence[str]) -> Report | str:
        from promptops.files.whole import replace_whole
        from promptops.reporters.report import report_content, report_from
        from promptops.runs.lock import try_lock

        folder = self._config.getoption("basetemp", None)
        if not hasattr(self._config, "workerinput") or folder is None:
            return self._made(names)
        place = Path(folder).parent / SHARED_RESULT
        with place.with_suffix(".lock").open("w", encoding="utf-8") as lock:
            while not try_lock(lock):
                time.sleep(WAIT_S)
            if place.exists():
                content = json.loads(place.read_text(encoding="utf-8"))
                return content if isinstance(content, str) else report_from(content, place.name)
            found = self._made(names)
            replace_whole(place, json.dumps(found if isinstance(found, str) else report_content(found)))
            return found

    def _made(self, names: Sequence[str]) -> Report | str:
        from promptops.errors import PromptopsError
        from promptops.pytest_project import told

        try:
            return self._project.compared(names)
        except PromptopsError as error:
            return told(error)


SUITES: pytest.StashKey[Suites] = pytest.StashKey()


class SuiteFile(pytest.File):
    """The file of a suite."""

    def collect(self) -> Iterator[pytest.Item]:
        """See pytest."""
        yield SuiteItem.from_parent(self, name=self.config.stash[SUITES].names[self.path])


class GateItem(pytest.Item):
    """A verdict as a test: a bad one fails it, without one it is in error."""

    report: Report

    def setup(self) -> None:
        """See pytest; what fails here is an error."""
        from promptops.model.comparison import FAILS

        self.report = self.config.stash[SUITES].compared(self.session)
        if self.verdict not in FAILS and not self.report.passes(self.verdict):
            pytest.fail(self.text, pytrace=False)

    def runtest(self) -> None:
        """See pytest."""
        from promptops.model.comparison import Verdict
        from promptops.pytest_project import judge

        judge(self.report, self.verdict, self.text)
        if self.verdict is Verdict.UNCHANGED:
            pytest.skip("unchanged, so not run")

    @property
    def verdict(self) -> Verdict:
        """What the gate says."""
        raise NotImplementedError

    @property
    def text(self) -> str:
        """Why, for people."""
        raise NotImplementedError


class SuiteItem(GateItem):
    """One suite with all of its cells."""

    def setup(self) -> None:
        """See pytest; JUnit's file shows the figures."""
        super().setup()
        from promptops.reporters.junit_report import properties_of

        found = properties_of(self.report, self.cells[0])
        self.user_properties += [(f"promptops.{name}", str(value)) for name, value in found.items()]

    @property
    def cells(self) -> list[SuiteComparison]:
        """What the comparison says of it, the worst first."""
        cells = [each for each in self.report.comparison.suites if each.suite == self.name]
        if not cells:
            pytest.skip("the prompt's own tests have no counterpart here")
        return cells

    @property
    def verdict(self) -> Verdict:
        """The worst of its cells'."""
        return self.cells[0].verdict

    @property
    def text(self) -> str:
        """Its part of the comparison, as `promptops diff` shows it."""
        from promptops.pytest_project import text_of

        return text_of(self.report, self.cells)

    def reportinfo(self) -> tuple[Path, None, str]:
        """See pytest."""
        return self.path, None, f"promptops: {self.name}"


class TogetherItem(GateItem):
    """What all selected suites say as one: small losses that none of them can prove."""

    @property
    def verdict(self) -> Verdict:
        """The pooled verdict."""
        overall = self.report.comparison.overall
        if overall is None:
            pytest.skip("too few suites were compared to say anything together")
        return overall.verdict

    @property
    def text(self) -> str:
        """The pooled figures, and the command that shows them again."""
        from promptops.reporters.diff_phrases import reasoned
        from promptops.reporters.plain_words import metric_line

        overall = self.report.comparison.overall
        assert overall is not None
        return "\n".join(
            [reasoned(overall.verdict, overall.reason), metric_line(overall), self.report.command]
        )

    def reportinfo(self) -> tuple[Path, None, str]:
        """See pytest."""
        return self.config.rootpath, None, f"promptops: {ALL_SUITES}"
