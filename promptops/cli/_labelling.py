"""A labelling session in the terminal: it shows, and waits for keys."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rich.console import Console, Group
from rich.control import Control

from promptops.cli._keys import DOWN, END, GONE, HOME, PAGE_DOWN, PAGE_UP, PASTE, UP, Keys, keyboard
from promptops.cli._label_screen import Screen, screen_of
from promptops.commands.labelling import Labelling
from promptops.errors import ConfigError
from promptops.reporters.amounts import counted
from promptops.reporters.printable import printable

LOOK_AGAIN_S = 0.3
"""So often it is looked whether the terminal has another size now."""

UNKNOWN_SIZE = (80, 24)


def require_terminal() -> None:
    """Raises ConfigError where nobody can look and press keys."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ConfigError(
            "labelling needs a terminal, with a person before it; this is a pipe or a file",
            hint="labels that were made elsewhere can be put into `labels/` as rows: `promptops help judges`",
        )


def run_session(labelling: Labelling) -> None:
    """Shows the session until the person goes; each label is kept as soon as its key is pressed."""
    console = Console(stderr=True, highlight=False)
    try:
        _run(labelling, console)
    finally:
        # A screen that is gone takes what stood on it along.
        notes = [f"note: {note}" for note in labelling.task.notes]
        kept = f"{counted(labelling.session.labelled, 'label')} of yours, {labelling.added} new: {labelling.file.name}"
        with suppress(OSError):
            sys.stderr.write("".join(f"{printable(line)}\n" for line in (*notes, kept)))


def _run(labelling: Labelling, console: Console) -> None:
    with _ended_by_signals(), keyboard() as keys, console.screen(hide_cursor=True) as shown:
        view = _View(labelling)
        while view.goes_on:
            size = _size()
            screen = view.screen(size)
            console.size = size
            console.control(Control.home())
            shown.update(Group(*screen.lines))
            view.wait(keys, size, screen)


class _View:
    """What is shown of a session, and how far its texts are scrolled."""

    def __init__(self, labelling: Labelling) -> None:
        self._labelling = labelling
        self._top = 0
        self._pastes = False
        self.goes_on = True

    def screen(self, size: tuple[int, int]) -> Screen:
        """What is to be seen."""
        screen = screen_of(self._labelling, self._top, *size)
        self._top = min(self._top, screen.furthest)
        return screen

    def wait(self, keys: Keys, size: tuple[int, int], screen: Screen) -> None:
        """Waits for a key and does what it means, or for another size of the terminal."""
        while (key := keys.next(LOOK_AGAIN_S)) is None:
            if _size() != size:
                return
        if key == PASTE:
            self._pastes = not self._pastes
        elif key == GONE:
            self.goes_on = False
        elif self._labelling.session.entry is not None or not self._scrolls(key, screen):
            self._press(key)

    def _press(self, key: str) -> None:
        session = self._labelling.session
        # What is pasted by mistake labels nothing.
        if self._pastes and session.entry is None:
            return
        before = session.item
        self.goes_on = self._labelling.press(key)
        if session.item is not before:
            self._top = 0

    def _scrolls(self, key: str, screen: Screen) -> bool:
        steps = {UP: -1, DOWN: 1, PAGE_UP: -screen.page, PAGE_DOWN: screen.page, " ": screen.page}
        if key == HOME:
            self._top = 0
        elif key == END:
            self._top = screen.furthest
        elif key in steps:
            self._top = min(max(0, self._top + steps[key]), screen.furthest)
        else:
            return False
        return True


def _size() -> tuple[int, int]:
    """Columns and lines of the terminal that is drawn on."""
    try:
        columns, lines = os.get_terminal_size(sys.stderr.fileno())
    except OSError:
        return UNKNOWN_SIZE
    return (columns, lines) if columns and lines else UNKNOWN_SIZE


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM ends like Ctrl-C, which leaves the terminal as it was; a hang-up leaves none."""

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
