"""Texts as they are compared."""

from __future__ import annotations

import re
import unicodedata

# Sorting the marks of one character takes quadratic time, and an output may be a megabyte of marks.
_PIECE = re.compile(r"\S{1,1000}")


def composed(text: str) -> str:
    """The text as Unicode composes it (NFC), so that an accent is no character of its own."""
    if text.isascii() or unicodedata.is_normalized("NFC", text):
        return text
    return _PIECE.sub(lambda piece: unicodedata.normalize("NFC", piece[0]), text)


def folded(text: str, *, ignore_case: bool = False) -> str:
    """The text composed, and perhaps without the difference of small and capital letters."""
    text = composed(text)
    return text.casefold() if ignore_case else text
