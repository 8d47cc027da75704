"""A program of the user's repository that is kept running: one line of JSON in, one line of JSON out."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from promptops.errors import ConfigError, TargetError
from promptops.plugin import CaseFailure, JsonValue

LONGEST_LINE_BYTES = 10_000_000
MOST_RESTARTS = 3
STDERR_CHARACTERS = 300
LONGEST_SHOWN = 100
EXIT_CHECK_S = 0.01
EXIT_CHECKS = 200
"""A process that closed its output has so long to end by itself."""


def require_program(argv: Sequence[str], folder: str) -> None:
    """Raises ConfigError for a program that is neither on the path nor at a path from `folder`."""
    program = argv[0]
    is_path = any(mark in program for mark in ("/", os.sep))
    if shutil.which(str(Path(folder, program)) if is_path else program) is None:
        hint = "`argv` begins with a program on the path, or a path from the project's root"
        raise ConfigError(f"there is no program `{program}`", hint=hint)


class WarmProcess:
    """It starts with the first question, and again after it failed; questions take turns.

    What it says on stderr is shown when it ends.
    """

    def __init__(self, argv: Sequence[str], folder: str, timeout_s: float) -> None:
        self._argv = argv
        self._folder = folder
        self._timeout_s = timeout_s
        self._turn = asyncio.Lock()
        self._process: Process | None = None
        self._errors: asyncio.Task[bytes] | None = None
        self._starts = 0
        """Since the last answer that could be used."""
        self._failure = ""

    async def ask(self, question: Mapping[str, JsonValue]) -> tuple[JsonValue, float]:
        """The answer, and how many milliseconds it took; an `id` in it must be that of the question.

        Raises:
            CaseFailure: the process ended, took too long, or said something else.
            TargetError: it does so again and again, or cannot be started.
        """
        line = json.dumps(question, ensure_ascii=False) + "\n"
        async with self._turn:
            process = await self._running()
            begun_s = time.perf_counter()
            try:
                said = await self._exchange(process, line.encode("utf-8", "surrogatepass"))
                latency_ms = (time.perf_counter() - begun_s) * 1000
                answer = _answer(said, question["id"])
            except (CaseFailure, asyncio.CancelledError) as failure:
                # What the process says from here on may belong to any question.
                await self.stop()
                self._failure = str(failure)
                raise
            self._starts = 0
        return answer, latency_ms

    async def stop(self) -> None:
        """Ends the process and what it started."""
        process, self._process = self._process, None
        if process is None:
            return
        _kill(process)
        await process.wait()
        if self._errors is not None:
            await self._errors
        if process.stdin is not None:
            process.stdin.close()

    async def _exchange(self, process: Process, line: bytes) -> bytes:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            async with asyncio.timeout(self._timeout_s):
                process.stdin.write(line)
                await process.stdin.drain()
                answer = await process.stdout.readline()
        except TimeoutError:
            raise CaseFailure("timeout", f"the command gave no answer within {self._timeout_s:g} s") from None
        except (BrokenPipeError, ConnectionResetError):
            answer = b""
        except ValueError:
            raise CaseFailure("bad_output", "the command answered with a line that is too long") from None
        if not answer:
            raise CaseFailure("target_failed", f"the command ended{await self._last_words(process)}")
        return answer

    async def _running(self) -> Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        if self._starts > MOST_RESTARTS:
            raise TargetError(
                f"the command `{self._argv[0]}` keeps failing: {self._failure}",
                hint="run it by hand with one line",
            )
        self._starts += 1
        process = await self._start()
        assert process.stderr is not None
        self._process, self._errors = process, asyncio.create_task(_tail(process.stderr))
        return process

    async def _start(self) -> Process:
        options: dict[str, Any] = {"start_new_session": True} if os.name == "posix" else {}
        try:
            return await asyncio.create_subprocess_exec(
                *self._argv,
                cwd=self._folder,
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                limit=LONGEST_LINE_BYTES,
                **options,
            )
        except OSError as error:
            raise TargetError(f"the command `{self._argv[0]}` cannot be started: {error.strerror}") from None

    async def _last_words(self, process: Process) -> str:
        # `Process.wait` would also wait for children that hold stderr open.
        for _ in range(EXIT_CHECKS):
            if process.returncode is not None:
                break
            await asyncio.sleep(EXIT_CHECK_S)
        _kill(process)
        code = await process.wait()
        text = (await self._errors).decode("utf-8", "replace").strip() if self._errors else ""
        return f" with code {code}{': ' + text[-STDERR_CHARACTERS:] if text else ''}"


def _kill(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        elif process.returncode is None:
            process.kill()


def _answer(line: bytes, id_: JsonValue) -> JsonValue:
    try:
        answer: JsonValue = json.loads(line)
    except (ValueError, RecursionError):
        shown = line[:LONGEST_SHOWN].decode("utf-8", "replace").strip()
        raise CaseFailure(
            "bad_output", f"the command answered with a line that is not JSON: {shown}"
        ) from None
    if isinstance(answer, Mapping) and answer.get("id", id_) != id_:
        raise CaseFailure("bad_output", f"the command answered case `{answer['id']}` instead")
    return answer


async def _tail(stream: asyncio.StreamReader) -> bytes:
    """Reads to the end, so that the process never blocks; keeps the last part."""
    kept = b""
    while chunk := await stream.read(4096):
        kept = (kept + chunk)[-4096:]
    return kept
