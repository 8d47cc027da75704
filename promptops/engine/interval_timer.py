"""Breaks off what runs in the main thread for too long."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class TooLong(BaseException):
    """The time is up. Nobody's `except Exception` is to catch it."""


class IntervalTimer:
    """One at a time in a process. Where there is no such timer (Windows, another thread), nothing is broken off."""

    def __init__(self) -> None:
        self._running = False
        self._replaced: Any = None
        self._usable = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
        if self._usable:
            self._replaced = signal.signal(signal.SIGALRM, self._ring)

    @contextmanager
    def at_most(self, seconds: float) -> Iterator[None]:
        """Raises TooLong in the block once the time is up."""
        if not self._usable:
            yield
            return
        self._running = True
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            yield
        finally:
            # A signal that is on its way is ignored from here on.
            self._running = False
            signal.setitimer(signal.ITIMER_REAL, 0)

    def close(self) -> None:
        """Gives the signal back to who had it before."""
        if self._usable:
            signal.signal(signal.SIGALRM, self._replaced)

    def _ring(self, number: int, frame: FrameType | None) -> None:
        if self._running:
            self._running = False
            raise TooLong
