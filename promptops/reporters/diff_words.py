"""Which words of two texts differ. Pure: how they are marked is decided elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby

WORDS = re.compile(r"\s+|\w+|[^\w\s]")
LINES = re.compile(r"[^\n]*\n|[^\n]+")
MOST_WORDS = 1500
"""Beyond it the time to compare grows with the square; lines are compared instead."""

LITTLE = 12
ALIKE = 0.25


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text that the other side has too, or has not."""

    text: str
    differs: bool


def compared(base: str, head: str) -> tuple[list[Piece], list[Piece]]:
    """Both texts in pieces. Long texts with hardly a word in common stay whole: marks would say nothing."""
    pattern = WORDS if max(len(base), len(head)) < MOST_WORDS * 4 else LINES
    before, after = pattern.findall(base), pattern.findall(head)
    if max(len(before), len(after)) > MOST_WORDS:
        return [Piece(base, differs=False)], [Piece(head, differs=False)]
    matcher = SequenceMatcher(a=before, b=after, autojunk=False)
    if max(len(before), len(after)) > LITTLE and matcher.ratio() < ALIKE:
        return [Piece(base, differs=False)], [Piece(head, differs=False)]
    opcodes = list(_opcodes(matcher, before))
    return (
        _merged(Piece("".join(before[low:high]), differs) for differs, (low, high), _ in opcodes),
        _merged(Piece("".join(after[low:high]), differs) for differs, _, (low, high) in opcodes),
    )


def _opcodes(
    matcher: SequenceMatcher[str], before: Sequence[str]
) -> Iterator[tuple[bool, tuple[int, int], tuple[int, int]]]:
    """What differs, where; a space between two words that differ belongs to them."""
    opcodes = matcher.get_opcodes()
    for place, (tag, low, high, new_low, new_high) in enumerate(opcodes):
        inside = 0 < place < len(opcodes) - 1
        space = inside and "".join(before[low:high]).isspace()
        yield tag != "equal" or space, (low, high), (new_low, new_high)


def _merged(pieces: Iterator[Piece]) -> list[Piece]:
    return [
        Piece("".join(piece.text for piece in group), differs)
        for differs, group in groupby((each for each in pieces if each.text), key=lambda each: each.differs)
    ]


def clipped(pieces: Sequence[Piece], most: int) -> list[Piece]:
    """At most so many characters, from shortly before the first difference; what is left out is said."""
    before = pieces[0].text if len(pieces) > 1 and not pieces[0].differs else ""
    total = sum(len(piece.text) for piece in pieces)
    if total <= most:
        return list(pieces)
    skipped = max(0, len(before) - most // 4)
    kept = [Piece("…" + before[skipped:], differs=False), *pieces[1:]] if skipped else list(pieces)
    room, shown = most, []
    for piece in kept:
        shown.append(Piece(piece.text[:room], piece.differs))
        room -= len(shown[-1].text)
        if room <= 0:
            break
    left = total - skipped - most
    if left > 0:
        shown.append(Piece(f"… ({left:,} more characters)", differs=False))
    return shown
