from __future__ import annotations

from dataclasses import dataclass

from promptops.model.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptChange(Record):
    """One change of a prompt: in words, and for texts as the lines of a unified diff without its header."""

    what: str
    diff: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedLines(Record):
    """Lines of a file of the head that the base does not have, from 1; where some are gone, the one before.

    `path` begins at the repository's root.
    """

    path: str
    first: int
    last: int
