"""The files of a ledger. A file's name is the digest of its content, so that two writers never differ."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from promptops.errors import LedgerError
from promptops.files.codec import adapter, encode
from promptops.model.canonical import canonical_json
from promptops.model.ledger import LedgerEntry, LedgerRun, ScoreColumns
from promptops.model.record import JsonValue, Record

T = TypeVar("T")

FORMAT = 1
UPDATE = "update promptops: `pip install --upgrade promptops-toolchain`"
FOLDERS = frozenset({"runs", "scores", "cases"})
KEY = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun(Record):
    """A record file: a run, and the digests of its scores and its cases."""

    format: int
    run: LedgerRun
    scores: str
    cases: str


def run_folder(key: str) -> str:
    """Where the runs of a key are."""
    return f"runs/{key[:2]}/{key}"


def part_path(folder: str, digest: str) -> str:
    """Where a file of scores or cases is."""
    return f"{folder}/{digest[:2]}/{digest}.json"


def files_of(entry: LedgerEntry) -> dict[str, bytes]:
    """An entry as files, the record last.

    Raises:
        ValueError: the entry is not whole: a key, time or column that cannot be.
    """
    _check(entry)
    scores, cases = encode_scores(entry.scores), _text(encode(entry.cases))
    stored = StoredRun(format=FORMAT, run=entry.run, scores=digest_of(scores), cases=digest_of(cases))
    record = _text(encode(stored))
    return {
        part_path("scores", stored.scores): scores,
        part_path("cases", stored.cases): cases,
        f"{run_folder(entry.run.key)}/{digest_of(record)}.json": record,
    }


def encode_scores(scores: ScoreColumns) -> bytes:
    """Scores as their file; whole numbers lose their point, and what is no number is no score."""
    values = {
        metric: [[_number(value) for value in column] for column in columns]
        for metric, columns in scores.values.items()
    }
    content = {"values": values, "lost": encode(scores.lost)}
    more = {name: encode(kept) for name in ("items", "outputs") if (kept := getattr(scores, name))}
    return _text(content | more)


def decode_run(content: bytes, name: str) -> StoredRun:
    """A record file.

    Raises:
        ValueError: it is damaged.
        LedgerError: it is of a later format.
    """
    try:
        stored = decode(StoredRun, content, name)
    except ValueError:
        if digest_of(content) == name and _later_format(content):
            raise LedgerError(
                "the ledger holds runs of a later version of promptops",
                hint=UPDATE,
            ) from None
        raise
    _require_time(stored.run)
    return stored


def decode(cls: type[T], content: bytes, name: str) -> T:
    """A file of the ledger; ValueError when its content does not match its name, which is a digest."""
    if digest_of(content) != name:
        raise ValueError(name)
    kind: Any = cls
    record: T = adapter(kind).validate_json(content, strict=True)
    return record


def digest_of(content: bytes) -> str:
    """SHA-256 as 64 hex digits."""
    return hashlib.sha256(content).hexdigest()


def _check(entry: LedgerEntry) -> None:
    if not KEY.fullmatch(entry.run.key):
        raise ValueError(f"`{entry.run.key}` is not a key")
    _require_time(entry.run)
    cases = len(entry.cases.ids)
    if len(entry.cases.contents) != cases:
        raise ValueError("each case needs an id and a digest of its content")
    outputs = [("outputs", entry.scores.outputs)] if entry.scores.outputs else []
    for metric, columns in (*entry.scores.values.items(), *entry.scores.items.items(), *outputs):
        if len(columns) != entry.run.repeats or any(len(column) != cases for column in columns):
            raise ValueError(
                f"the scores of `{metric}` do not fit {cases} cases × {entry.run.repeats} repeats"
            )


def _require_time(run: LedgerRun) -> None:
    if run.time.tzinfo is None:
        raise ValueError(f"`{run.started_at}` has no time zone")


def _number(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return int(value) if value == int(value) else value


def _text(value: JsonValue) -> bytes:
    return canonical_json(value) + b"\n"


def _later_format(content: bytes) -> bool:
    try:
        found = adapter(dict[str, Any]).validate_json(content).get("format")
    except ValueError:
        return False
    return isinstance(found, int) and found > FORMAT


def runs_by_key(paths: Iterable[str]) -> dict[str, list[str]]:
    """The paths of records, grouped by the key in them."""
    grouped: dict[str, list[str]] = {}
    for path in paths:
        folder, _, rest = path.partition("/")
        if folder == "runs":
            grouped.setdefault(rest.split("/")[1], []).append(path)
    return grouped
