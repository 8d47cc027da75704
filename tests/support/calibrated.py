"""Judges that people measured: calibrations as they are committed, for tests of `gate`, `diff` and `eval`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from promptops.commands.project import open_project
from promptops.commands.scorer_plans import scorer_plans
from promptops.commands.suites import load_named, suite_names
from promptops.engine.judge_digest import judge_digest
from promptops.files.labels import folder_of, write_calibration
from promptops.model.judging import Calibration, JudgeTable
from tests.support.project import ProjectFolder

GOOD = JudgeTable(tp=45, fn=5, tn=40, fp=10)
"""Of a judge that may gate: the one of design/statistics.md, J 0.7 with the limits 0.56 and 0.79."""
FEW = JudgeTable(tp=16, fn=0, tn=16, fp=0)


def days_ago(days: int) -> str:
    """A time in ISO 8601."""
    return (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")


def calibrate(
    folder: ProjectFolder,
    table: JudgeTable = GOOD,
    *,
    judge: str = "grounded",
    suite: str = "s",
    days: int = 1,
    **more: object,
) -> Calibration:
    """Writes the calibration of a judge as it now stands in a suite."""
    calibration = Calibration(
        judge=digests(folder, suite)[judge],
        at=days_ago(days),
        labels="0" * 64,
        people=("ann",),
        table=table,
    )
    calibration = replace(calibration, **more)  # type: ignore[arg-type]  # fields of Calibration
    write_calibration(folder.root / folder_of("labels", suite, judge), calibration)
    return calibration


def digests(folder: ProjectFolder, suite: str = "s") -> Mapping[str, str]:
    """The digest of every judge of a suite, by name."""
    project = open_project(folder.root, {})
    loaded = load_named(project, suite, suite_names(project)[suite])
    assert loaded is not None
    plans = scorer_plans(project, loaded, run_local_code=True)
    return {each.name: judge_digest(each, loaded.suite) for plan in plans for each in plan.judges}
