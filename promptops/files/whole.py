"""Files that are replaced at once, so that nobody ever sees half of one."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path

from promptops.errors import ProjectError


def write_whole(path: Path, text: str) -> None:
    """Replaces a file of the project.

    Raises:
        ProjectError: the folder cannot be written.
    """
    try:
        replace_whole(path, text)
    except OSError as error:
        raise ProjectError(f"cannot write `{path}`: {error.strerror}") from None


def replace_whole(path: Path, text: str) -> None:
    """Replaces a file, which keeps its mode; raises OSError, and then leaves nothing behind.

    A link stays one. What is no file, such as `/dev/stdout`, gets the text and is not replaced.
    """
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8", newline="")
        return
    path = path.resolve() if path.is_symlink() else path
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with unfinished.open("x", encoding="utf-8", newline="") as stream:
            stream.write(text)
        if path.exists():
            unfinished.chmod(path.stat().st_mode)
        unfinished.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise
