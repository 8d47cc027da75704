"""The ruler of a suite: its cases and scorers, found, built and checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath

from promptops import registry
from promptops.commands.attempt import attempt
from promptops.commands.dataset import changed_since_lock, find_dataset
from promptops.commands.local_code import require_local_code
from promptops.commands.project import Project
from promptops.engine.answer import check as check_answer
from promptops.engine.plan import ScorerPlan, SuitePlan, select
from promptops.errors import InvalidFilesError, Location, Problem
from promptops.files.dataset import dataset_digest, read_cases
from promptops.files.suite import LoadedSuite, scorer_parts
from promptops.files.tree import missing_file, resolve_reference
from promptops.model.record import JsonValue
from promptops.model.suite import AnswerSteps, Case
from promptops.plugin import DatasetFormat, Scorer
from promptops.render.expression import Expression, ValueTemplate


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Limits of one run that no file knows."""

    limit: int | None = None
    run_local_code: bool = True
    """False when files are only checked: nothing of the repository is executed."""


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
    expected = attempt(problems, lambda: template_of(loaded, "expected"))
    scorers = attempt(problems, lambda: tuple(_scorers(project, loaded, selection)))
    if problems or dataset is None or scorers is None:
        raise InvalidFilesError(problems)
    path, format_, digest = dataset
    return SuitePlan(
        name=loaded.name,
        suite=loaded.suite,
        where=Location(str(loaded.path)),
        cases=partial(_cases, project, path, format_, loaded, where, selection.limit),
        scorers=scorers,
        dataset_digest=digest,
        digest_now=partial(dataset_digest, project.tree, path),
        inputs=inputs,
        expected=expected,
    )


def _dataset(project: Project, loaded: LoadedSuite) -> tuple[PurePosixPath, DatasetFormat, str]:
    path, format_ = find_dataset(project, loaded)
    digest = dataset_digest(project.tree, path)
    if loaded.suite.dataset_ref.sha256 not in (None, digest):
        raise _changed_dataset(project, loaded, path, format_)
    return path, format_, digest


def _where(loaded: LoadedSuite) -> Expression | None:
    text = loaded.suite.dataset_ref.where
    return Expression.compile(text, loaded.where("dataset", "where")) if text else None


def _cases(
    project: Project,
    path: PurePosixPath,
    format_: DatasetFormat,
    loaded: LoadedSuite,
    where: Expression | None,
    limit: int | None,
) -> Iterator[Case]:
    ref = loaded.suite.dataset_ref
    cases = read_cases(project.tree, path, format_, id_field=ref.id)
    return islice(select(cases, where, ref.sample, ref.seed), limit)


def template_of(loaded: LoadedSuite, key: str) -> ValueTemplate | None:
    """The suite's `inputs` or `expected`, compiled; raises InvalidFilesError."""
    value = getattr(loaded.suite, key)
    return None if value is None else ValueTemplate.compile(value, loaded.where(key))


def _scorers(project: Project, loaded: LoadedSuite, selection: Selection) -> Iterator[ScorerPlan]:
    problems: list[Problem] = []
    for name in loaded.suite.scorers:
        try:
            yield _scorer(project, loaded, name, selection)
        except InvalidFilesError as error:
            problems += error.problems
    if loaded.suite.answer is not None:
        problems += _answer_problems(loaded, ("answer",), loaded.suite.answer)
    if problems:
        raise InvalidFilesError(problems)


def _scorer(project: Project, loaded: LoadedSuite, name: str, selection: Selection) -> ScorerPlan:
    common, options = scorer_parts(loaded, name)
    at_type = loaded.where("scorers", name, "type")
    plugin = _scorer_class(project, loaded, common.type, at_type, selection)
    scorer: Scorer = registry.build(plugin, options, loaded.document, ("scorers", name))
    if selection.run_local_code and hasattr(scorer, "prepare"):
        scorer.prepare(str(project.root))
    problems = _answer_problems(loaded, ("scorers", name, "answer"), common.answer)
    if problems:
        raise InvalidFilesError(problems)
    expected = common.expected
    return ScorerPlan(
        name=name,
        type=common.type,
        scorer=scorer,
        options=options,
        negate=common.negate,
        threshold=common.threshold,
        weight=common.weight,
        answer=common.answer,
        expected=ValueTemplate.compile(expected, loaded.where("scorers", name, "expected"))
        if expected is not None
        else None,
        code=_code_of(project, loaded, common.type, options),
    )


def _scorer_class(
    project: Project, loaded: LoadedSuite, type_: str, where: Location, selection: Selection
) -> type[Scorer]:
    if "/" not in type_:
        plugin = registry.plugin("scorers", type_, where)
        if getattr(plugin, "runs_local_code", False) and selection.run_local_code:
            require_local_code(project, f"scorer `{type_}`", where)
        return plugin
    path = resolve_reference(loaded.path, type_, where)
    if not project.tree.is_file(path):
        raise missing_file(project.tree, path, where)
    require_local_code(project, f"scorer `{type_}`", where)
    return registry.load_local(Path(project.root / path), where)


def _code_of(
    project: Project, loaded: LoadedSuite, type_: str, options: Mapping[str, JsonValue]
) -> str | None:
    """The digest of the file in which a scorer of the repository stands; what that imports is not in it."""
    if "/" in type_:
        candidates = [resolve_reference(loaded.path, type_, loaded.where("scorers"))]
    elif type_ == "python":
        module = str(options.get("function", "")).rpartition(":")[0]
        folder = PurePosixPath(*module.split("."))
        candidates = [PurePosixPath(module), folder.with_suffix(".py"), folder / "__init__.py"]
    else:
        return None
    path = next((each for each in candidates if project.tree.is_file(each)), None)
    return None if path is None else dataset_digest(project.tree, path)


def _answer_problems(loaded: LoadedSuite, keys: tuple[str, ...], steps: AnswerSteps | None) -> list[Problem]:
    if steps is None:
        return []
    return [Problem(loaded.where(*keys), "invalid-value", message) for message in check_answer(steps)]


def _changed_dataset(
    project: Project, loaded: LoadedSuite, path: PurePosixPath, format_: DatasetFormat
) -> InvalidFilesError:
    where = loaded.where("dataset", "sha256")
    message = (
        f"`{path}` is not the dataset that `sha256` names{changed_since_lock(project, loaded, path, format_)}"
    )
    hint = f"if the change is meant, run `promptops dataset lock {loaded.name}`"
    return InvalidFilesError.single(where, "dataset-changed", message, hint)
