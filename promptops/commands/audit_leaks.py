"""Cases that stand in other datasets too, or among the examples of a prompt."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath

from promptops.commands.dataset import find_dataset, format_of
from promptops.commands.project import Project
from promptops.commands.prompts import require_prompt
from promptops.commands.suites import load_all, suite_names
from promptops.engine.case_text import ComparedCase, NearCases, Questions, where_they_differ
from promptops.engine.references import answers_to
from promptops.errors import InvalidFilesError, Problem
from promptops.files.dataset import DatasetSource, read_rows
from promptops.files.prompt import prompt_files
from promptops.files.suite import LoadedSuite, suite_files, target_parts
from promptops.files.tree import resolve_reference
from promptops.model.audit import Finding, FindingKind

MOST_PAIRS = 10_000
"""Of so many near pairs no more are looked for: then nearly every case is near another one."""
EXPECTED = "expected"


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherCases:
    """What stands in one other place: a dataset, or the examples of a prompt.

    `prompt` is whose examples they are. `evaluated` says whether a suite evaluates them.
    """

    where: str
    path: PurePosixPath
    cases: tuple[ComparedCase, ...]
    prompt: str | None = None
    evaluated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPlaces:
    """All places where cases of a suite may stand too, and which files could not be read."""

    places: tuple[OtherCases, ...]
    unread: tuple[str, ...]


def other_places(project: Project) -> OtherPlaces:
    """Every dataset of the repository, and every prompt's examples.

    Datasets are those that a suite names, and what lies beside them.
    """
    suites: list[LoadedSuite] = []
    problems: list[Problem] = []
    for each in load_all(project, suite_names(project)):
        if isinstance(each, Problem):
            problems.append(each)
        else:
            suites.append(each)
    named = dict(_named(project, suites))
    places: list[OtherCases] = []
    for path, source in sorted({**dict(_beside(project, suites, named)), **named}.items()):
        try:
            places.append(_dataset(project, source, evaluated=path in named))
        except InvalidFilesError as error:
            problems += error.problems
    unread = {each.where.path: f"not looked at: {each.where}: {each.message}" for each in reversed(problems)}
    return OtherPlaces(places=(*places, *_examples(project)), unread=tuple(unread.values()))


def _named(project: Project, suites: Iterable[LoadedSuite]) -> Iterator[tuple[PurePosixPath, DatasetSource]]:
    for loaded in suites:
        try:
            source = find_dataset(project, loaded)
        except InvalidFilesError:
            continue
        yield source.path, source


def _beside(
    project: Project, suites: Sequence[LoadedSuite], named: Mapping[PurePosixPath, DatasetSource]
) -> Iterator[tuple[PurePosixPath, DatasetSource]]:
    """Files of a dataset's form in the folders of datasets; of folders in `evals/` also those further down."""
    settings = project.config.project
    evals, prompts = PurePosixPath(settings.evals), PurePosixPath(settings.prompts)
    known = {path for _, path in suite_files(project.tree, settings.evals)}
    known.update(path for loaded in suites for path in _outputs(loaded))
    known.update(path for source in named.values() for path in source.paths)
    folders = {path.parent for path in named}
    deep = [folder for folder in folders if folder.is_relative_to(evals) and folder != evals]
    for folder in folders:
        for path in project.tree.files(folder) if not folder.is_relative_to(prompts) else ():
            inside = path.parent == folder or any(path.is_relative_to(each) for each in deep)
            hidden = any(part.startswith(".") for part in path.parts)
            format_ = format_of(path)
            if inside and not hidden and path not in known and format_ is not None:
                yield path, DatasetSource(path=path, format_=format_)


def _outputs(loaded: LoadedSuite) -> Iterator[PurePosixPath]:
    """The recorded outputs of a suite, which may hold what was asked."""
    for written in (loaded.suite.target, loaded.suite.retriever):
        type_, options = target_parts(written)
        path = options.get("path") if isinstance(options, Mapping) else options
        if type_ == "recorded" and isinstance(path, str):
            try:
                yield resolve_reference(loaded.path, path, loaded.where("target"))
            except InvalidFilesError:
                continue


def _dataset(project: Project, source: DatasetSource, *, evaluated: bool) -> OtherCases:
    rows = read_rows(project.tree, source)
    return OtherCases(
        where=f"`{source.path}`",
        path=source.path,
        cases=tuple(
            ComparedCase.of_row(row.id, row.fields, answers_to(row.fields.get(EXPECTED))) for row in rows
        ),
        evaluated=evaluated,
    )


def _examples(project: Project) -> Iterator[OtherCases]:
    folder = project.config.project.prompts
    for name, path in prompt_files(project.tree, folder):
        try:
            prompt = require_prompt(project.tree, folder, name).prompt
        except InvalidFilesError:
            continue
        if prompt.examples:
            yield OtherCases(
                where=f"the examples of prompt `{name}`",
                path=path,
                cases=tuple(
                    ComparedCase.of_inputs(str(each.origin.start), each.input, answers_to(each.output))
                    for each in prompt.examples
                ),
                prompt=name,
            )


def leaks(
    questions: Questions, own: PurePosixPath, prompts: Collection[str], others: Iterable[OtherCases]
) -> tuple[list[Finding], list[str]]:
    """Cases that stand elsewhere too, the same or nearly so, and where the search for near ones was given up.

    Those of the suite's own dataset are no leaks; of a suite of prompts only their own examples count.
    """
    findings: list[Finding] = []
    given_up: list[str] = []
    for other in others:
        is_own = other.path == own if other.prompt is None else prompts and other.prompt not in prompts
        if not is_own:
            theirs = Questions(other.cases, main=questions.main, evaluated=other.evaluated)
            same = list(_same(theirs, questions, other.where))
            near = list(islice(questions.near_in(theirs), MOST_PAIRS))
            leaked = {finding.cases[0] for finding in same}
            findings += [*same, *_near(near, leaked, theirs, questions, other.where)]
            given_up += [f"in {other.where}"] if len(near) == MOST_PAIRS else []
    return findings, given_up


def _same(theirs: Questions, questions: Questions, where: str) -> Iterator[Finding]:
    for case, found in questions.same_in(theirs):
        yield Finding(
            kind=FindingKind.LEAK,
            cases=(case.id,),
            text=questions.shown(case),
            where=where,
            other=found.id,
        )


def _near(
    pairs: Iterable[NearCases], leaked: Collection[str], theirs: Questions, questions: Questions, where: str
) -> Iterator[Finding]:
    """Of each case the nearest one, unless the very same is there too."""
    nearest: dict[str, NearCases] = {}
    for pair in pairs:
        best = nearest.get(pair.one.id)
        if pair.one.id not in leaked and (best is None or pair.similarity > best.similarity):
            nearest[pair.one.id] = pair
    for pair in sorted(nearest.values(), key=lambda each: -each.similarity):
        text, other_text = where_they_differ(questions.text(pair.one), theirs.text(pair.other))
        yield Finding(
            kind=FindingKind.NEAR_LEAK,
            cases=(pair.one.id,),
            text=text,
            where=where,
            other=pair.other.id,
            other_text=other_text,
            similarity=pair.similarity,
        )
