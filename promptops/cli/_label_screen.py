"""A labelling session as a screen: lines for a size, made from the session alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest

from rich.cells import cell_len, get_character_cell_size
from rich.text import Text

from promptops.commands.labelling import Labelling
from promptops.engine.label_form import Form, Item
from promptops.engine.label_session import Entry, Session, back_keys
from promptops.model.judging import FIRST, SECOND
from promptops.reporters.printable import printable
from promptops.stats.judging import LEAST_OF_A_CLASS

LONGEST_SHOWN = 100_000
"""Characters of a text, which is what a judge is shown of it."""
NARROWEST = 20
WIDEST_TEXT = 100
"""Longer lines are hard to read."""
SIDE_BY_SIDE = 110
"""Columns from which two texts stand beside each other."""
GAP = " │ "
TAB = 4
LONGEST_PERSON = 24
COMMON_KEYS = (("e", "note"), ("u", "undo"), ("s", "skip"), ("q", "quit"), ("?", "help"))
_FIELD = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Screen:
    """What is shown: at most as many lines as the terminal has, and how far the texts can be scrolled."""

    lines: list[Text]
    page: int
    furthest: int


def screen_of(labelling: Labelling, top: int, width: int, height: int) -> Screen:
    """The screen of a session whose texts are scrolled to the line `top`."""
    width = max(NARROWEST, width)
    session = labelling.session
    head = [*_header(labelling, width), _rule(width)]
    if session.shows_help:
        body = list(_help(session.form, width))
        foot = [_rule(width), Text(fitted("any key goes back", width), "dim")]
    else:
        body = list(_body(labelling, width))
        foot = list(_footer(session, width))
    page = max(1, height - len(head) - len(foot) - (not session.shows_help))
    furthest = max(0, len(body) - page)
    top = min(top, furthest)
    shown = body[top : top + page]
    shown += [Text()] * (page - len(shown))
    if not session.shows_help:
        foot.insert(0, _rule(width, _where(top, page, len(body))))
    return Screen([*head, *shown, *foot][:height], page, furthest)


def _body(labelling: Labelling, width: int) -> Sequence[Text]:
    item = labelling.session.item
    if item is None:
        return list(_end(labelling.session, width))
    return _item_lines(labelling.task.question, item, width)


@lru_cache(maxsize=4)
def _item_lines(question: str, item: Item, width: int) -> Sequence[Text]:
    room = min(width, WIDEST_TEXT)
    places = {FIRST: "A", SECOND: "B"} if item.pair is not None else {}
    asked = _FIELD.sub(lambda match: places.get(match[1], f"‹{match[1]}›"), question)
    lines = [Text(line, "bold") for line in wrapped(asked, room)]
    for name, text in item.texts:
        lines += [Text(), _heading(name, width), *_indented(text, room)]
    if item.pair is not None:
        first, second = reversed(item.pair) if item.swapped else item.pair
        lines.append(Text())
        if width >= SIDE_BY_SIDE:
            lines += _beside(first, second, width)
        else:
            lines += [_heading("A", width), *_indented(first, room), Text()]
            lines += [_heading("B", width), *_indented(second, room)]
    return lines


def _indented(text: str, width: int) -> Iterator[Text]:
    if not text.strip():
        yield Text("  (empty)", "dim")
        return
    for line in wrapped(text, width - 2):
        yield Text(f"  {line}")
    if len(text) > LONGEST_SHOWN:
        more = f"  … {len(text) - LONGEST_SHOWN:,} more characters, which a judge is not shown"
        yield Text(fitted(more, width), "dim")


def _beside(first: str, second: str, width: int) -> Iterator[Text]:
    half = (width - len(GAP)) // 2
    columns = (
        [_heading("A", half), *_indented(first, half)],
        [_heading("B", half), *_indented(second, half)],
    )
    for left, right in zip_longest(*columns, fillvalue=Text()):
        line = left.copy()
        line.append(" " * (half - left.cell_len))
        line.append(GAP, "dim")
        line.append_text(right)
        yield line


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most so many columns, broken at blanks where there are any; what steers a terminal is spelled out."""
    shown = printable(text[:LONGEST_SHOWN].expandtabs(TAB).replace("\r\n", "\n"), keep="\n")
    return [piece for line in shown.split("\n") for piece in _pieces(line.rstrip(), max(2, width))]


def _pieces(line: str, width: int) -> Iterator[str]:
    if len(line) <= width and cell_len(line) <= width:
        yield line
        return
    start = used = 0
    blank = -1
    for place, char in enumerate(line):
        size = get_character_cell_size(char)
        if used + size > width:
            # A blank that does not fit ends the line, and is not shown at the beginning of the next.
            end = place if char == " " else blank if blank > start else place
            yield line[start:end]
            start = end + (line[end] == " ")
            used = cell_len(line[start:place])
            blank = -1
        if char == " ":
            blank = place
        used += size if place >= start else 0
    if start < len(line):
        yield line[start:]


def fitted(text: str, width: int) -> str:
    """One line of at most so many columns."""
    line = printable(text.strip()[: width + 1])
    if cell_len(line) <= width:
        return line
    kept, room = "", width - 1
    for char in line:
        room -= get_character_cell_size(char)
        if room < 0:
            break
        kept += char
    return f"{kept}…"


def _header(labelling: Labelling, width: int) -> Iterator[Text]:
    session = labelling.session
    person = fitted(labelling.place.person, min(LONGEST_PERSON, width // 2 - 1))
    title = fitted(labelling.task.title, width - cell_len(person) - 1)
    gap = width - cell_len(title) - cell_len(person)
    yield Text(title, "bold").append(" " * gap, "default").append(person, "dim")
    yield Text(fitted(_progress(session), width))


def _progress(session: Session) -> str:
    """How many labels there are of those that are wanted, and of each class."""
    told = f"{session.labelled} of {session.least}"
    if not session.form.tells_classes:
        return told
    return " · ".join([told, *(_of_class(name, count) for name, count in session.classes.items())])


def _of_class(name: str, count: int) -> str:
    return f"{name} {count}/{LEAST_OF_A_CLASS}" if count < LEAST_OF_A_CLASS else f"{name} {count}"


def _footer(session: Session, width: int) -> Iterator[Text]:
    if session.entry is not None:
        yield from _entry(session.entry, width)
        return
    keys = [] if session.item is None else list(_answers(session.form))
    common = COMMON_KEYS if session.item is not None else (("u", "undo"), ("q", "quit"))
    yield from _in_lines([*keys, *common], width)
    if session.form.typed is not None and session.item is not None:
        typed = session.form.typed
        told = f"type a number from {typed.low:g} to {typed.high:g}, then Enter"
        yield Text(fitted(told, width), "dim")
    if session.note:
        yield Text(fitted(f"note: {session.note}", width), "italic")
    if session.message:
        yield Text(fitted(session.message, width), "yellow")


def _entry(entry: Entry, width: int) -> Iterator[Text]:
    name = "note" if entry.is_note else "number"
    room = max(1, width - len(name) - 3)
    text = printable(entry.text)
    while cell_len(text) > room:
        text = text[1:]
    yield Text(f"{name}: ", "bold").append(text, "default").append("▏", "dim")
    yield Text(fitted("Enter keeps it, Esc does not", width), "dim")


def _answers(form: Form) -> Iterator[tuple[str, str]]:
    for each in form.choices:
        yield (each.keys[0] if each.keys else ""), each.words


def _in_lines(keys: Sequence[tuple[str, str]], width: int) -> Iterator[Text]:
    """Keys with what they do, as many on a line as fit."""
    line = Text()
    for key, words in keys:
        entry = Text(key, "bold").append(f" {fitted(words, width // 2)}" if words else "", "default")
        if line and line.cell_len + 2 + entry.cell_len > width:
            yield line
            line = Text()
        if line:
            line.append("  ")
        line.append_text(entry)
    yield line


def _help(form: Form, width: int) -> Iterator[Text]:
    rows = [(" or ".join(each.keys), each.words) for each in form.choices if each.keys]
    if form.typed is not None:
        rows.append(("0–9 . -", f"a number from {form.typed.low:g} to {form.typed.high:g}, then Enter"))
        rows += [(f"{number}", name) for number, name in enumerate(form.typed.names, 1)]
    rows += [
        ("e", "write a note, which is kept with the answer"),
        (" or ".join(back_keys(form)), "take the last label back and answer again"),
        ("s", "skip: it comes again at the end"),
        ("space, arrows", "scroll the texts; Page Up, Page Down, Home, End"),
        ("q", "quit; the same command goes on here"),
    ]
    indent = max(len(keys) for keys, _ in rows) + 2
    for keys, words in rows:
        first, *rest = wrapped(words, width - indent) or [""]
        yield Text(keys.ljust(indent), "bold").append(first, "default")
        yield from (Text(" " * indent + line) for line in rest)


def _end(session: Session, width: int) -> Iterator[Text]:
    if session.is_enough:
        told = "These are enough labels. Thank you!"
    elif session.labelled:
        told = "There is no more to label here. More outputs come from further runs, or from `--sample`."
    else:
        told = "There is nothing to label here."
    yield from (Text(line, "bold") for line in wrapped(told, min(width, WIDEST_TEXT)))


def _where(top: int, page: int, lines: int) -> str:
    if lines <= page:
        return ""
    below = lines - top - page
    return f" {below:,} more lines: space " if below > 0 else " end "


def _heading(name: str, width: int) -> Text:
    name = fitted(name, max(1, width - 4))
    return Text(f"─ {name} ", "dim").append("─" * max(0, width - cell_len(name) - 3), "dim")


def _rule(width: int, told: str = "") -> Text:
    told = told if len(told) <= width else ""
    return Text("─" * (width - len(told)) + told, "dim")
