"""The two sides of a comparison: the base's files, and the head's; the ruler belongs to the base."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from promptops.commands.project import Project
from promptops.errors import VcsError
from promptops.files.config import Settings, load_settings
from promptops.files.tree import SourceTree
from promptops.model.config import Config, ProviderSettings
from promptops.model.result import HeadState
from promptops.vcs.base import Base, find_base
from promptops.vcs.repo import Repository

OF_THE_BASE = ("project", "gate", "plugins", "ledger")
"""The sections that a branch cannot change for its own comparison."""
PRICES = ("input_usd_per_million", "output_usd_per_million")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """`branch` is the head as its own files say; `head` is the same, measured as the base says."""

    repository: Repository
    origin: Base
    base: Project
    head: Project
    branch: Project
    head_state: HeadState
    changed: frozenset[PurePosixPath]
    """Every path that differs between the two sides."""


def open_sides(
    project: Project, *, against: str | None, head: str | None, environment: Mapping[str, str] = os.environ
) -> Sides:
    """Finds the base, and opens both sides; the working tree is read, or the commit `head`.

    Raises:
        VcsError: no repository, no base, or an unknown commit, each with what mends it.
        InvalidFilesError: a side's settings are wrong.
    """
    repository = project.repository()
    if repository is None:
        raise VcsError(
            "there is no Git repository, so there is nothing to compare with",
            hint="run `git init`, and commit",
        )
    origin = find_base(
        repository, base_branch=project.config.project.base, against=against, environment=environment
    )
    base = _at(project, repository.tree_at(origin.sha), environment)
    branch = project if head is None else _at(project, repository.tree_at(head), environment)
    sha = None if head is None else repository.resolve(head)
    return Sides(
        repository=repository,
        origin=origin,
        base=base,
        head=replace(branch, settings=ruled(base.settings, branch.settings)),
        branch=branch,
        head_state=repository.head_state() if sha is None else HeadState(sha=sha, branch=head, dirty=False),
        changed=frozenset(repository.changed_paths(origin.sha, sha)),
    )


def ruled(base: Settings, head: Settings) -> Settings:
    """The head's settings as its comparison may use them.

    The base decides how is measured, what may run, what things cost, and where a key may be sent: an
    endpoint counts only where the base or the environment names it.
    """
    providers = {
        name: _provider(name, base, head) for name in {*base.config.providers, *head.config.providers}
    }
    of_base: Config = replace(
        head.config,
        providers=providers,
        **{section: getattr(base.config, section) for section in OF_THE_BASE},
    )
    return replace(head, config=of_base)


def _provider(name: str, base: Settings, head: Settings) -> ProviderSettings:
    before = base.config.providers.get(name, ProviderSettings())
    after = head.config.providers.get(name, ProviderSettings())
    source = head.sources.get(f"providers.{name}.api_base", "")
    trusted = after.api_base == before.api_base or source.startswith("PROMPTOPS_")
    prices = {price: getattr(before, price) for price in PRICES}
    return replace(after, api_base=after.api_base if trusted else before.api_base, **prices)


def _at(project: Project, tree: SourceTree, environment: Mapping[str, str]) -> Project:
    return replace(project, tree=tree, settings=load_settings(tree, environment))


def with_code(project: Project, repository: Repository, sha: str, folder: Path) -> Project:
    """A side whose code can run: its files written to a folder."""
    from promptops.vcs.checkout import write_tree

    write_tree(repository, sha, folder)
    return replace(project, root=folder)
