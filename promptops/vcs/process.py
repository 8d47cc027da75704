from __future__ import annotations

import subprocess
from collections.abc import Sequence
from itertools import pairwise
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
        raise VcsError(f"`git {verb_of(arguments)}` failed: {last_words(result.stderr)}")
    return result


def verb_of(arguments: Sequence[str]) -> str:
    """What Git was asked to do: the first word that is no option, nor a setting behind `-c`."""
    words = (
        word for before, word in pairwise(("", *arguments)) if not word.startswith("-") and before != "-c"
    )
    return next(words, "")


def last_words(stderr: bytes) -> str:
    """The line of Git's messages that says what went wrong."""
    lines = text(stderr).strip().splitlines() or ["no message"]
    fatal = [line for line in lines if line.startswith("fatal: ")]
    return (fatal or lines[-1:])[0].removeprefix("fatal: ").removeprefix("error: ")


def text(output: bytes) -> str:
    """Git's output as text; names in other encodings survive the way back to Git."""
    return output.decode("utf-8", "surrogateescape")
