"""The ruler of a suite: its cases and scorers, found, built and checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from itertools import islice

from promptops.commands.attempt import attempt
from promptops.commands.dataset import changed_since_lock, find_dataset
from promptops.commands.judge_examples import with_examples
from promptops.commands.project import Project
from promptops.commands.reference_labels import with_advisory_metrics
from promptops.commands.scorer_plans import scorer_plans
from promptops.commands.scorer_trust import with_trust
from promptops.engine.plan import SuitePlan, select
from promptops.errors import InvalidFilesError, Location, Problem
from promptops.files.dataset import DatasetSource, dataset_digest, read_cases
from promptops.files.suite import LoadedSuite
from promptops.model.suite import Case, DatasetRef
from promptops.render.expression import Expression, ValueTemplate


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Limits of one run that no file knows."""

    limit: int | None = None
    run_local_code: bool = True
    """False when files are only checked: nothing of the repository is executed."""
    today: date = field(default_factory=lambda: datetime.now(UTC).date())
    """By which the age of what is known of judges is told."""


def plan_suite(project: Project, loaded: LoadedSuite, selection: Selection) -> SuitePlan:
    """The plan of a suite.

    Raises:
        InvalidFilesError: all that is wrong with dataset, scorers and templates.
        ConfigError: code of the repository is needed and not allowed.
    """
    problems: list[Problem] = []
    dataset = attempt(problems, lambda: _dataset(project, loaded))
    where = attempt(problems, lambda: _where(loaded))
    inputs = attempt(problems, lambda: template_of(loaded, "inputs"))
    turns = attempt(problems, lambda: template_of(loaded, "turns"))
    expected = attempt(problems, lambda: template_of(loaded, "expected"))
    found = attempt(problems, lambda: scorer_plans(project, loaded, run_local_code=selection.run_local_code))
    shown = attempt(problems, lambda: with_examples(project, loaded, found or ()))
    trusted = attempt(problems, lambda: with_trust(project, loaded, shown or (), selection.today))
    if problems or dataset is None or trusted is None:
        raise InvalidFilesError(problems)
    source, digest = dataset
    plan = SuitePlan(
        name=loaded.name,
        suite=loaded.suite,
        where=Location(str(loaded.path)),
        cases=partial(_cases, project, source, loaded.suite.dataset_ref, where, selection.limit),
        scorers=trusted,
        dataset_digest=digest,
        digest_now=partial(dataset_digest, project.tree, source),
        inputs=inputs,
        turns=turns,
        expected=expected,
    )
    _check_golden(plan, loaded)
    return with_advisory_metrics(project, plan)


def _check_golden(plan: SuitePlan, loaded: LoadedSuite) -> None:
    """Raises InvalidFilesError where each case is a requirement, and one number of all of them gates."""
    scorer = next((each for each in plan.scorers if each.name == plan.primary), None)
    if plan.suite.kind == "golden" and scorer is not None and scorer.statistic is not None:
        message = f"a golden suite gates case by case, and `{plan.primary}` is a metric of the whole suite"
        hint = "name a scorer of each case as `primary`, such as `classification`"
        raise InvalidFilesError.single(loaded.where("kind"), "invalid-value", message, hint)


def _dataset(project: Project, loaded: LoadedSuite) -> tuple[DatasetSource, str]:
    source = find_dataset(project, loaded)
    digest = dataset_digest(project.tree, source)
    if loaded.suite.dataset_ref.sha256 not in (None, digest):
        raise _changed_dataset(project, loaded, source)
    return source, digest


def _where(loaded: LoadedSuite) -> Expression | None:
    text = loaded.suite.dataset_ref.where
    return Expression.compile(text, loaded.where("dataset", "where")) if text else None


def _cases(
    project: Project, source: DatasetSource, ref: DatasetRef, where: Expression | None, limit: int | None
) -> Iterator[Case]:
    cases = read_cases(project.tree, source)
    return islice(select(cases, where, ref.sample, ref.seed), limit)


def template_of(loaded: LoadedSuite, key: str) -> ValueTemplate | None:
    """The suite's `inputs`, `turns` or `expected`, compiled; raises InvalidFilesError."""
    value = getattr(loaded.suite, key)
    return None if value is None else ValueTemplate.compile(value, loaded.where(key))


def _changed_dataset(project: Project, loaded: LoadedSuite, source: DatasetSource) -> InvalidFilesError:
    where = loaded.where("dataset", "sha256")
    message = f"{source} is not the dataset that `sha256` names{changed_since_lock(project, loaded, source)}"
    hint = f"if the change is meant, run `promptops dataset lock {loaded.name}`"
    return InvalidFilesError.single(where, "dataset-changed", message, hint)
