"""`promptops list` and `show`: what a project has, and what promptops offers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from promptops import registry
from promptops.commands.project import Project
from promptops.commands.prompts import require_prompt
from promptops.commands.suites import load_named, suite_names
from promptops.errors import InvalidFilesError, Location, NothingSelectedError, did_you_mean
from promptops.files.prompt import prompt_files
from promptops.files.suite import target_parts
from promptops.files.tree import read_file
from promptops.judges import ready_made
from promptops.model.catalog import Entry, Shown
from promptops.model.prompt import model_label

PLUGIN_KINDS = {"scorer": "scorers", "target": "targets", "dataset format": "datasets"}
JUDGE = "judge"


def catalog(project: Project) -> Iterator[Entry]:
    """Everything, prompts and suites first. A file that cannot be read is listed with what is wrong."""
    folder = project.config.project.prompts
    for name, path in prompt_files(project.tree, folder):
        yield Entry(kind="prompt", name=name, summary=_prompt_summary(project, name), path=str(path))
    for name, path in suite_names(project).items():
        yield Entry(kind="suite", name=name, summary=_suite_summary(project, name), path=str(path))
    for kind, family in PLUGIN_KINDS.items():
        for name in registry.names(family):
            plugin = registry.plugin(family, name, Location(name))
            yield Entry(kind=kind, name=name, summary=registry.description(plugin))
    for name in ready_made.names():
        yield Entry(kind=JUDGE, name=name, summary=ready_made.summary(name))


def show(project: Project, name: str) -> list[Shown]:
    """The prompts, suites and plugins of one name, each in full: a prompt and its suite often share one.

    Raises:
        NothingSelectedError: nothing has that name.
    """
    entries = list(catalog(project))
    matches = [entry for entry in entries if entry.name == name]
    if not matches:
        known = {entry.name for entry in entries}
        raise NothingSelectedError(
            f"there is nothing called `{name}`", hint=did_you_mean(name, known) or "see `promptops list`"
        )
    return [_shown(project, entry) for entry in matches]


def _shown(project: Project, entry: Entry) -> Shown:
    if entry.path is not None:
        content = read_file(project.tree, PurePosixPath(entry.path))
        return Shown(entry=entry, text=content.decode("utf-8", "replace"))
    if entry.kind == JUDGE:
        return Shown(entry=entry, text=ready_made.text(entry.name))
    plugin = registry.plugin(PLUGIN_KINDS[entry.kind], entry.name, Location(entry.name))
    return Shown(entry=entry, text=registry.documentation(plugin))


def _prompt_summary(project: Project, name: str) -> str:
    try:
        prompt = require_prompt(project.tree, project.config.project.prompts, name).prompt
    except InvalidFilesError as error:
        return f"cannot be read: {error.problems[0].message}"
    model = model_label(prompt.model or project.config.defaults.model)
    return f"{model} · {prompt.description}" if prompt.description else model


def _suite_summary(project: Project, name: str) -> str:
    try:
        loaded = load_named(project, name, suite_names(project)[name])
    except InvalidFilesError as error:
        return f"cannot be read: {error.problems[0].message}"
    if loaded is None:
        return "its tests have no counterpart here"
    suite = loaded.suite
    what = ", ".join(suite.prompt_names) or target_parts(suite.target)[0]
    scorers = ", ".join(suite.scorers)
    return f"{what} · {scorers} · {suite.description}" if suite.description else f"{what} · {scorers}"
