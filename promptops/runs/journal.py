"""A run on disk: every result is written as it arrives, the summary at the end."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from promptops.errors import Location, NothingSelectedError, ProjectError
from promptops.files.codec import decode_value, encode
from promptops.model.record import JsonValue
from promptops.model.result import CaseErrored, CaseResult, CaseScored, RunResult

FORMAT = 1
RESULTS = "results.jsonl"
SUMMARY = "run.json"
RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class RunStore:
    """The runs of a project, below its local state folder."""

    state_folder: Path

    @property
    def folder(self) -> Path:
        """Where the runs are."""
        return self.state_folder / "runs"

    def create(self, started_at: datetime, salt: str) -> RunJournal:
        """A new run; ids sort by time.

        Raises:
            ProjectError: the folder cannot be written.
        """
        run_id = f"{started_at:%Y%m%d-%H%M%S}-{salt}"
        folder = self.folder / run_id
        try:
            folder.mkdir(parents=True)
            ignore = self.state_folder / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
            return RunJournal(run_id, folder, (folder / RESULTS).open("w", encoding="utf-8"))
        except OSError as error:
            hint = "make it writable, or name another folder in `PROMPTOPS_HOME`"
            raise ProjectError(
                f"cannot write to `{self.state_folder}`: {error.strerror}", hint=hint
            ) from None

    def ids(self) -> list[str]:
        """Every complete run, newest first."""
        if not self.folder.is_dir():
            return []
        return sorted((path.parent.name for path in self.folder.glob(f"*/{SUMMARY}")), reverse=True)

    def load(self, run_id: str) -> RunResult:
        """A run's summary; the beginning of an id is enough, and `latest` is the newest.

        Raises:
            NothingSelectedError: there is no such run, or more than one.
        """
        return decode_value(RunResult, self._summary(run_id)["run"], Location(run_id))

    def results(self, run_id: str) -> Iterator[tuple[int, CaseResult]]:
        """The case results of a run with the index of their cell, as they were written."""
        with (self.folder / self.find(run_id) / RESULTS).open(encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                kind: type[CaseResult] = CaseScored if row["kind"] == "scored" else CaseErrored
                yield row["cell"], decode_value(kind, row["result"], Location(run_id))

    def find(self, run_id: str) -> str:
        """The full id that `latest` or the beginning of an id means."""
        known = self.ids()
        matches = known[:1] if run_id == "latest" else [each for each in known if each.startswith(run_id)]
        if len(matches) != 1 or (run_id != "latest" and not run_id):
            reason = "fits several runs" if matches else "fits no run"
            raise NothingSelectedError(f"`{run_id}` {reason}", hint="`promptops runs` lists them")
        return matches[0]

    def _summary(self, run_id: str) -> dict[str, JsonValue]:
        text = (self.folder / self.find(run_id) / SUMMARY).read_text(encoding="utf-8")
        document: dict[str, JsonValue] = json.loads(text)
        if document.get("format") != FORMAT:
            raise ProjectError(f"run `{run_id}` was written by another version of promptops")
        return document


@dataclass(slots=True)
class RunJournal:
    """One run being written."""

    run_id: str
    folder: Path
    stream: TextIO

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.stream.close()

    def add(self, cell: int, result: CaseResult) -> None:
        """Writes one result; it is on its way to the disk when this returns."""
        kind = "scored" if isinstance(result, CaseScored) else "errored"
        row = {"cell": cell, "kind": kind, "result": encode(result)}
        self.stream.write(json.dumps(row, separators=(",", ":")) + "\n")
        self.stream.flush()

    def finish(self, run: RunResult) -> None:
        """Writes the summary, whole or not at all."""
        text = json.dumps({"format": FORMAT, "run": encode(run)}, indent=1)
        unfinished = self.folder / f"{SUMMARY}.tmp"
        unfinished.write_text(text + "\n", encoding="utf-8")
        unfinished.replace(self.folder / SUMMARY)
