"""A run on disk: every result is written as it arrives, the summary at the end."""

from __future__ import annotations

import json
import shutil
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO, TypeVar

from promptops.errors import InvalidFilesError, Location, NothingSelectedError, ProjectError
from promptops.files.codec import decode_value, encode, to_json
from promptops.files.state_folder import make_state_folder
from promptops.files.whole import replace_whole
from promptops.model.diff import Comparison
from promptops.model.record import JsonValue, Record
from promptops.model.result import CaseAnswered, CaseErrored, CaseResult, CaseScored, RunResult
from promptops.runs.lock import try_lock
from promptops.runs.unfinished import COMPARISON, RESULTS, SUMMARY, UnfinishedRun, is_finished

T = TypeVar("T", bound=Record)
FORMAT = 1
PLAN = "plan.json"
KINDS: Mapping[type[CaseResult | CaseAnswered], str] = {
    CaseScored: "scored",
    CaseErrored: "errored",
    CaseAnswered: "answered",
}
RESULT_KINDS: Mapping[str, type[CaseResult]] = {
    KINDS[CaseScored]: CaseScored,
    KINDS[CaseErrored]: CaseErrored,
}

_MADE_BY: Mapping[str, tuple[str, str, str]] = {
    SUMMARY: ("eval", "run", "`promptops runs` lists them"),
    COMPARISON: ("diff", "comparison", ""),
}
"""The verb that makes a file of that name, what it tells of, and where such are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan(Record):
    """What a run is about to do, so that another one can go on with it if it is killed.

    `cells` are digests of all that decides a cell's answers, in the order of the results' cell numbers;
    `versions` name the prompts that answer, or what else does.
    """

    started_at: datetime
    cells: tuple[str, ...]
    versions: tuple[str, ...] = ()
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class RunStore:
    """The runs of a project, below its local state folder."""

    state_folder: Path

    @property
    def folder(self) -> Path:
        """Where the runs are."""
        return self.state_folder / "runs"

    def create(self, plan: RunPlan, salt: str) -> RunJournal:
        """A new run; ids sort by time.

        Raises:
            ProjectError: the folder cannot be written.
        """
        run_id = f"{plan.started_at:%Y%m%d-%H%M%S}-{salt}"
        folder = self.folder / run_id
        make_state_folder(self.state_folder)
        try:
            folder.mkdir(parents=True)
            stream = (folder / RESULTS).open("w", encoding="utf-8")
            try_lock(stream)
            header = {
                "format": FORMAT,
                "cells": plan.cells,
                "versions": plan.versions,
                "fresh": plan.fresh,
            }
            (folder / PLAN).write_text(json.dumps(header) + "\n", encoding="utf-8")
        except OSError as error:
            hint = "make it writable, or name another folder in `PROMPTOPS_HOME`"
            raise ProjectError(
                f"cannot write to `{self.state_folder}`: {error.strerror}", hint=hint
            ) from None
        return RunJournal(run_id, folder, stream)

    def unfinished(self, *, fresh: bool) -> Iterator[UnfinishedRun]:
        """The runs that were killed or stopped, oldest first; those still running are left alone.

        A run that wants fresh answers takes none from one that did not.
        """
        for plan in sorted(self.folder.glob(f"*/{PLAN}")) if self.folder.is_dir() else ():
            if is_finished(plan.parent):
                continue
            header = _json_object(plan)
            cells = header.get("cells")
            if (
                header.get("format") == FORMAT
                and isinstance(cells, list)
                and header.get("fresh") in (True, fresh)
            ):
                run = UnfinishedRun.take(plan.parent, cells)
                if run is not None:
                    yield run

    def rewrite(self, run_id: str, outcome: Record, name: str) -> None:
        """Replaces what came of a run, when another run has told more; a run that left nothing has none."""
        folder = self.folder / run_id
        if is_finished(folder):
            _write_outcome(folder, outcome, name)

    def ids(self, name: str = SUMMARY) -> list[str]:
        """Every complete run that wrote what came of it into a file of that name, newest first."""
        if not self.folder.is_dir():
            return []
        return sorted((path.parent.name for path in self.folder.glob(f"*/{name}")), reverse=True)

    def load(self, run_id: str) -> RunResult:
        """A run's summary; the beginning of an id is enough, and `latest` is the newest.

        Raises:
            NothingSelectedError: there is no such run, or more than one.
            ProjectError: its files are damaged.
        """
        return self._outcome(RunResult, self.find(run_id), SUMMARY)

    def load_comparison(self, run_id: str) -> Comparison:
        """What `diff` or `gate` found out in a run; the beginning of an id is enough, `latest` is the newest.

        Raises:
            NothingSelectedError: no such run compared anything, or more than one did.
            ProjectError: its files are damaged.
        """
        return self._outcome(Comparison, self.find(run_id, COMPARISON), COMPARISON)

    def _outcome(self, kind: type[T], run_id: str, name: str) -> T:
        document = _json_object(self.folder / run_id / name)
        if document.get("format", FORMAT) != FORMAT:
            raise ProjectError(f"run `{run_id}` was written by another version of promptops")
        try:
            return decode_value(kind, document["run"], Location(run_id))
        except (KeyError, InvalidFilesError):
            raise self._damaged(run_id) from None

    def results(
        self, run_id: str, only: Container[tuple[int, str]] | None = None
    ) -> Iterator[tuple[int, CaseResult]]:
        """The case results of a run with the index of their cell, as they were written.

        Args:
            run_id: a run or a comparison.
            only: the cells and cases that are wanted; all when None.
        """
        if not is_finished(self.folder / run_id):
            run_id = self.find(run_id)
        try:
            with (self.folder / run_id / RESULTS).open(encoding="utf-8") as lines:
                for line in lines:
                    row = json.loads(line)
                    kind = RESULT_KINDS.get(row["kind"])
                    if kind is not None and (only is None or (row["cell"], row["result"]["case_id"]) in only):
                        yield row["cell"], decode_value(kind, row["result"], Location(run_id))
        except (OSError, ValueError, LookupError, TypeError, InvalidFilesError):
            raise self._damaged(run_id) from None

    def versions(self, run_id: str) -> tuple[str, ...]:
        """What names the prompt of each cell of a run, or whatever else answered; none of a run that did not tell."""
        versions = _json_object(self.folder / run_id / PLAN).get("versions")
        return tuple(map(str, versions)) if isinstance(versions, list) else ()

    def find(self, run_id: str, name: str = SUMMARY) -> str:
        """The full id that `latest` or the beginning of an id means, among the runs that have such a file."""
        known = self.ids(name)
        made_by, noun, listed = _MADE_BY[name]
        if not known:
            raise NothingSelectedError(
                f"there are no {noun}s yet", hint=f"`promptops {made_by}` makes the first"
            )
        matches = known[:1] if run_id == "latest" else [each for each in known if each.startswith(run_id)]
        if len(matches) != 1 or (run_id != "latest" and not run_id):
            reason = f"fits several {noun}s" if matches else f"fits no {noun}"
            raise NothingSelectedError(f"`{run_id}` {reason}", hint=listed or f"the newest is `{known[0]}`")
        return matches[0]

    def _damaged(self, run_id: str) -> ProjectError:
        return ProjectError(
            f"the record of run `{run_id}` is damaged", hint=f"delete the folder `{self.folder / run_id}`"
        )


class RunJournal:
    """One run being written. A run in which nothing was answered leaves nothing behind."""

    def __init__(self, run_id: str, folder: Path, stream: TextIO) -> None:
        self.run_id = run_id
        self._folder = folder
        self._stream = stream
        self._answers = 0

    def add(self, cell: int, result: CaseResult | CaseAnswered) -> None:
        """Writes one result, or an answer that waits for one; the system has it when this returns."""
        self._answers += not isinstance(result, CaseErrored)
        row = {"cell": cell, "kind": KINDS[type(result)], "result": result}
        self._stream.write(to_json(row) + "\n")
        self._stream.flush()

    def finish(self, outcome: Record, name: str) -> None:
        """Writes what came of the run into a file of that name, whole or not at all."""
        _write_outcome(self._folder, outcome, name)

    def forget(self) -> None:
        """Nothing of what was written counts: no later run is to go on with it."""
        self._answers = 0

    def close(self) -> None:
        """Lets go of the files; what is not finished stays for a later run, if it holds an answer."""
        self._stream.close()
        if not self._answers and not is_finished(self._folder):
            shutil.rmtree(self._folder, ignore_errors=True)


def _write_outcome(folder: Path, outcome: Record, name: str) -> None:
    text = json.dumps({"format": FORMAT, "run": encode(outcome)}, indent=1)
    replace_whole(folder / name, text + "\n")


def _json_object(path: Path) -> Mapping[str, JsonValue]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
