"""The command line: `main` is the one place where exceptions become messages and exit codes."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from promptops.errors import ExitCode, InvalidFilesError, PromptopsError

OBJECTS_BETWEEN_COLLECTIONS = 50_000


def main(argv: Sequence[str] | None = None) -> int:
    """Runs promptops with the given arguments (those of the process when None); returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    # Importing makes many objects and no garbage; collecting them is a fifth of the start.
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    _speak_utf8()
    if arguments == ["--version"]:
        from promptops._version import __version__

        sys.stdout.write(f"promptops {__version__}\n")
        return ExitCode.YES
    from promptops.cli.app import run

    try:
        return run(arguments)
    except PromptopsError as error:
        _complain(error)
        return error.exit_code
    except OSError as error:
        _complain(_refused_by_system(error))
        return ExitCode.MEND_FIRST
    except Exception as error:  # noqa: BLE001 - the last resort, so that no user meets a traceback
        from promptops.cli._crashlog import write_crash_log

        place = write_crash_log(error, arguments)
        sys.stderr.write(f"error: promptops itself failed: {type(error).__name__}\nhint: {place}\n")
        return ExitCode.BUG


def _refused_by_system(error: OSError) -> PromptopsError:
    reason = error.strerror or type(error).__name__
    return PromptopsError(f"{reason}: {error.filename}" if error.filename else f"cannot write: {reason}")


def _complain(error: PromptopsError) -> None:
    from promptops.reporters.printable import printable

    if isinstance(error, InvalidFilesError):
        lines = [str(problem) for problem in error.problems]
        count = len(lines)
        lines.append(
            f"error: {count} problem{'s' * (count != 1)} in the files; `promptops validate` checks them all"
        )
    else:
        place = f"{error.where}: " if error.where else ""
        lines = [f"error: {place}{error.message}"]
        if error.hint:
            lines.append(f"hint: {error.hint}")
    sys.stderr.write("".join(f"{printable(line)}\n" for line in lines))


def _speak_utf8() -> None:
    # Python has None for a stream that the caller closed.
    sys.stdout = sys.stdout or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    sys.stderr = sys.stderr or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
