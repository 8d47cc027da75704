"""Keys as they are pressed, without Enter, on every system."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from promptops.engine.label_session import BACKSPACE, ENTER, ESCAPE

UP, DOWN, PAGE_UP, PAGE_DOWN, HOME, END = "up", "down", "page up", "page down", "home", "end"
GONE = "gone"
"""The terminal has hung up."""
PASTE = "paste"
"""Comes before and after what is pasted, where the terminal says so."""
CONTROLS = {"\r": ENTER, "\n": ENTER, "\x7f": BACKSPACE, "\x08": BACKSPACE}
SEQUENCES = {
    "[A": UP,
    "OA": UP,
    "[B": DOWN,
    "OB": DOWN,
    "[5~": PAGE_UP,
    "[6~": PAGE_DOWN,
    "[H": HOME,
    "OH": HOME,
    "[1~": HOME,
    "[F": END,
    "OF": END,
    "[4~": END,
    "[200~": PASTE,
    "[201~": PASTE,
}
LONGEST_SEQUENCE = 12
REST_OF_KEY_S = 0.05
"""A sequence arrives at once; an Escape that nothing follows was the key itself."""


def split_keys(text: str, *, is_whole: bool) -> tuple[list[str], str]:
    """The keys in what a terminal sent, and the beginning of one that is not complete unless `is_whole`."""
    keys: list[str] = []
    while text:
        if text[0] != "\x1b":
            keys.append(CONTROLS.get(text[0], text[0]))
            text = text[1:]
            continue
        length = _sequence_length(text)
        if length is None:
            if not is_whole:
                break
            length = 1
        # A sequence that nobody knows is a key that does nothing, and none of its characters is one.
        keys.append(ESCAPE if length == 1 else SEQUENCES.get(text[1:length], "unknown"))
        text = text[length:]
    return keys, text


def _sequence_length(text: str) -> int | None:
    """How long the escape sequence at the beginning is; None where it is not complete."""
    if len(text) == 1:
        return None
    if text[1] not in "[O":
        return 1
    for place, char in enumerate(text[2:LONGEST_SEQUENCE], 2):
        if "@" <= char <= "~" and char != "[":
            return place + 1
    return None if len(text) < LONGEST_SEQUENCE else LONGEST_SEQUENCE


if sys.platform == "win32":
    import msvcrt

    SPECIAL = {"H": UP, "P": DOWN, "I": PAGE_UP, "Q": PAGE_DOWN, "G": HOME, "O": END}
    POLL_S = 0.02

    class Keys:
        """The keyboard."""

        def next(self, wait_s: float) -> str | None:
            """The next key; None when none came in so many seconds."""
            give_up_at_s = time.monotonic() + wait_s
            while not msvcrt.kbhit():
                if time.monotonic() > give_up_at_s:
                    return None
                time.sleep(POLL_S)
            char = msvcrt.getwch()
            if char in "\0\xe0":
                return SPECIAL.get(msvcrt.getwch(), "unknown")
            if char == "\x03":
                raise KeyboardInterrupt
            return ESCAPE if char == "\x1b" else CONTROLS.get(char, char)

    @contextmanager
    def keyboard() -> Iterator[Keys]:
        """The keyboard, for the time of a session."""
        yield Keys()

else:
    import codecs
    import select
    import termios
    import tty

    BRACKETED_PASTE = "\x1b[?2004h", "\x1b[?2004l"

    class Keys:
        """The keyboard."""

        def __init__(self, descriptor: int) -> None:
            self._descriptor = descriptor
            self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
            self._ready: list[str] = []
            self._rest = ""

        def next(self, wait_s: float) -> str | None:
            """The next key; None when none came in so many seconds."""
            if self._ready:
                return self._ready.pop(0)
            if not self._readable(REST_OF_KEY_S if self._rest else wait_s):
                self._ready, self._rest = split_keys(self._rest, is_whole=True)
            else:
                try:
                    sent = os.read(self._descriptor, 4096)
                except OSError:
                    sent = b""
                if not sent:
                    return GONE
                text = self._rest + self._decoder.decode(sent)
                self._ready, self._rest = split_keys(text, is_whole=False)
            return self._ready.pop(0) if self._ready else None

        def _readable(self, wait_s: float) -> bool:
            return bool(select.select([self._descriptor], [], [], wait_s)[0])

    @contextmanager
    def keyboard() -> Iterator[Keys]:
        """The keyboard, for the time of a session; the terminal is as before when it ends, however it does."""
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
        settings: list[Any] = termios.tcgetattr(descriptor)
        # No line at a time, no echo; Ctrl-C interrupts, while Ctrl-Z, Ctrl-\ and Ctrl-S would leave a screen behind.
        settings[tty.LFLAG] &= ~(termios.ICANON | termios.ECHO)
        settings[tty.IFLAG] &= ~termios.IXON
        for key in (termios.VSUSP, termios.VQUIT):
            settings[tty.CC][key] = b"\0"
        try:
            termios.tcsetattr(descriptor, termios.TCSADRAIN, settings)
            sys.stderr.write(BRACKETED_PASTE[0])
            yield Keys(descriptor)
        finally:
            try:
                sys.stderr.write(BRACKETED_PASTE[1])
                sys.stderr.flush()
                termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
            except (OSError, termios.error):
                pass  # The terminal is gone.
