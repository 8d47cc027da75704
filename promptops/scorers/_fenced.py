"""Blocks of code among the words of an answer."""

from __future__ import annotations

import re
from functools import cache


def fenced(text: str, *names: str) -> str | None:
    """What stands in the first fenced block of one of these languages, or of none; None without such a block."""
    found = _pattern(names).search(text)
    return found[1] if found else None


@cache
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(
        rf"^```(?:{'|'.join(names)})?[ \t]*\n(.*?)^```", re.DOTALL | re.IGNORECASE | re.MULTILINE
    )
