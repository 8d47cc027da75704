"""`promptops init`: a project that evaluates offline at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

from promptops.commands.project import STATE_FOLDER
from promptops.errors import ProjectError
from promptops.files.whole import write_whole

SCHEMAS = PurePosixPath(STATE_FOLDER) / "schemas"


@dataclass(frozen=True, slots=True, kw_only=True)
class InitOutcome:
    """The files that were written and those that were there already and stayed as they were."""

    written: tuple[PurePosixPath, ...]
    kept: tuple[PurePosixPath, ...]


def init(folder: Path) -> InitOutcome:
    """Writes a first prompt, suite and dataset; a folder that has prompts or suites keeps its own.

    The schemas for editors are written anew each time: they belong to the installed version.

    Raises:
        ProjectError: the folder cannot be written.
    """
    has_own = any((folder / name).exists() for name in ("prompts", "evals"))
    starter = dict(_files(files("promptops").joinpath("starter"), PurePosixPath()))
    wanted = {path: text for path, text in starter.items() if not has_own or len(path.parts) == 1}
    kept = tuple(path for path in wanted if (folder / path).exists())
    new = {path: text for path, text in wanted.items() if path not in kept}
    schemas = dict(_files(files("promptops").joinpath("files", "schemas"), SCHEMAS))
    ignore = {PurePosixPath(STATE_FOLDER) / ".gitignore": "*\n"}
    for path, text in {**new, **ignore, **schemas}.items():
        _write(folder / path, text)
    return InitOutcome(written=tuple(new), kept=kept)


def _files(folder: Traversable, prefix: PurePosixPath) -> Iterator[tuple[PurePosixPath, str]]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        path = prefix / entry.name
        if entry.is_dir():
            yield from _files(entry, path)
        elif not entry.name.endswith((".py", ".pyc")):
            yield path, entry.read_text(encoding="utf-8")


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ProjectError(f"cannot make the folder `{path.parent}`: {error.strerror}") from None
    write_whole(path, text)
