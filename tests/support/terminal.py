"""`promptops` in a terminal of its own, as a person sees and uses it."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.process import COMMAND, LONGEST_WAIT_S

HOME = "\x1b[H"
"""What a program begins a new picture of the screen with."""
QUIET_S = 0.15
"""A picture is whole when nothing comes for so long."""
_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07]*\x07|[@-Z\\-_])")


class Terminal:
    """A terminal with a process in it."""

    def __init__(self, pid: int, descriptor: int) -> None:
        self.pid = pid
        self.said = ""
        self._descriptor = descriptor
        self._status: int | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    @property
    def screen(self) -> str:
        """The newest picture, as text."""
        return _ESCAPES.sub("", self.said.rpartition(HOME)[2]).replace("\r\n", "\n")

    @property
    def after(self) -> str:
        """What was said after the session, on the usual screen."""
        return _ESCAPES.sub("", self.said.rpartition("\x1b[?1049l")[2]).replace("\r\n", "\n")

    def press(self, *keys: str) -> None:
        """Presses keys, one after the other."""
        for key in keys:
            os.write(self._descriptor, key.encode())

    def wait_for(self, *texts: str) -> str:
        """The screen, as soon as it shows all of these texts."""
        return self.wait_until(lambda screen: all(text in screen for text in texts), f"{texts} never came")

    def wait_until(self, true: Callable[[str], bool], otherwise: str = "it never came true") -> str:
        """The screen, as soon as something is true of it."""
        self._read_until(lambda: true(self.screen), otherwise)
        while self._read(QUIET_S):
            pass
        return self.screen

    def resize(self, columns: int, lines: int) -> None:
        set_size(self._descriptor, columns, lines)

    def end(self) -> int:
        """The exit code, once the process has ended by itself; below 0 the signal that killed it."""
        self._read_until(self._has_ended, "it never ended")
        assert self._status is not None
        return os.waitstatus_to_exitcode(self._status)

    def hang_up(self) -> None:
        """The window is closed."""
        os.close(self._descriptor)
        self._descriptor = -1
        give_up_at_s = time.monotonic() + LONGEST_WAIT_S
        while not self._has_ended():
            assert time.monotonic() < give_up_at_s, "it outlived its terminal"
            time.sleep(0.01)

    def echoes(self) -> bool:
        """Whether the terminal is as a shell wants it."""
        flags = termios.tcgetattr(self._descriptor)[3]
        return bool(flags & termios.ECHO and flags & termios.ICANON)

    def close(self) -> None:
        if not self._has_ended():
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def _read_until(self, true: Callable[[], bool], otherwise: str) -> None:
        give_up_at_s = time.monotonic() + LONGEST_WAIT_S
        while not true():
            assert time.monotonic() < give_up_at_s, f"{otherwise}:\n{self.screen}"
            self._read(0.05)

    def _read(self, wait_s: float) -> bool:
        """Whether something came meanwhile."""
        if not select.select([self._descriptor], [], [], wait_s)[0]:
            return False
        try:
            self.said += self._decoder.decode(os.read(self._descriptor, 65_536))
        except OSError:
            # Nobody has the other end any more.
            time.sleep(0.01)
            return False
        return True

    def _has_ended(self) -> bool:
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._status = status if pid else None
        return self._status is not None


def set_size(descriptor: int, columns: int, lines: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


@contextmanager
def terminal(
    *arguments: str,
    at: Path,
    columns: int = 80,
    lines: int = 24,
    before: Callable[[], None] = lambda: None,
) -> Iterator[Terminal]:
    """Runs `promptops …` in a terminal; `before` is done in the process before it begins."""
    pid, descriptor = pty.fork()
    if pid == 0:
        try:
            os.chdir(at)
            set_size(0, columns, lines)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            before()
            environment = {**os.environ, "TERM": "xterm-256color"}
            environment.pop("COLUMNS", None)
            os.execvpe(COMMAND[0], [*COMMAND, *arguments], environment)
        finally:
            os._exit(127)
    found = Terminal(pid, descriptor)
    try:
        yield found
    finally:
        found.close()
