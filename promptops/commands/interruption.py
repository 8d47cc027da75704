from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from promptops.errors import ExitCode, InterruptedRunError
from promptops.halt import Halt

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
LONGEST_FAREWELL_S = 2.0
"""How long the end may take that was asked for twice."""


@contextmanager
def interruptible(halt: Halt) -> Iterator[None]:
    """Ctrl-C lets the calls under way finish; a second one ends the run at once."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    def stop() -> None:
        if halt.asked:
            task.cancel()
            loop.call_later(LONGEST_FAREWELL_S, os._exit, ExitCode.INTERRUPTED)
            return
        hint = "what was answered is kept; run the same command again to go on"
        halt.ask(InterruptedRunError("interrupted", hint=hint))

    handled = []
    try:
        # `nohup` ignores one of them, and means it.
        for each in (each for each in SIGNALS if signal.getsignal(each) is not signal.SIG_IGN):
            loop.add_signal_handler(each, stop)
            handled.append(each)
    except (NotImplementedError, RuntimeError, ValueError):
        pass  # Windows, or not the main thread: there Python's own way of ending has to do.
    try:
        yield
    finally:
        for each in handled:
            loop.remove_signal_handler(each)
