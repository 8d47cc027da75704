from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from promptops.application_answer import completion_of
from promptops.errors import ConfigError, TargetError
from promptops.plugin import CaseFailure, Completion, JsonValue, Record, Request, Target, TargetContext

LONGEST_LINE_BYTES = 10_000_000
MOST_RESTARTS = 3
STDERR_CHARACTERS = 300
LONGEST_SHOWN = 100
EXIT_CHECK_S = 0.01
EXIT_CHECKS = 200
"""A process that closed its output has so long to end by itself."""


@dataclass(slots=True, kw_only=True)
class Command(Record):
    """A process of this repository, kept warm: one JSON line in, one JSON line out, for each case.

    In: `{"id": …, "inputs": {…}}`. Out: `{"output": …}` (of a retriever `{"documents": […]}`) with what it
    measured, or `{"error": "…"}`; an `id` in the answer must be that of the case. What it says on stderr
    is shown when it ends.
    """

    version: ClassVar[int] = 1
    needs_prompt: ClassVar[bool] = False
    shorthand: ClassVar[str | None] = "argv"

    argv: tuple[str, ...]
    timeout_s: float | None = None
    _folder: str = field(init=False, default="", repr=False)
    _limit_s: float = field(init=False, default=0.0, repr=False)
    _process: Any = field(init=False, default=None, repr=False, compare=False)
    _errors: Any = field(init=False, default=None, repr=False, compare=False)
    _turn: Any = field(init=False, default=None, repr=False, compare=False)
    _starts: int = field(init=False, default=0, repr=False)
    """Since the last answer that could be used."""
    _failure: str = field(init=False, default="", repr=False)

    def __post_init__(self) -> None:
        if not self.argv:
            raise ValueError("`argv` names no program")

    async def open(self, context: TargetContext) -> None:
        """See Target; the process starts with the first case."""
        context.require_local_code(f"target `command: {self.argv[0]}`")
        program = self.argv[0]
        is_path = any(mark in program for mark in ("/", os.sep))
        if shutil.which(str(Path(context.folder, program)) if is_path else program) is None:
            hint = "`argv` begins with a program on the path, or a path from the project's root"
            raise ConfigError(f"there is no program `{program}`", hint=hint)
        self._folder = context.folder
        self._limit_s = self.timeout_s or context.timeout_s
        self._turn = asyncio.Lock()

    async def complete(self, request: Request) -> Completion:
        """See Target; cases take turns."""
        assert self._turn is not None
        line = json.dumps({"id": request.case.id, "inputs": request.inputs}, ensure_ascii=False) + "\n"
        async with self._turn:
            process = await self._running()
            begun = time.perf_counter()
            try:
                said = await self._exchange(process, line.encode("utf-8", "surrogatepass"))
                latency_ms = (time.perf_counter() - begun) * 1000
                answer = _answer(said, request.case.id)
            except CaseFailure as failure:
                # What the process says from here on may belong to any case.
                await self._stop()
                self._failure = str(failure)
                raise
            self._starts = 0
        return completion_of(answer, latency_ms)

    async def close(self) -> None:
        """See Target; ends the process and what it started."""
        await self._stop()

    def identity(self) -> JsonValue:
        """See Target."""
        return None

    async def _exchange(self, process: Process, line: bytes) -> bytes:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            async with asyncio.timeout(self._limit_s):
                process.stdin.write(line)
                await process.stdin.drain()
                answer = await process.stdout.readline()
        except TimeoutError:
            raise CaseFailure("timeout", f"the command gave no answer within {self._limit_s:g} s") from None
        except (BrokenPipeError, ConnectionResetError):
            answer = b""
        except ValueError:
            raise CaseFailure("bad_output", "the command answered with a line that is too long") from None
        if not answer:
            raise CaseFailure("target_failed", f"the command ended{await self._last_words(process)}")
        return answer

    async def _running(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            if self._starts > MOST_RESTARTS:
                raise TargetError(
                    f"the command `{self.argv[0]}` keeps failing: {self._failure}",
                    hint="run it by hand with one line",
                )
            self._starts += 1
            process = await self._start()
            assert process.stderr is not None
            self._process, self._errors = process, asyncio.create_task(_tail(process.stderr))
        running: Process = self._process
        return running

    async def _start(self) -> Process:
        options: dict[str, Any] = {"start_new_session": True} if os.name == "posix" else {}
        try:
            return await asyncio.create_subprocess_exec(
                *self.argv,
                cwd=self._folder,
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                limit=LONGEST_LINE_BYTES,
                **options,
            )
        except OSError as error:
            raise TargetError(f"the command `{self.argv[0]}` cannot be started: {error.strerror}") from None

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

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        _kill(process)
        await process.wait()
        if self._errors is not None:
            await self._errors
        if process.stdin is not None:
            process.stdin.close()


def _kill(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        elif process.returncode is None:
            process.kill()


def _answer(line: bytes, case_id: str) -> JsonValue:
    try:
        answer: JsonValue = json.loads(line)
    except (ValueError, RecursionError):
        shown = line[:LONGEST_SHOWN].decode("utf-8", "replace").strip()
        raise CaseFailure(
            "bad_output", f"the command answered with a line that is not JSON: {shown}"
        ) from None
    if isinstance(answer, Mapping) and answer.get("id", case_id) != case_id:
        raise CaseFailure("bad_output", f"the command answered case `{answer['id']}` instead")
    return answer


async def _tail(stream: asyncio.StreamReader) -> bytes:
    """Reads to the end, so that the process never blocks; keeps the last part."""
    kept = b""
    while chunk := await stream.read(4096):
        kept = (kept + chunk)[-4096:]
    return kept


PLUGIN: type[Target] = Command
