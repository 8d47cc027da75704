"""Texts without the dress of Markdown, so that nobody sees by it which of two a model wrote."""

from __future__ import annotations

import re

_FENCE = re.compile(r"^[ \t]*(?:```|~~~).*$\n?", re.MULTILINE)
_HEADING = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$", re.MULTILINE)
_QUOTE = re.compile(r"^[ \t]{0,3}>[ \t]?", re.MULTILINE)
_BULLET = re.compile(r"^([ \t]*)[*+•–][ \t]+", re.MULTILINE)
_RULE = re.compile(r"^[ \t]*(?:[-*_][ \t]*){3,}$", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\([^()\n]*\)")
_STRONG = re.compile(r"(\*\*\*|\*\*|__|~~)(?=\S)(.+?)(?<=\S)\1")
_EMPHASIS = re.compile(r"(?<![\w*])([*_])(?=[^\s*_])([^*_\n]+?)(?<=[^\s*_])\1(?![\w*])")
_CODE = re.compile(r"`+([^`\n]+)`+")
_BLANK_LINES = re.compile(r"\n{3,}")
_TYPOGRAPHY = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "\u00a0": " ", "\r": None})


def without_style(text: str) -> str:
    """The text without headings, emphasis, links, fences and quotation marks of one kind; lists keep their dashes."""
    text = text.translate(_TYPOGRAPHY)
    for pattern, replacement in (
        (_FENCE, ""),
        (_RULE, ""),
        (_HEADING, r"\1"),
        (_QUOTE, ""),
        (_BULLET, r"\1- "),
        (_LINK, r"\1"),
        (_STRONG, r"\2"),
        (_EMPHASIS, r"\2"),
        (_CODE, r"\1"),
    ):
        text = pattern.sub(replacement, text)
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", text).strip()
