"""`promptops render`: the messages as they would be sent; no model, no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from promptops.commands.project import Project
from promptops.commands.prompts import effective_prompt, renderer_for, require_prompt
from promptops.errors import NothingSelectedError, VcsError
from promptops.model.prompt import RenderedPrompt
from promptops.model.record import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """Which prompt, filled with what; `case` is `SUITE:ID`, `at` a commit to read from."""

    prompt: str
    values: Mapping[str, JsonValue] = field(default_factory=dict)
    case: str | None = None
    at: str | None = None


def render(project: Project, options: RenderOptions) -> RenderedPrompt:
    """The rendered prompt; values given by hand override those of the case.

    Raises:
        InvalidFilesError: no such prompt, a wrong file, or values that are missing or do not fit.
        NothingSelectedError: no such suite or case.
        VcsError: `at` is not a commit.
    """
    if options.at is not None:
        project = _at(project, options.at)
    loaded = require_prompt(project.tree, project.config.project.prompts, options.prompt)
    renderer = renderer_for(effective_prompt(loaded.prompt, project.settings), project.tree, project.settings)
    values = _case_values(project, options.case, renderer.variables) if options.case else {}
    return renderer.render({**values, **options.values})


def _at(project: Project, ref: str) -> Project:
    repository = project.repository()
    if repository is None:
        raise VcsError(
            "`--at` needs a Git repository, and there is none here", hint="run `git init`, and commit"
        )
    return replace(project, tree=repository.tree_at(ref))


def _case_values(project: Project, case: str, variables: frozenset[str]) -> Mapping[str, JsonValue]:
    from promptops.commands.prepare import prepare
    from promptops.commands.suite_plan import Selection
    from promptops.commands.suites import load_named, selected_names
    from promptops.engine.plan import first_inputs

    name, _, case_id = case.partition(":")
    ((found, path), *_) = selected_names(project, [name]).items()
    loaded = load_named(project, found, path)
    cells = prepare(project, loaded, Selection(run_local_code=False)) if loaded else ()
    for cell in cells[:1]:
        for each in cell.plan.cases():
            if each.id == case_id:
                return {key: value for key, value in first_inputs(cell, each).items() if key in variables}
    raise NothingSelectedError(f"the suite `{name}` has no case `{case_id}`")
