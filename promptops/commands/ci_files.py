"""The files by which a repository runs promptops in CI."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from importlib.resources import files
from pathlib import PurePosixPath

from promptops import __version__
from promptops.commands.package_files import texts_in

DISTRIBUTION = "promptops-toolchain"


class CiHost(StrEnum):
    """Where the jobs run."""

    GITHUB = "github"
    GITLAB = "gitlab"


def ci_files(
    host: CiHost, base: str, install: str = f"{DISTRIBUTION}=={__version__}"
) -> Mapping[PurePosixPath, str]:
    """The files by their path in the repository.

    Args:
        host: where the jobs run.
        base: the branch that pull requests go to.
        install: what pip installs in a job.
    """
    folder = files("promptops").joinpath("ci", host)
    filled = {"@BASE@": base, "@INSTALL@": install}
    return {path: _filled(text, filled) for path, text in texts_in(folder, PurePosixPath(f".{host}"))}


def _filled(text: str, values: Mapping[str, str]) -> str:
    for place, value in values.items():
        text = text.replace(place, value)
    return text
