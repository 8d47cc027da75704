from __future__ import annotations

from dataclasses import dataclass

from promptops.model.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptChange(Record):
    """One change of a prompt: in words, and for texts as the lines of a unified diff without its header."""

    what: str
    diff: tuple[str, ...] = ()
