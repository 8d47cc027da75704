from __future__ import annotations

from dataclasses import dataclass

from promptops.model.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Record):
    """One thing that can be shown: `kind` is prompt, suite, scorer, target, dataset format or judge."""

    kind: str
    name: str
    summary: str
    path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown(Record):
    """One thing in full: a file's text, or a plugin's documentation with its options."""

    entry: Entry
    text: str
