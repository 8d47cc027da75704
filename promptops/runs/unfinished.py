"""Runs that were killed or stopped: the answers that they had received."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from io import SEEK_END
from pathlib import Path
from typing import Any, BinaryIO

from promptops.model.result import Completion
from promptops.runs.lock import try_lock

RESULTS = "results.jsonl"
SUMMARY = "run.json"
COMPARISON = "comparison.json"
CONFIRMATION = "confirmation.json"


def is_finished(folder: Path) -> bool:
    """Whether a run has come to its end: it is summed up, both its sides are compared, or it confirms another."""
    return any((folder / name).exists() for name in (SUMMARY, COMPARISON, CONFIRMATION))


TAKEN = "taken"
"""What stands in the journal of an unfinished run for an answer that is part of a complete one."""

AnswerKey = tuple[str, str, int, int | None]
"""A cell's digest, a case's id, and the numbers of the repeat and of a conversation's call."""


@dataclass(frozen=True, slots=True)
class UnfinishedRun:
    """A run without a summary, held by this process until it is let go."""

    folder: Path
    cells: Sequence[str]
    stream: BinaryIO

    @classmethod
    def take(cls, folder: Path, cells: Sequence[str]) -> UnfinishedRun | None:
        """The run, or None while another process has it, or if it is finished after all."""
        try:
            stream = (folder / RESULTS).open("rb+")
        except OSError:
            return None
        # Whoever wrote it may have finished it before the lock was free.
        if try_lock(stream) and not is_finished(folder):
            return cls(folder, cells, stream)
        stream.close()
        return None

    def places(self) -> dict[AnswerKey, int]:
        """Where each answer begins that is in no complete run yet."""
        places: dict[AnswerKey, int] = {}
        start = 0
        for line in self.stream:
            try:
                row = json.loads(line)
                result = row["result"]
                key = (self.cells[row["cell"]], result["case_id"], result["repeat"], result.get("call"))
                if row["kind"] == TAKEN:
                    places.pop(key, None)
                elif _answered(row) is not None:
                    places[key] = start
            except (ValueError, LookupError, TypeError):
                pass  # A killed process may leave the half of a line.
            start += len(line)
        return places

    def strike_out(self, answers: Iterable[AnswerKey]) -> None:
        """Notes that a complete run has these answers."""
        index = {digest: number for number, digest in enumerate(self.cells)}
        rows = (
            {
                "cell": index[cell],
                "kind": TAKEN,
                "result": {"case_id": case_id, "repeat": repeat, "call": call},
            }
            for cell, case_id, repeat, call in answers
        )
        self.stream.seek(0, SEEK_END)
        # The last line may be half a line.
        self.stream.write(b"\n" + b"".join(json.dumps(row).encode() + b"\n" for row in rows))
        self.stream.flush()


class KeptAnswers:
    """The answers of unfinished runs, left on disk; only their places are held."""

    def __init__(self, runs: Iterable[UnfinishedRun], cells: Iterable[str]) -> None:
        self._runs: list[tuple[UnfinishedRun, frozenset[AnswerKey]]] = []
        self._places: dict[AnswerKey, tuple[BinaryIO, int]] = {}
        self._used: set[AnswerKey] = set()
        wanted = frozenset(cells)
        for run in runs:
            if wanted.isdisjoint(run.cells):
                run.stream.close()
                continue
            places = run.places()
            self._runs.append((run, frozenset(places)))
            self._places.update(
                (key, (run.stream, start)) for key, start in places.items() if key[0] in wanted
            )
        self._cases = len({(cell, case_id, repeat) for cell, case_id, repeat, _ in self._places})

    def __len__(self) -> int:
        """How many cases there is an answer for, be it only to the beginning of a conversation."""
        return self._cases

    def get(self, key: AnswerKey) -> Completion | None:
        """What was answered, or None."""
        place = self._places.get(key)
        if place is None:
            return None
        stream, start = place
        stream.seek(start)
        completion = _answered(json.loads(stream.readline()))
        assert completion is not None
        self._used.add(key)
        return replace(completion, cached=True)

    def discard_used(self) -> None:
        """Forgets the answers that were used; a run that has no others is removed."""
        for run, answers in self._runs:
            if answers <= self._used:
                shutil.rmtree(run.folder, ignore_errors=True)
            else:
                run.strike_out(answers & self._used)

    def close(self) -> None:
        """Lets other processes have the runs."""
        for run, _ in self._runs:
            run.stream.close()


def _answered(row: Any) -> Completion | None:
    if row["kind"] not in ("scored", "answered"):
        return None
    return Completion(**row["result"]["completion"])
