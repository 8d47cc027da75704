from __future__ import annotations

import subprocess
from pathlib import Path

from promptops.errors import VcsError
from promptops.vcs.environment import clean_environment


def no_git() -> VcsError:
    """The error where Git is not installed."""
    return VcsError("there is no program `git` here", hint="install Git")


def run_git(
    folder: Path, *arguments: str, codes: tuple[int, ...] = (0,), stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Runs Git in a folder, untouched by variables that a hook exports.

    Raises:
        VcsError: Git is not installed, or it ended with another code than those of `codes`.
    """
    command = ["git", "-C", str(folder), *arguments]
    try:
        result = subprocess.run(
            command, env=clean_environment(), input=stdin, capture_output=True, check=False
        )
    except FileNotFoundError:
        raise no_git() from None
    if result.returncode not in codes:
        verb = next(each for each in arguments if not each.startswith("-"))
        raise VcsError(f"`git {verb}` failed: {last_words(result.stderr)}")
    return result


def last_words(stderr: bytes) -> str:
    """The line of Git's messages that says what went wrong."""
    lines = [line for line in text(stderr).strip().splitlines() if not line.startswith("hint:")]
    return (lines or ["no message"])[-1].removeprefix("fatal: ").removeprefix("error: ")


def text(output: bytes) -> str:
    """Git's output as text; names in other encodings survive the way back to Git."""
    return output.decode("utf-8", "surrogateescape")
