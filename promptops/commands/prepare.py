"""From suite files to cells that can be run: everything named in them is found, built and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from promptops.commands.attempt import attempt
from promptops.commands.grid import grid, prompts_of, target_of
from promptops.commands.project import Project
from promptops.commands.suite_plan import Selection, plan_suite
from promptops.commands.suites import load_all, selected_names
from promptops.engine.plan import Cell, check
from promptops.errors import InvalidFilesError, Problem
from promptops.files.suite import LoadedSuite
from promptops.model.result import UnchangedSuite


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedCell:
    """A cell that is ready to run: how many calls it makes, and where it comes from.

    Where its retriever, or its scorers, are the other side's, `retriever_from` and `scorers_from` are cells that these
    belong to.
    """

    cell: Cell
    total: int
    project: Project
    loaded: LoadedSuite
    retriever_from: PreparedCell | None = None
    scorers_from: PreparedCell | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedSuite:
    """Cells over the same cases, which run side by side."""

    cells: tuple[PreparedCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is to be run, of which project, and which suites are left out."""

    project: Project
    suites: Sequence[PreparedSuite]
    unchanged: tuple[UnchangedSuite, ...] = ()


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
            prepared.append(prepared_suite(project, each, selection))
        except InvalidFilesError as error:
            problems += error.problems
    if problems:
        raise InvalidFilesError(dict.fromkeys(problems))
    return prepared


def several_runs(suites: Sequence[PreparedSuite], runs: int) -> list[PreparedSuite]:
    """Each cell so many times, for independent sets of answers that are asked for side by side."""
    return [
        PreparedSuite(
            cells=tuple(
                replace(each, cell=replace(each.cell, run=run)) for each in suite.cells for run in range(runs)
            )
        )
        for suite in suites
    ]


def prepared_suite(project: Project, loaded: LoadedSuite, selection: Selection) -> PreparedSuite:
    """A suite whose every call was prepared once; raises as `prepare` does."""
    return PreparedSuite(
        cells=tuple(
            PreparedCell(cell=cell, total=check(cell), project=project, loaded=loaded)
            for cell in prepare(project, loaded, selection)
        )
    )


def prepare(project: Project, loaded: LoadedSuite, selection: Selection) -> tuple[Cell, ...]:
    """The cells of a suite's grid, prompts first.

    Raises:
        InvalidFilesError: all that is wrong with the suite and what it names.
        ConfigError: code of the repository is needed and not allowed.
    """
    problems: list[Problem] = []
    target = attempt(problems, lambda: target_of(loaded))
    needs_prompt = target is not None and target.needs_prompt
    prompts = attempt(problems, lambda: prompts_of(project, loaded) if needs_prompt else [])
    plan = attempt(problems, lambda: plan_suite(project, loaded, selection))
    if plan is None or target is None or prompts is None:
        raise InvalidFilesError(problems)
    return tuple(grid(project, loaded, plan, target, prompts))
