"""What a comment is laid out of: tables, alerts, parts that are closed at first, and what fits into it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from promptops.reporters.markdown_text import cell, code

MOST_ROWS = 50
MOST_LINES = 40
NEW_LINE = "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part that a reader opens; `title` and `body` are Markdown that is safe, `title` without any signs.

    `name` is what it is called where it had to be left out.
    """

    name: str
    title: str
    body: str
    is_open: bool = False

    def markdown(self) -> str:
        """The section, closed unless it is worth it."""
        opening = "<details open>" if self.is_open else "<details>"
        # No Markdown is read in the line of a tag, so the blank lines matter.
        return f"{opening}<summary>{self.title}</summary>\n\n{self.body}\n\n</details>"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], most: int = MOST_ROWS) -> str:
    """A table of at most so many rows; how many more there are stands below it."""
    lines = [header, ["---"] * len(header), *rows[:most]]
    shown = "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines)
    more = len(rows) - most
    return f"{shown}\n\n… and {more:,} more" if more > 0 else shown


def alert(kind: str, lines: Iterable[str]) -> str:
    """A coloured block with a paragraph for each line; `kind` is CAUTION, WARNING, NOTE or TIP."""
    quoted = ("\n".join(f"> {part}" for part in line.split("\n")) for line in lines)
    return f"> [!{kind}]\n" + "\n>\n".join(quoted)


def bullets(lines: Sequence[str], most: int = MOST_LINES) -> str:
    """A list of at most so many lines; each begins with a word or code."""
    left = len(lines) - most
    shown = [*lines[:most], *([f"… and {left:,} more"] if left > 0 else [])]
    return "\n".join(f"- {line}" for line in shown)


def listed(names: Sequence[str], most: int) -> str:
    """The first of some names from outside, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(map(code, names[:most])) + more


def fitted(head: str, sections: Sequence[Section], foot: str, most: int) -> str:
    """All of it in at most `most` characters: sections are left out from the bottom, and named."""
    shown = [section.markdown() for section in sections]
    for kept in range(len(shown), -1, -1):
        names = ", ".join(section.name for section in sections[kept:])
        note = [f"_Left out, since a comment has an end: {names}._"] if names else []
        text = "\n\n".join([head, *shown[:kept], *note, foot]) + "\n"
        if len(text) <= most:
            return text
    # The head has no blocks, so any of its lines can be the last one.
    return f"{head[: most - 1].rpartition(NEW_LINE)[0]}\n"
