"""A ledger as one JSON file that can be committed: an entry a line, so that a review shows what is new."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from promptops.errors import LedgerError
from promptops.ledger.records import FORMAT, UPDATE, decode, decode_run, files_of
from promptops.model.canonical import canonical_json
from promptops.model.ledger import CaseIndex, LedgerEntry, ScoreColumns
from promptops.model.record import JsonValue

EXPORT_FILE = "promptops.ledger.json"
"""Where an export lies that is to be committed, from the project's root."""
PARTS = ("runs", "scores", "cases")


def export_text(entries: Iterable[LedgerEntry]) -> str:
    """The entries as an export file; the same entries give the same text, whatever their order."""
    files: dict[str, bytes] = {}
    for entry in entries:
        files |= files_of(entry)
    sections = []
    for part in PARTS:
        rows = [
            f'"{Path(path).stem}":{files[path].decode().rstrip()}'
            for path in sorted(files)
            if path.startswith(f"{part}/")
        ]
        sections.append(f'"{part}":{{\n' + ",\n".join(rows) + "\n}")
    return f'{{"format":{FORMAT},\n' + ",\n".join(sections) + "}\n"


def parse_export(content: bytes, name: str) -> tuple[LedgerEntry, ...]:
    """The entries of an export file, newest first.

    Args:
        content: the file.
        name: how it is called in an error.

    Raises:
        LedgerError: it is no export, or was edited.
    """
    try:
        sections = json.loads(content)
        if sections["format"] > FORMAT:
            raise LedgerError(
                f"`{name}` was written by a later version of promptops",
                hint=UPDATE,
            )
        entries = [_entry(sections, digest) for digest in sections["runs"]]
    except (ValueError, LookupError, TypeError, AttributeError):
        raise LedgerError(
            f"`{name}` is no ledger export, or was edited by hand",
            hint=f"write it anew: `promptops ledger export {name}`",
        ) from None
    return tuple(sorted(entries, key=lambda entry: entry.run.time, reverse=True))


def _entry(sections: Mapping[str, Any], digest: str) -> LedgerEntry:
    stored = decode_run(_line(sections["runs"][digest]), digest)
    return LedgerEntry(
        run=stored.run,
        scores=decode(ScoreColumns, _line(sections["scores"][stored.scores]), stored.scores),
        cases=decode(CaseIndex, _line(sections["cases"][stored.cases]), stored.cases),
    )


def _line(value: JsonValue) -> bytes:
    return canonical_json(value) + b"\n"
