"""Runs that were killed or stopped: the answers that they had received."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from promptops.model.result import Completion
from promptops.runs.lock import try_lock

AnswerKey = tuple[str, str, int]
"""A cell's digest, a case's id, and the number of the repeat."""


@dataclass(frozen=True, slots=True)
class UnfinishedRun:
    """A run without a summary, held by this process until it is let go."""

    folder: Path
    cells: Sequence[str]
    stream: BinaryIO

    @classmethod
    def take(cls, folder: Path, results: Path, cells: Sequence[str]) -> UnfinishedRun | None:
        """The run, or None while another process has it."""
        try:
            stream = results.open("rb+")
        except OSError:
            return None
        if try_lock(stream):
            return cls(folder, cells, stream)
        stream.close()
        return None


class KeptAnswers:
    """The answers of unfinished runs, left on disk; only their places are held."""

    def __init__(self, runs: Iterable[UnfinishedRun], cells: Sequence[str]) -> None:
        self._runs: list[UnfinishedRun] = []
        self._places: dict[AnswerKey, tuple[BinaryIO, int]] = {}
        self._cells = frozenset(cells)
        for run in runs:
            if self._cells.isdisjoint(run.cells):
                run.stream.close()
                continue
            self._runs.append(run)
            self._places.update(self._read(run))

    def __len__(self) -> int:
        return len(self._places)

    def get(self, key: AnswerKey) -> Completion | None:
        """What was answered, or None."""
        place = self._places.get(key)
        if place is None:
            return None
        stream, start = place
        stream.seek(start)
        completion = _answered(json.loads(stream.readline()))
        assert completion is not None
        return replace(completion, cached=True)

    def discard_covered(self) -> None:
        """Removes the runs of which this one did everything."""
        for run in self._runs:
            if self._cells.issuperset(run.cells):
                shutil.rmtree(run.folder, ignore_errors=True)

    def close(self) -> None:
        """Lets other processes have the runs."""
        for run in self._runs:
            run.stream.close()

    def _read(self, run: UnfinishedRun) -> Iterator[tuple[AnswerKey, tuple[BinaryIO, int]]]:
        start = 0
        for line in run.stream:
            try:
                row = json.loads(line)
                if _answered(row) is not None:
                    result = row["result"]
                    key = (run.cells[row["cell"]], result["case_id"], result["repeat"])
                    if key[0] in self._cells:
                        yield key, (run.stream, start)
            except (ValueError, LookupError, TypeError):
                pass  # A killed process may leave the half of a line.
            start += len(line)


def _answered(row: Any) -> Completion | None:
    if row["kind"] != "scored":
        return None
    return Completion(**row["result"]["completion"])
