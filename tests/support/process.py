"""promptops as a process of its own, where a signal, a pipe or a terminal matters."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

COMMAND = (sys.executable, "-m", "promptops")
LONGEST_WAIT_S = 60.0
"""Only a test that would never end waits so long."""


def start(
    *arguments: str, at: Path, stdout: int | IO[bytes] = subprocess.PIPE, stderr: int = subprocess.PIPE
) -> subprocess.Popen[bytes]:
    """Starts `promptops …` in a folder, with the environment of the test."""
    # Where the tests run in the background interrupts are ignored, and a process inherits that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen([*COMMAND, *arguments], cwd=at, stdout=stdout, stderr=stderr)
    finally:
        signal.signal(signal.SIGINT, before)


def wait_until(true: Callable[[], bool]) -> None:
    """Returns as soon as something is so."""
    give_up_at_s = time.monotonic() + LONGEST_WAIT_S
    while not true():
        assert time.monotonic() < give_up_at_s, "it never came true"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
