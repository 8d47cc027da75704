"""From suite files to cells that can be run: everything named in them is found, built and checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TypeVar

from promptops import registry
from promptops.commands.dataset import changed_since_lock, find_dataset
from promptops.commands.local_code import require_local_code
from promptops.commands.project import Project
from promptops.commands.prompts import effective_prompt, renderer_for, require_prompt
from promptops.commands.suites import load_all, selected_names
from promptops.engine.answer import check as check_answer
from promptops.engine.plan import Cell, ScorerPlan, SuitePlan, check, select
from promptops.errors import InvalidFilesError, Location, Problem
from promptops.files.config import FILE
from promptops.files.dataset import dataset_digest, read_cases
from promptops.files.suite import LoadedSuite, scorer_parts, target_parts
from promptops.files.tree import missing_file, resolve_reference
from promptops.model.prompt import Prompt
from promptops.model.record import JsonValue
from promptops.model.suite import AnswerSteps, Case
from promptops.plugin import DatasetFormat, Scorer, Target
from promptops.render.expression import Expression, ValueTemplate

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Limits of one run that no file knows."""

    limit: int | None = None
    run_local_code: bool = True
    """False when files are only checked: nothing of the repository is executed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedSuite:
    """A suite that is ready to run, with the number of calls of each cell."""

    loaded: LoadedSuite
    cells: tuple[Cell, ...]
    totals: tuple[int, ...]


def prepare_all(project: Project, patterns: Sequence[str], selection: Selection) -> list[PreparedSuite]:
    """The selected suites, ready to run.

    Raises:
        InvalidFilesError: every problem of every suite.
    """
    problems: list[Problem] = []
    prepared: list[PreparedSuite] = []
    for each in load_all(project, selected_names(project, patterns)):
        if isinstance(each, Problem):
            problems.append(each)
            continue
        try:
            cells = prepare(project, each, selection)
            prepared.append(
                PreparedSuite(loaded=each, cells=cells, totals=tuple(check(cell) for cell in cells))
            )
        except InvalidFilesError as error:
            problems += error.problems
    if problems:
        raise InvalidFilesError(dict.fromkeys(problems))
    return prepared


def prepare(project: Project, loaded: LoadedSuite, selection: Selection) -> tuple[Cell, ...]:
    """The cells of a suite's grid, prompts first.

    Raises:
        InvalidFilesError: all that is wrong with the suite and what it names.
        ConfigError: code of the repository is needed and not allowed.
    """
    problems: list[Problem] = []
    target = _attempt(problems, lambda: _target(loaded))
    needs_prompt = target is not None and target.needs_prompt
    prompts = _attempt(problems, lambda: _prompts(project, loaded) if needs_prompt else [])
    plan = _attempt(problems, lambda: _plan(project, loaded, selection))
    if plan is None or target is None or prompts is None:
        raise InvalidFilesError(problems)
    return tuple(_grid(project, loaded, plan, target, prompts))


def _target(loaded: LoadedSuite) -> Target:
    type_, written = target_parts(loaded.suite.target)
    target_class = registry.plugin("targets", type_, loaded.where("target"))
    inner = isinstance(written, dict)
    keys = ("target", type_) if isinstance(loaded.suite.target, dict) else ("target",)
    options = written if inner else {target_class.shorthand: written}
    target: Target = registry.build(target_class, options, loaded.document, keys)
    return target


def _attempt(problems: list[Problem], make: Callable[[], T]) -> T | None:
    """A part of a suite; None where it is wrong, so that the other parts are checked as well."""
    try:
        return make()
    except InvalidFilesError as error:
        problems += error.problems
        return None


def _plan(project: Project, loaded: LoadedSuite, selection: Selection) -> SuitePlan:
    problems: list[Problem] = []
    dataset = _attempt(problems, lambda: _dataset(project, loaded))
    where = _attempt(problems, lambda: _where(loaded))
    inputs = _attempt(problems, lambda: _template(loaded, "inputs"))
    expected = _attempt(problems, lambda: _template(loaded, "expected"))
    scorers = _attempt(problems, lambda: tuple(_scorers(project, loaded, selection)))
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


def _template(loaded: LoadedSuite, key: str) -> ValueTemplate | None:
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


def _answer_problems(loaded: LoadedSuite, keys: tuple[str, ...], steps: AnswerSteps | None) -> list[Problem]:
    if steps is None:
        return []
    return [Problem(loaded.where(*keys), "invalid-value", message) for message in check_answer(steps)]


def _grid(
    project: Project, loaded: LoadedSuite, plan: SuitePlan, target: Target, prompts: Sequence[Prompt]
) -> Iterator[Cell]:
    type_, _ = target_parts(loaded.suite.target)
    if not target.needs_prompt:
        yield Cell(plan=plan, target_type=type_, target=target)
        return
    for prompt in prompts:
        for model in loaded.suite.models or (None,):
            effective = effective_prompt(
                prompt, project.settings, model=model, parameters=loaded.suite.parameters
            )
            renderer = renderer_for(effective, project.tree, project.settings)
            sent_to = None if type_ == "render" else renderer.model
            _check_parameters(loaded, prompt, renderer.parameters)
            yield Cell(
                plan=plan,
                target_type=type_,
                target=target,
                prompt=prompt.name,
                model=sent_to,
                renderer=renderer,
            )


def _check_parameters(loaded: LoadedSuite, prompt: Prompt, parameters: Mapping[str, JsonValue]) -> None:
    """Raises InvalidFilesError for settings of the client among those of the model."""
    from promptops.models.chat import NOT_PARAMETERS

    def place(name: str) -> Location:
        if name in loaded.suite.parameters:
            return loaded.where("parameters", name, at_key=True)
        return Location(prompt.path if name in prompt.parameters else FILE)

    hint = "the endpoint of a provider stands in `[providers.<name>]`, time and tries in `[run]`"
    problems = [
        Problem(place(name), "not-a-parameter", f"`{name}` is no parameter of a model", hint)
        for name in parameters
        if name in NOT_PARAMETERS
    ]
    if problems:
        raise InvalidFilesError(problems)


def _prompts(project: Project, loaded: LoadedSuite) -> list[Prompt]:
    names = loaded.suite.prompt_names
    if not names:
        where = Location(str(loaded.path))
        raise InvalidFilesError.single(
            where, "missing-key", "the suite names no `prompt`", "name one, or a `target`"
        )
    problems: list[Problem] = []
    prompts: list[Prompt] = []
    for index, name in enumerate(names):
        where = loaded.where(*(("prompt",) if loaded.suite.prompt else ("prompts", index)))
        try:
            prompts.append(require_prompt(project.tree, project.config.project.prompts, name, where).prompt)
        except InvalidFilesError as error:
            problems += error.problems
    if problems:
        raise InvalidFilesError(problems)
    return prompts


def _changed_dataset(
    project: Project, loaded: LoadedSuite, path: PurePosixPath, format_: DatasetFormat
) -> InvalidFilesError:
    where = loaded.where("dataset", "sha256")
    message = (
        f"`{path}` is not the dataset that `sha256` names{changed_since_lock(project, loaded, path, format_)}"
    )
    hint = f"if the change is meant, run `promptops dataset lock {loaded.name}`"
    return InvalidFilesError.single(where, "dataset-changed", message, hint)
