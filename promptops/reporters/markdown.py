"""Markdown in which text from models, files and people is text and nothing else.

Such text stands in code spans and fenced blocks, where GitHub and GitLab read no mention, reference, link,
image, HTML or emoji; in sentences of our own its signs are escaped, and what would refer is torn apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from promptops.reporters.printable import printable

BACKTICKS = re.compile(r"`+")
PUNCTUATION = re.compile(r"([\\`*_{}\[\]()<>#+!|~&^$=-])")
REFERENCE = re.compile(r"(?<=[@#:!$%~&^])(?=\w|/)|(?<=www)(?=\.)|(?<=GH)(?=-\d)", re.IGNORECASE)
TEAR = "\x00"
FENCE = 3


def code(text: str, most: int = 80) -> str:
    """Text as a code span of one line and at most so many characters, also inside of a table."""
    line = printable(text).strip()
    line = line if len(line) <= most else line[: most - 1] + "…"
    if not line:
        return "(empty)"
    ticks = "`" * (1 + _longest_run(line))
    pad = " " if "`" in (line[0], line[-1]) else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def prose(text: str, most: int = 600) -> str:
    """A sentence of ours with names in it, of one line and at most so many characters."""
    line = printable(text).strip()
    line = line if len(line) <= most else line[: most - 1] + "…"
    return PUNCTUATION.sub(r"\\\1", REFERENCE.sub(TEAR, line)).replace(TEAR, "<!-- -->")


def fenced(text: str, most: int, language: str = "") -> str:
    """Text as a block of its own; what is left out is counted."""
    shown = printable(text[:most], keep="\n")
    fence = "`" * max(FENCE, 1 + _longest_run(shown))
    left = f"\n… {len(text) - most:,} more characters" if len(text) > most else ""
    return f"{fence}{language}\n{shown}{left}\n{fence}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a bar inside of a cell does not end it."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    # A bar that is escaped already needs no second backslash.
    return re.sub(r"(?<!\\)\|", r"\\|", text)


def details(name: str, words: str, body: str) -> str:
    """A part that is closed at first, called by a name from outside and words of ours."""
    # No Markdown is read in a line that begins with this tag.
    summary = f"<code>{escape(printable(name))}</code> {escape(printable(words))}".strip()
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"


def alert(kind: str, lines: Iterable[str]) -> str:
    """A coloured block; `kind` is CAUTION, WARNING, NOTE or TIP."""
    return "\n".join([f"> [!{kind}]", *(f"> {line}" for line in lines)])


def _longest_run(text: str) -> int:
    return max((len(each) for each in BACKTICKS.findall(text)), default=0)
