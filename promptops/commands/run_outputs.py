"""What was answered in past runs: outputs of a suite, drawn at random from several versions of its prompt."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from promptops.commands.project import Project
from promptops.engine.label_draw import rank
from promptops.errors import NothingSelectedError
from promptops.model.result import CaseScored, Completion
from promptops.runs.journal import RunStore
from promptops.runs.unfinished import COMPARISON, SUMMARY

ENOUGH_VERSIONS = 2
MOST_RUNS = 20


@dataclass(frozen=True, slots=True)
class RunOutput:
    """An answer of a run; `version` names the prompt that gave it."""

    case_id: str
    version: str
    completion: Completion


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Outputs of a suite: of one run (its id, the beginning of it, or `latest`), or of the newest that tell enough.

    `most` of each version are drawn, of those for which `is_new` of version and case says so.
    """

    suite: str
    run: str | None
    most: int
    is_new: Callable[[str, str], bool]


def drawn_outputs(project: Project, wanted: Wanted) -> list[RunOutput]:
    """The outputs, from as many runs as it takes to have two versions and enough outputs.

    Raises:
        NothingSelectedError: no run has any, or `run` names none.
        ProjectError: the files of a run are damaged.
    """
    store = project.runs()
    found: dict[str, list[RunOutput]] = {}
    for run_id in _runs(store, wanted.run):
        cells = dict(_cells(store, run_id, wanted.suite))
        for version in dict.fromkeys(cells.values()):
            of_version = {cell for cell, each in cells.items() if each == version}
            drawn = heapq.nsmallest(
                wanted.most, _outputs(store, run_id, of_version, version, wanted), key=lambda each: each[:2]
            )
            found.setdefault(version, []).extend(output for *_, output in drawn)
        versions = [version for version, outputs in found.items() if outputs]
        if len(versions) >= ENOUGH_VERSIONS and sum(map(len, found.values())) >= wanted.most:
            break
    if not found:
        raise NothingSelectedError(
            f"no run has outputs of `{wanted.suite}`",
            hint=f"`promptops diff {wanted.suite}` answers its cases by the prompts of both sides",
        )
    return [output for outputs in found.values() for output in outputs]


def _runs(store: RunStore, wanted: str | None) -> list[str]:
    known = sorted({*store.ids(COMPARISON), *store.ids(SUMMARY)}, reverse=True)
    if wanted is None or not known:
        return known[:MOST_RUNS]
    matches = known[:1] if wanted == "latest" else [each for each in known if each.startswith(wanted)]
    if len(matches) != 1:
        reason = "fits several runs" if matches else "fits no run"
        raise NothingSelectedError(f"`{wanted}` {reason}", hint=f"the newest is `{known[0]}`")
    return matches


def _cells(store: RunStore, run_id: str, suite: str) -> Iterator[tuple[int, str]]:
    """The cells in which the suite was answered, each with its version."""
    versions = store.versions(run_id)
    for cell in _cell_numbers(store, run_id, suite):
        yield cell, versions[cell] if cell < len(versions) else f"{run_id}/{cell}"


def _cell_numbers(store: RunStore, run_id: str, suite: str) -> list[int]:
    if run_id in store.ids(SUMMARY):
        return [number for number, each in enumerate(store.load(run_id).suites) if each.suite == suite]
    both = (
        (each.base_cell, each.head_cell)
        for each in store.load_comparison(run_id).suites
        if each.suite == suite
    )
    return [cell for cells in both for cell in cells if cell is not None]


def _outputs(
    store: RunStore, run_id: str, cells: set[int], version: str, wanted: Wanted
) -> Iterator[tuple[bytes, int, RunOutput]]:
    for number, (cell, result) in enumerate(store.results(run_id)):
        if cell in cells and isinstance(result, CaseScored) and wanted.is_new(version, result.case_id):
            place = rank(version, result.case_id, str(result.repeat))
            yield place, number, RunOutput(result.case_id, version, result.completion)
