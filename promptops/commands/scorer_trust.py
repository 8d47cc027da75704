"""What is known of a suite's judges, from the calibrations that are committed beside people's labels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import PurePosixPath

from promptops.commands.project import Project
from promptops.datasets.jsonl import PLUGIN as JSONL
from promptops.engine.judge_trust import judge_trust
from promptops.engine.scorer_plan import ScorerPlan
from promptops.errors import InvalidFilesError, Location
from promptops.files.labels import CALIBRATION, folder_of, read_calibration
from promptops.files.suite import LoadedSuite
from promptops.files.tree import open_file, resolve_reference
from promptops.model.trust import Trust

OUTPUT = "output"


def with_trust(
    project: Project, loaded: LoadedSuite, plans: Iterable[ScorerPlan], today: date
) -> tuple[ScorerPlan, ...]:
    """The same scorers, each judge among them with what the project's tree knows of it on a day.

    Raises:
        InvalidFilesError: a calibration, or recorded verdicts, that cannot be read. Nobody knows then whether the
            judge may gate, and a gate that quietly stops to look would pass everything.
    """
    return tuple(_with_trust(project, loaded, plan, today) for plan in plans)


def _with_trust(project: Project, loaded: LoadedSuite, plan: ScorerPlan, today: date) -> ScorerPlan:
    if plan.parts:
        return replace(plan, parts=with_trust(project, loaded, plan.parts, today))
    if not plan.is_judge:
        return plan
    return replace(plan, trust=_trust(project, loaded, plan, today))


def _trust(project: Project, loaded: LoadedSuite, plan: ScorerPlan, today: date) -> Trust:
    folder = folder_of(project.config.project.labels, loaded.name, plan.name)
    calibration = read_calibration(project.tree, folder)
    try:
        trust = judge_trust(plan, loaded.suite, calibration, today)
    except ValueError:
        message = "`at` is not a time (ISO 8601)"
        hint = "calibrate the judge anew"
        where = Location(str(folder / CALIBRATION))
        raise InvalidFilesError.single(where, "invalid-value", message, hint) from None
    return replace(trust, is_of_any_output=_is_of_any_output(project, loaded, plan))


def _is_of_any_output(project: Project, loaded: LoadedSuite, plan: ScorerPlan) -> bool:
    """Whether a judge of outputs was recorded without them."""
    if OUTPUT not in getattr(plan.scorer, "judged", ()):
        return False
    where = loaded.where("scorers")
    paths = (resolve_reference(loaded.path, name, where) for name in plan.options.get("recorded", ()))
    return any(_lacks_output(project, path) for path in paths if project.tree.is_file(path))


def _lacks_output(project: Project, path: PurePosixPath) -> bool:
    with open_file(project.tree, path) as stream:
        return any(row.get(OUTPUT) is None for _, row in JSONL().read(stream, str(path)))
