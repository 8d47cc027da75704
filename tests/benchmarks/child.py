"""A command as a process of its own: timed from start to end, its peak memory, and how it ended.

The system counts what a process holds before it becomes another program, so whoever measures has to
stay small: nothing here or in what imports this may load a large library.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
LONGEST_RUN_S = 1800.0
BYTES_PER_UNIT = 1 if sys.platform == "darwin" else 1024
LEFT_OUT = ("PROMPTOPS_", "LITELLM_", "OPENAI_", "GIT_")


@dataclass(frozen=True, slots=True)
class Command:
    """What to start, and where."""

    arguments: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Measured:
    """A process that has ended."""

    seconds: float
    peak_mb: float
    exit_code: int
    stdout: str
    stderr: str

    def last_words(self) -> str:
        """How it ended and the end of what it said, for a line of a report."""
        lines = self.stderr.strip().splitlines() or self.stdout.strip().splitlines() or ["nothing said"]
        return f"exit code {self.exit_code}: {' '.join(lines[-3:])[:300]}"


@dataclass(frozen=True, slots=True)
class Killed:
    """A process that was killed, by the system's monotonic clock."""

    started_at_s: float
    killed_at_s: float


def clean_environment() -> dict[str, str]:
    """The environment without what would change a contender: its settings, real keys, proxies."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(LEFT_OUT) and not name.lower().endswith("_proxy")
    }


def measure(command: Command, scratch: Path) -> Measured:
    """Runs a command to its end; its output goes to files in a scratch folder."""
    begun_s = time.perf_counter()
    with _started(command, scratch) as process:
        watchdog = threading.Timer(LONGEST_RUN_S, process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            watchdog.cancel()
        seconds = time.perf_counter() - begun_s
        process.returncode = os.waitstatus_to_exitcode(status)
    return Measured(
        seconds=seconds,
        peak_mb=usage.ru_maxrss * BYTES_PER_UNIT / 1024 / 1024,
        exit_code=process.returncode,
        stdout=(scratch / "stdout").read_text(encoding="utf-8"),
        stderr=(scratch / "stderr").read_text(encoding="utf-8", errors="replace"),
    )


def kill_after(command: Command, scratch: Path, seconds: float) -> Killed | None:
    """Starts a command and kills it after so long, without warning; None when it had ended by itself."""
    with _started(command, scratch) as process:
        started_at_s = time.monotonic()
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            # The process may have sent something until it was really gone.
            killed_at_s = time.monotonic()
            return Killed(started_at_s, killed_at_s)
    return None


@contextmanager
def _started(command: Command, scratch: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The process in a session of its own; whatever it leaves behind ends with the block."""
    with (scratch / "stdout").open("wb") as stdout, (scratch / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            command.arguments,
            cwd=command.folder,
            env=dict(command.environment),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _end_session(process.pid)
        if process.returncode is None:
            process.wait()


def _end_session(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
