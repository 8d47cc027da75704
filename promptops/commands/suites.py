"""Suites by name: those in files, and those that a prompt file brings along."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from promptops.commands.project import Project
from promptops.commands.prompts import require_prompt
from promptops.errors import InvalidFilesError, NothingSelectedError, Problem, did_you_mean
from promptops.files.codec import encode
from promptops.files.github_prompt import implied_suite
from promptops.files.prompt import prompt_files
from promptops.files.suite import LoadedSuite, load_suite, suite_files
from promptops.files.tree import read_file

TESTS_KEY = b"testData"


def suite_names(project: Project) -> dict[str, PurePosixPath]:
    """Every suite and the file that holds it; a suite file wins over a prompt's own tests."""
    prompts, evals = project.config.project.prompts, project.config.project.evals
    implied = {
        name: path
        for name, path in prompt_files(project.tree, prompts)
        if TESTS_KEY in read_file(project.tree, path)
    }
    return {**implied, **dict(suite_files(project.tree, evals))}


def selected_names(project: Project, patterns: Sequence[str]) -> dict[str, PurePosixPath]:
    """The suites that fit any of the names or globs; all where none are given.

    Raises:
        NothingSelectedError: there are no suites, or a pattern fits none.
    """
    known = suite_names(project)
    if not known:
        evals = project.config.project.evals
        raise NothingSelectedError(
            f"there are no suites in `{evals}/`", hint="`promptops init` makes a first one"
        )
    return {name: known[name] for name in fitting(known, patterns)}


def fitting(names: Collection[str], patterns: Sequence[str]) -> list[str]:
    """Those of some suites that fit any of the names or globs; all where none are given.

    Raises:
        NothingSelectedError: a pattern fits none.
    """
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            hint = did_you_mean(pattern, names) or f"the suites are {', '.join(sorted(names))}"
            raise NothingSelectedError(f"no suite is called `{pattern}`", hint=hint)
    return [name for name in names if not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)]


def load_named(project: Project, name: str, path: PurePosixPath) -> LoadedSuite | None:
    """The suite of a file; None for a prompt whose tests have no counterpart here.

    Raises:
        InvalidFilesError: the file is wrong.
    """
    prompts = project.config.project.prompts
    if not path.is_relative_to(prompts):
        return load_suite(project.tree, path)
    loaded = require_prompt(project.tree, prompts, name)
    suite, _ = implied_suite(loaded)
    if suite is None:
        return None
    # Parts of the suite stand in no file; their problems point at the prompt.
    document = replace(loaded.document, data=encode(suite))
    return LoadedSuite(name=name, path=path, suite=suite, document=document)


def load_all(project: Project, names: dict[str, PurePosixPath]) -> Iterator[LoadedSuite | Problem]:
    """Each suite, or the problems of its file."""
    for name, path in names.items():
        try:
            suite = load_named(project, name, path)
        except InvalidFilesError as error:
            yield from error.problems
        else:
            if suite is not None:
                yield suite


def named_suite(project: Project, name: str) -> LoadedSuite:
    """The suite of that name; raises NothingSelectedError."""
    known = suite_names(project)
    loaded = load_named(project, name, known[name]) if name in known else None
    if loaded is None:
        hint = did_you_mean(name, known) or f"the suites are {', '.join(sorted(known)) or 'none'}"
        raise NothingSelectedError(f"no suite is called `{name}`", hint=hint)
    return loaded
