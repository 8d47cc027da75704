"""The project that a command works on: its root, files, settings and local state.

Environment variables that promptops reads (since 0.1.0): `PROMPTOPS_HOME`, the folder for local state;
`PROMPTOPS_<SECTION>_<KEY>`, any setting of `promptops.toml`; `NO_COLOR`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os.path import lexists
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from promptops.errors import ConfigError, Location, ProjectError
from promptops.files.config import FILE, Settings, load_settings
from promptops.files.tree import SourceTree, WorkingTree, missing_file
from promptops.model.config import Config

if TYPE_CHECKING:
    from promptops.cache.answers import AnswerCache
    from promptops.runs.journal import RunStore
    from promptops.vcs.repo import Repository

STATE_FOLDER = ".promptops"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project as one frozen object; `tree` is the side that is read."""

    root: Path
    tree: SourceTree
    settings: Settings
    state_folder: Path

    @property
    def config(self) -> Config:
        """The settings in force."""
        return self.settings.config

    def repository(self) -> Repository | None:
        """The Git repository around the project, if there is one."""
        from promptops.vcs.repo import Repository

        return Repository.around(self.root)

    def answers(self) -> AnswerCache:
        """What models answered before."""
        from promptops.cache.answers import AnswerCache

        return AnswerCache(self.state_folder)

    def runs(self) -> RunStore:
        """Past runs."""
        from promptops.runs.journal import RunStore

        return RunStore(self.state_folder)


def open_project(start: Path, environment: Mapping[str, str]) -> Project:
    """The project around a folder.

    Raises:
        InvalidFilesError: `promptops.toml` is wrong.
        ConfigError: a variable is wrong.
    """
    root = find_root(start)
    tree = WorkingTree(root)
    if lexists(root / FILE) and not tree.is_file(PurePosixPath(FILE)):
        raise missing_file(tree, PurePosixPath(FILE), Location(FILE))
    state_folder = _state_folder(root, environment)
    settings = load_settings(tree, environment)
    return Project(root=root, tree=tree, settings=settings, state_folder=state_folder)


def _state_folder(root: Path, environment: Mapping[str, str]) -> Path:
    home = environment.get("PROMPTOPS_HOME")
    if not home:
        return root / STATE_FOLDER
    try:
        return root / Path(home).expanduser()
    except RuntimeError:
        raise ConfigError(f"`PROMPTOPS_HOME` names a home that nobody has: `{home}`") from None


def find_root(start: Path) -> Path:
    """The nearest folder upwards with a `promptops.toml`, else the Git root, else the folder itself."""
    if not start.is_dir():
        raise ProjectError(f"there is no folder `{start}`")
    folder = start.resolve()
    upwards = [folder, *folder.parents]
    for marker in (FILE, ".git"):
        for each in upwards:
            if (each / marker).exists():
                return each
    return folder
