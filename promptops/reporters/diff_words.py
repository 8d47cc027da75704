"""Which words of two texts differ. Pure: how they are marked is decided elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby

WORDS = re.compile(r"\s+|\w+|[^\w\s]")
SPACE = re.compile(r"\s")
LINES = re.compile(r"[^\n]*\n|[^\n]+")
MOST_WORDS = 1500
"""Beyond it the time to compare grows with the square; lines are compared instead."""

LITTLE = 12
ALIKE = 0.25
CRUMB = 3
LONGEST_WORD = 25


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
        return _unmarked(base), _unmarked(head)
    matcher = SequenceMatcher(a=before, b=after, autojunk=False)
    if max(len(before), len(after)) > LITTLE and matcher.ratio() < ALIKE:
        return _unmarked(base), _unmarked(head)
    opcodes = list(_opcodes(matcher, before))
    return (
        _merged(Piece("".join(before[low:high]), differs) for differs, (low, high), _ in opcodes),
        _merged(Piece("".join(after[low:high]), differs) for differs, _, (low, high) in opcodes),
    )


def _unmarked(text: str) -> list[Piece]:
    return [Piece(text, differs=False)] if text else []


def _opcodes(
    matcher: SequenceMatcher[str], before: Sequence[str]
) -> Iterator[tuple[bool, tuple[int, int], tuple[int, int]]]:
    """What differs, where. A sign or two between words that differ belong to them: crumbs cannot be read."""
    opcodes = matcher.get_opcodes()
    for place, (tag, low, high, new_low, new_high) in enumerate(opcodes):
        inside = 0 < place < len(opcodes) - 1
        crumb = inside and len("".join(before[low:high]).strip()) <= CRUMB
        yield tag != "equal" or crumb, (low, high), (new_low, new_high)


def _merged(pieces: Iterator[Piece]) -> list[Piece]:
    return [
        Piece("".join(piece.text for piece in group), differs)
        for differs, group in groupby((each for each in pieces if each.text), key=lambda each: each.differs)
    ]


def clipped(pieces: Sequence[Piece], most: int) -> list[Piece]:
    """About so many characters: from shortly before the first difference, and the end; the rest is counted."""
    text = "".join(piece.text for piece in pieces)
    if len(text) <= most + most // 4:
        return list(pieces)
    leading = pieces[0].text if len(pieces) > 1 and not pieces[0].differs else ""
    start = _between_words(text, len(leading) - most // 4) if len(leading) > most // 2 else 0
    stop = _between_words(text, start + most * 3 // 4)
    end = _between_words(text, max(stop, len(text) - most // 4))
    return [
        *_gap(start),
        *_cut(pieces, start, stop),
        *_gap(end - stop),
        *_cut(pieces, end, len(text)),
    ]


def _gap(length: int) -> Iterator[Piece]:
    if length:
        yield Piece(f"… ({length:,} characters) … ", differs=False)


def _between_words(text: str, place: int) -> int:
    """The next place behind a space; the same place in the middle of a very long word."""
    space = SPACE.search(text, place, place + LONGEST_WORD)
    return space.end() if space else place


def _cut(pieces: Sequence[Piece], start: int, end: int) -> Iterator[Piece]:
    place = 0
    for piece in pieces:
        text = piece.text[max(0, start - place) : max(0, end - place)]
        place += len(piece.text)
        if text:
            yield Piece(text, piece.differs)
