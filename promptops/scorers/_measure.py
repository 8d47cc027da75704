"""How long a text is, in the units in which people bound it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

# A full stop ends a sentence where a blank and something that is no small letter follow, or nothing does: not
# in `3.14`, `e.g. this`, `www.example.org` or `...and`. CJK full stops need no blank.
_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s+[^a-z\s]|\s*\Z)|[。！？]+[」』”]*")
_ABBREVIATED = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Prof|St|vs|etc|Inc|Ltd|Jr|Sr|[A-Z])\.\Z")


def words(text: str) -> int:
    """Words are what blanks separate."""
    return len(text.split())


def characters(text: str) -> int:
    """Characters as Unicode composes them (NFC), so that an accent is none of its own."""
    return len(text if text.isascii() else unicodedata.normalize("NFC", text))


def sentences(text: str) -> int:
    """Sentences end with a full stop, an exclamation or a question mark; what is left over is one too."""
    count = start = 0
    for end in _END.finditer(text):
        if (
            end[0] == "."
            and _ABBREVIATED.search(text[max(start, end.end() - 8) : end.end()])
            and end.end() < len(text)
        ):
            continue
        count += any(char.isalnum() for char in text[start : end.end()])
        start = end.end()
    return count + any(char.isalnum() for char in text[start:])


def lines(text: str) -> int:
    """Lines that are not blank."""
    return sum(1 for line in text.splitlines() if line.strip())


UNITS: Mapping[str, Callable[[str], int]] = {
    "words": words,
    "characters": characters,
    "sentences": sentences,
    "lines": lines,
}
