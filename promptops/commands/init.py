"""`promptops init`: a project that evaluates offline at once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path, PurePosixPath

from promptops.commands.ci_files import CiHost, ci_files
from promptops.commands.package_files import texts_in
from promptops.commands.project import STATE_FOLDER, open_project
from promptops.errors import ProjectError
from promptops.files.whole import write_whole
from promptops.vcs.repo import Repository

SCHEMAS = PurePosixPath(STATE_FOLDER) / "schemas"


@dataclass(frozen=True, slots=True, kw_only=True)
class InitOutcome:
    """The files that were written and those that were there already and stayed as they were."""

    written: tuple[PurePosixPath, ...]
    kept: tuple[PurePosixPath, ...]


def init(folder: Path, ci: CiHost | None = None) -> InitOutcome:
    """Writes a first prompt, suite and dataset; a folder that has prompts or suites keeps its own.

    With `ci` the jobs are written too that judge pull requests and score the base branch.

    The schemas for editors are written anew each time: they belong to the installed version.

    Raises:
        ProjectError: the folder cannot be written, or is not where the host of the jobs looks for them.
    """
    if ci is not None:
        _check_is_top(folder)
    has_own = any((folder / name).exists() for name in ("prompts", "evals"))
    starter = dict(texts_in(files("promptops").joinpath("starter"), PurePosixPath()))
    wanted = {path: text for path, text in starter.items() if not has_own or len(path.parts) == 1}
    if ci is not None:
        wanted |= ci_files(ci, base=open_project(folder, os.environ).config.project.base)
    kept = tuple(path for path in wanted if (folder / path).exists())
    new = {path: text for path, text in wanted.items() if path not in kept}
    schemas = dict(texts_in(files("promptops").joinpath("files", "schemas"), SCHEMAS))
    ignore = {PurePosixPath(STATE_FOLDER) / ".gitignore": "*\n"}
    for path, text in {**new, **ignore, **schemas}.items():
        _write(folder / path, text)
    return InitOutcome(written=tuple(new), kept=kept)


def _check_is_top(folder: Path) -> None:
    """Jobs below the root of the repository would never run, and nobody would hear of it."""
    repository = Repository.around(folder)
    inner = repository.prefix if repository is not None else PurePosixPath()
    if inner == PurePosixPath():
        return
    hint = (
        "run it there; a `promptops.toml` there can name this project's folders:"
        f' `[project]` with `prompts = "{inner}/prompts"` and `evals = "{inner}/evals"`'
    )
    raise ProjectError(
        f"jobs are read at the root of the repository only, and `{inner}` is not it", hint=hint
    )


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ProjectError(f"cannot make the folder `{path.parent}`: {error.strerror}") from None
    write_whole(path, text)
