"""Blocks of code among the words of an answer."""

from __future__ import annotations

import re

FENCE = "```"
_BLOCK = re.compile(r"```[ \t]*([\w.+#-]*)[^\n`]*\n(.*?)```", re.DOTALL)


def fenced(text: str, *languages: str) -> str | None:
    """What stands in the first fenced block that names one of these languages, or none; None without such a block."""
    if FENCE not in text:
        return None
    return next((block[2] for block in _BLOCK.finditer(text) if block[1].lower() in ("", *languages)), None)


def without_fenced(text: str) -> str:
    """The words around the fenced blocks."""
    return _BLOCK.sub("\n", text) if FENCE in text else text
