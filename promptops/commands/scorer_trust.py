"""What is known of a suite's judges, from the calibrations that are committed beside people's labels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from promptops.commands.project import Project
from promptops.engine.judge_trust import judge_trust
from promptops.engine.scorer_plan import ScorerPlan
from promptops.errors import InvalidFilesError, Location
from promptops.files.labels import CALIBRATION, folder_of, read_calibration
from promptops.model.trust import Trust


def with_trust(
    project: Project, suite: str, plans: Iterable[ScorerPlan], today: date
) -> tuple[ScorerPlan, ...]:
    """The same scorers, each judge among them with what the project's tree knows of it on a day.

    Raises:
        InvalidFilesError: a calibration that cannot be read. Nobody knows then whether the judge may gate,
            and a gate that quietly stops to look would pass everything.
    """
    return tuple(_with_trust(project, suite, plan, today) for plan in plans)


def _with_trust(project: Project, suite: str, plan: ScorerPlan, today: date) -> ScorerPlan:
    if plan.parts:
        return replace(plan, parts=with_trust(project, suite, plan.parts, today))
    if not plan.is_judge:
        return plan
    return replace(plan, trust=_trust(project, suite, plan, today))


def _trust(project: Project, suite: str, plan: ScorerPlan, today: date) -> Trust:
    folder = folder_of(project.config.project.labels, suite, plan.name)
    calibration = read_calibration(project.tree, folder)
    try:
        return judge_trust(plan, calibration, today)
    except ValueError:
        message = "`at` is not a time (ISO 8601)"
        hint = "calibrate the judge anew"
        where = Location(str(folder / CALIBRATION))
        raise InvalidFilesError.single(where, "invalid-value", message, hint) from None
