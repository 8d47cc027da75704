"""How long a text is, in the units in which people bound it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from promptops.scorers._texts import composed

# In `3.14`, `www.example.org` and `...and` no blank follows. Full stops of other scripts need none.
_END = re.compile(r"[.!?…؟]+[\"'”’»)\]]*(?=\s|\Z)|[。！？।]+[」』”’]*")
_ABBREVIATED = re.compile(
    r"\b(?:Mr|Mrs|Ms|Dr|Prof|St|vs|Inc|Ltd|Jr|Sr|e\.g|i\.e|cf|ca|approx|z\. ?B|d\. ?h|bzw|[A-HJ-Z])\.\Z"
)
_BEFORE_NUMBER = re.compile(r"\b(?:No|Nos|Nr|[Aa]rt|[Cc]h|[Ff]ig|pp?|[Ss]ec|[Vv]ol)\.\Z")
LONGEST_ABBREVIATION = 8
_BLOCK = re.compile(r"\n[ \t\r]*\n|\n(?=[ \t]*(?:[-*+•]|\d{1,3}[.)])\s)")
_MARKER = re.compile(r"\s*(?:(?:[-*+•>]|\d{1,3}[.)]|#{1,6})\s+)*")


def words(text: str) -> int:
    """Words are what blanks separate."""
    return len(text.split())


def characters(text: str) -> int:
    """Characters as Unicode composes them (NFC), so that an accent is none of its own."""
    return len(composed(text))


def sentences(text: str) -> int:
    """Sentences end with a full stop, an exclamation or a question mark, or with their paragraph or list item."""
    return sum(_sentences_of(block) for block in _BLOCK.split(text))


def lines(text: str) -> int:
    """Lines that are not blank."""
    return sum(1 for line in text.splitlines() if line.strip())


def _sentences_of(block: str) -> int:
    marker = _MARKER.match(block)
    start = marker.end() if marker else 0
    count = 0
    for end in _ends(block, start):
        count += any(map(str.isalnum, block[start:end]))
        start = end
    return count + any(map(str.isalnum, block[start:]))


def _ends(block: str, start: int) -> Iterator[int]:
    """Where sentences end, but for the last one."""
    for mark in _END.finditer(block, start):
        end = mark.end()
        following = block[end : end + 2].lstrip()[:1]
        if following.islower():
            continue
        pattern = _BEFORE_NUMBER if following.isdigit() else _ABBREVIATED
        if mark[0] != "." or not pattern.search(block, max(0, end - LONGEST_ABBREVIATION), end):
            yield end


UNITS: Mapping[str, Callable[[str], int]] = {
    "words": words,
    "characters": characters,
    "sentences": sentences,
    "lines": lines,
}
