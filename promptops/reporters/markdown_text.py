"""Text from models, files and people as Markdown that can be read, and does nothing.

All of it stands in code, where GitHub and GitLab link, mention, load and render nothing; words without any sign that
means something may stand outside. What would steer a terminal, the runner of a job or a search for our own comment
is spelled out, as in `printable`. The runner obeys lines that begin with `::`, and `##[` anywhere in a line: see
`ActionCommand.cs` of actions/runner.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape
from itertools import count
from textwrap import wrap

from promptops.reporters.printable import printable

EMPTY = "(empty)"
LONGEST_CODE = 80
LONGEST_PROSE = 300
WIDEST = 100
"""Columns that a comment shows of a block without a bar to scroll it."""

MOST_BACKTICKS = 16
"""A row of more in a block is cut: parsers count no fence beyond some length."""

BACKTICKS = re.compile("`+")
STEERING = re.compile(r"<(?=!--)|#(?=#\w*\[)")
COMMAND = re.compile(r"^(\s*):(?=:)")
LONG_ROWS = re.compile(f"`{{{MOST_BACKTICKS + 1},}}")
OF_A_CELL = re.compile(r"(\\*)\|")

TOKENS = re.compile(r"(?P<before>\(?)`(?P<quoted>[^`]+)`(?P<after>[).,;:]*)(?=\s|$)|(?P<word>\S+)")
WORD = r"[A-Za-z]+(?:['’-][A-Za-z]+)*"
NUMBER = r"[−+-]?\d(?:[\d,]*\d)?(?:\.\d+)?%?"
PLAIN = re.compile(rf"\(?(?:{WORD}|p\d\d|\[?{NUMBER}\]?)\)?[.,;:!?)…]*|→|=|>=|<=|/|–|·|…")
COMMIT = re.compile(r"[0-9A-Fa-f]{7}")
FIRST = re.compile(r"\d+[.)]|[=>]")
"""What would make a list, a heading or a quote of a line that begins with it."""


def code(text: str, most: int = LONGEST_CODE) -> str:
    """A code span of one line and at most so many characters (at most 400)."""
    line = one_line(text, most)
    if not line:
        return EMPTY
    # A span ends at a row of just as many; beyond 80 a parser reads no span, so the shortest that fits is taken.
    rows = {len(row) for row in BACKTICKS.findall(line)}
    fence = "`" * next(length for length in count(1) if length not in rows)
    pad = " " if "`" in (line[0], line[-1]) else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def prose(text: str, most: int = LONGEST_PROSE) -> str:
    """A sentence of one line: plain words as they are, all else as code; what is in backticks already too."""
    parts: list[str] = []
    signs: list[str] = []

    def end_code() -> None:
        if signs:
            parts.append(code(" ".join(signs), most))
            signs.clear()

    for token in TOKENS.finditer(one_line(text, most)):
        word, quoted = token["word"], token["quoted"]
        if quoted is not None:
            end_code()
            parts.append(f"{token['before']}{code(quoted, most)}{token['after']}")
        elif (
            PLAIN.fullmatch(word) and not COMMIT.search(word) and (token.start() > 0 or not FIRST.match(word))
        ):
            end_code()
            parts.append(word)
        else:
            signs.append(word)
    end_code()
    return " ".join(parts)


def cell(markdown: str) -> str:
    """A cell of a table: a bar, which can only stand in code here, does not end it."""
    return OF_A_CELL.sub(lambda found: r"\|" if not found[1] else rf"{found[1]}\u007c", markdown)


def html_code(text: str, most: int = LONGEST_CODE) -> str:
    """The same as `code` for a line of HTML, in which no Markdown is read."""
    return f"<code>{escape(one_line(text, most) or EMPTY)}</code>"


def block(lines: Iterable[str], language: str = "", *, is_wrapped: bool = True) -> str:
    """A fenced block of lines; a command must not be wrapped."""
    parts = (part for line in lines for part in (_wrapped(line) if is_wrapped else [_steady(line)]))
    shown = list(map(_in_block, parts))
    longest = max((len(row) for line in shown for row in BACKTICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *shown, fence])


def one_line(text: str, most: int) -> str:
    """At most so many characters, none of which steers anything."""
    # What is spelled out only grows, so the rest cannot matter.
    line = _steady(text.strip()[: most + 1])
    return line if len(line) <= most else line[: most - 1] + "…"


def _steady(text: str) -> str:
    return STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", printable(text))


def _in_block(line: str) -> str:
    return COMMAND.sub(r"\1\\u003a", LONG_ROWS.sub(f"{'`' * MOST_BACKTICKS}…", line))


def _wrapped(line: str) -> Iterator[str]:
    """The first sign of a line of a diff says what it is, so every part begins with it."""
    steady = _steady(line)
    if len(steady) <= WIDEST:
        yield steady
        return
    sign = steady[0] if steady[0] in "+- " else ""
    words = steady[len(sign) :]
    for part in wrap(words, WIDEST, drop_whitespace=False, replace_whitespace=False, expand_tabs=False):
        yield f"{sign}{part}"
