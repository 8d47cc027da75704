"""The two sides of a comparison: the base's files, and the head's; the ruler belongs to the base."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from promptops.commands.project import Project
from promptops.errors import InvalidFilesError, VcsError
from promptops.files.config import Settings, load_settings
from promptops.model.config import Config, ProviderSettings
from promptops.model.result import HeadState
from promptops.model.suite import as_text
from promptops.vcs.base import Base, find_base
from promptops.vcs.checkout import write_tree
from promptops.vcs.repo import Repository

OF_THE_BASE = ("project", "gate", "plugins", "ledger")
"""The sections that a branch cannot change for its own comparison."""
TOLD_ONCE = ("project", "plugins", "ledger")
"""Those of them that are told of the branch as a whole; `[gate]` is told of every suite."""
PRICES = ("input_usd_per_million", "output_usd_per_million")
USUAL_BRANCHES = ("main", "master", "trunk")
BRANCH_FOLDERS = ("refs/remotes/origin", "refs/heads")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """`head` is measured as the base says, `branch` is the same with the branch's own `[gate]`."""

    repository: Repository
    origin: Base
    base: Project
    head: Project
    branch: Project
    head_state: HeadState
    changed: frozenset[PurePosixPath]
    """Every path that differs between the two sides."""
    commit: str | None = None
    """The commit that is the head; None where it is the working tree."""
    dirty: tuple[PurePosixPath, ...] = ()
    """What is not committed and counts as the head's."""
    settings_changes: tuple[str, ...] = ()
    """What the branch changes of the settings that measure, in words."""


@contextmanager
def open_sides(
    project: Project, *, against: str | None, head: str | None, environment: Mapping[str, str] = os.environ
) -> Iterator[Sides]:
    """Finds the base, and opens both sides; the working tree is read, or the commit `head`.

    Where code of the repository may run, a side that is a commit is written to a folder of its own,
    which is gone afterwards.

    Raises:
        VcsError: no repository, no base, an unknown commit, or settings of the base that are wrong.
        InvalidFilesError: the head's settings are wrong.
    """
    repository = project.repository()
    if repository is None:
        raise VcsError(
            "there is no Git repository, so there is nothing to compare with",
            hint="run `git init`, and commit",
        )
    if repository.is_tracked(project.state_folder):
        folder = project.state_folder.name
        raise VcsError(
            f"`{folder}/` is committed, so the answers kept there may be a branch's own",
            hint=f"take it out with `git rm -r --cached {folder}`, and commit",
        )
    sha = None if head is None else repository.resolve(head)
    origin = find_base(
        repository,
        base_branch=base_branch(project, repository, environment),
        against=against,
        environment=environment,
        head=sha,
    )
    changed = frozenset(repository.changed_paths(origin.sha, sha))
    head_state = repository.head_state() if sha is None else _state_of(repository, sha, head)
    with TemporaryDirectory(prefix="promptops-") as folder:
        base = replace(
            project,
            tree=repository.tree_at(origin.sha),
            settings=_settings_of(repository, origin, environment),
        )
        own = project
        if sha is not None:
            tree = repository.tree_at(sha)
            own = replace(project, tree=tree, settings=load_settings(tree, environment))
        if base.config.plugins.local and changed:
            base = with_code(base, repository, origin.sha, Path(folder) / "base")
            own = own if sha is None else with_code(own, repository, sha, Path(folder) / "head")
        ruling = ruled(base.settings, own.settings)
        branch = replace(ruling, config=replace(ruling.config, gate=own.config.gate))
        yield Sides(
            repository=repository,
            origin=origin,
            base=base,
            head=replace(own, settings=ruling),
            branch=replace(own, settings=branch),
            head_state=head_state,
            changed=changed,
            commit=sha,
            dirty=repository.changed_paths("HEAD") if head_state.dirty and head_state.sha else (),
            settings_changes=tuple(_settings_changes(base.config, own.config)),
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
    trusted = after.api_base == before.api_base or head.is_from_environment(f"providers.{name}.api_base")
    prices = {price: getattr(before, price) for price in PRICES}
    return replace(after, api_base=after.api_base if trusted else before.api_base, **prices)


def base_branch(project: Project, repository: Repository, environment: Mapping[str, str]) -> str:
    """The branch to compare with, as the default branch names it: another one could name itself.

    Only where there is no default branch the head is believed.
    """
    own = project.config.project.base
    if project.settings.is_from_environment("project.base"):
        return own
    tip = _default_tip(repository)
    if tip is None:
        return own
    try:
        named = load_settings(repository.tree_at(tip), environment).config.project.base
    except InvalidFilesError:
        return own
    # A setting that was never right there is one that this branch may just be mending.
    is_there = any(repository.find_commit(f"{folder}/{named}") for folder in BRANCH_FOLDERS)
    return own if not is_there and own in USUAL_BRANCHES else named


def _default_tip(repository: Repository) -> str | None:
    remote = ("refs/remotes/origin/HEAD", *(f"refs/remotes/origin/{name}" for name in USUAL_BRANCHES))
    local = (f"refs/heads/{name}" for name in USUAL_BRANCHES)
    return next((sha for ref in (*remote, *local) if (sha := repository.find_commit(ref))), None)


def _settings_of(repository: Repository, origin: Base, environment: Mapping[str, str]) -> Settings:
    try:
        return load_settings(repository.tree_at(origin.sha), environment)
    except InvalidFilesError as error:
        raise VcsError(
            f"the settings of the base `{origin.ref}` @ {origin.sha[:9]} are wrong: {error.problems[0]}",
            hint="mend them on that branch first, or name another commit with `--against`",
        ) from None


def _state_of(repository: Repository, sha: str, name: str | None) -> HeadState:
    is_branch = name is not None and repository.find_commit(f"refs/heads/{name}") == sha
    return HeadState(sha=sha, branch=name if is_branch else None, dirty=False)


def with_code(project: Project, repository: Repository, sha: str, folder: Path) -> Project:
    """A side whose code can run: its files written to a folder."""
    folder.mkdir(exist_ok=True)
    write_tree(repository, sha, folder)
    return replace(project, root=folder)


def _settings_changes(base: Config, branch: Config) -> Iterator[str]:
    for section in TOLD_ONCE:
        before, after = getattr(base, section), getattr(branch, section)
        for field in fields(before):
            old, new = getattr(before, field.name), getattr(after, field.name)
            if old != new:
                yield f"[{section}] {field.name} {_value(old)} → {_value(new)}"
    for name in sorted({*base.providers, *branch.providers}):
        old_provider = base.providers.get(name, ProviderSettings())
        new_provider = branch.providers.get(name, ProviderSettings())
        for key in ("api_base", *PRICES):
            old, new = getattr(old_provider, key), getattr(new_provider, key)
            if old != new:
                yield f"[providers.{name}] {key} {_value(old)} → {_value(new)}"


def _value(value: str | float | None) -> str:
    return "none" if value is None else as_text(value)
