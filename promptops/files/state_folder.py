"""The folder for local state: private, and never committed."""

from __future__ import annotations

from pathlib import Path

from promptops.errors import ProjectError


def make_state_folder(folder: Path) -> Path:
    """The folder, made if need be, with a `.gitignore` that covers all in it.

    Raises:
        ProjectError: it cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as error:
        hint = "make it writable, or name another folder in `PROMPTOPS_HOME`"
        raise ProjectError(f"cannot write to `{folder}`: {error.strerror}", hint=hint) from None
    return folder
