"""The commit that a branch is compared with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promptops.errors import VcsError
from promptops.model.record import Record
from promptops.vcs.process import text
from promptops.vcs.repo import Repository

TARGET_BRANCH = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
PARENTS_OF_A_MERGE = 2
DEEPER = 50
"""How many more commits the command fetches that an error recommends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Base(Record):
    """What a branch is compared with.

    `ref` is the name that led there, `how` says in words why it is this commit, and `commits_behind` is
    how many commits `ref` has that this commit does not have.
    """

    ref: str
    sha: str
    how: str
    commits_behind: int


@dataclass(frozen=True, slots=True)
class _Search:
    repository: Repository
    head: str
    event: Mapping[str, Any]

    def told(self, *keys: str) -> str | None:
        """A text of the event that started the job; None where it says nothing."""
        value: Any = self.event
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value if isinstance(value, str) else None

    def base(self, ref: str, sha: str, how: str, tip: str) -> Base:
        """The result, with the distance to the tip of its branch."""
        count = text(self.repository.git("rev-list", "--count", f"{sha}..{tip}").stdout)
        return Base(ref=ref, sha=sha, how=how, commits_behind=int(count))


def find_base(
    repository: Repository,
    *,
    base_branch: str,
    against: str | None,
    environment: Mapping[str, str],
    head: str | None = None,
) -> Base:
    """The commit to compare HEAD, or another commit, with.

    In this order: `against`; what a pull request or merge group of GitHub names, which is about HEAD; the
    merge base with the base branch at `origin`, or else the local one.

    Args:
        repository: where to look; HEAD may be detached.
        base_branch: the branch's name, without remote.
        against: any name of a commit, as the user typed it.
        environment: the variables that a CI job sets.
        head: the commit to compare instead of HEAD.

    Raises:
        VcsError: there is no such commit here; the hint is the command that mends it.
    """
    tip = head or repository.find_commit("HEAD")
    if tip is None:
        hint = 'make the first one: `git add --all && git commit --message "first"`'
        raise VcsError("this repository has no commit to compare", hint=hint)
    if against is not None:
        sha = repository.resolve(against)
        return Base(ref=against, sha=sha, how="named by `--against`", commits_behind=0)
    search = _Search(repository, tip, _event(environment))
    of_event = _of_event(search, environment) if head is None else None
    return of_event or _of_branch(search, _target(environment) or base_branch)


def branch_tip(repository: Repository, branch: str) -> tuple[str, str]:
    """The name and the newest commit of the base branch: of `origin`'s, unless the local one has all of it.

    Raises:
        VcsError: there is no such branch.
    """
    refs = {f"origin/{branch}": f"refs/remotes/origin/{branch}", branch: f"refs/heads/{branch}"}
    found = {shown: sha for shown, ref in refs.items() if (sha := repository.find_commit(ref))}
    if not found:
        hint = f"set `base` under `[project]` in promptops.toml, or run `git fetch origin {branch}`"
        raise VcsError(f"there is no branch `{branch}` here or at `origin`", hint=hint)
    (shown, first), *others = found.items()
    for name, sha in others:
        ahead = repository.git("merge-base", "--is-ancestor", first, sha, codes=(0, 1)).returncode == 0
        if ahead and sha != first:
            return name, sha
    return shown, first


def _target(environment: Mapping[str, str]) -> str | None:
    return next((environment[name] for name in TARGET_BRANCH if environment.get(name)), None)


def _event(environment: Mapping[str, str]) -> Mapping[str, Any]:
    try:
        event = json.loads(Path(environment.get("GITHUB_EVENT_PATH", "")).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return event if isinstance(event, dict) else {}


def _of_event(search: _Search, environment: Mapping[str, str]) -> Base | None:
    name = environment.get("GITHUB_EVENT_NAME", "")
    if name == "merge_group":
        return _of_merge_group(search)
    if not name.startswith("pull_request"):
        return None
    branch = search.told("pull_request", "base", "ref") or _target(environment) or "base"
    parents = _parents(search)
    if len(parents) == PARENTS_OF_A_MERGE and _is_merge_of_pull_request(search, parents[1], environment):
        return _first_parent(search, parents[0], branch)
    named = search.told("pull_request", "base", "sha")
    tip = search.repository.find_commit(named) if named else None
    if tip is None:
        return None
    sha = _merge_base(search, tip)
    return (
        search.base(branch, sha, f"merge base of HEAD and the pull request's base `{branch}`", tip)
        if sha
        else None
    )


def _of_merge_group(search: _Search) -> Base | None:
    named = search.told("merge_group", "base_sha")
    if named is None:
        return None
    sha = search.repository.find_commit(named)
    if sha is None:
        hint = f"run `git fetch --deepen={DEEPER} origin {search.head} {named}`"
        raise VcsError(f"the merge group's base {named} is not in this clone", hint=hint)
    branch = (search.told("merge_group", "base_ref") or "base").removeprefix("refs/heads/")
    return Base(ref=branch, sha=sha, how="base of the merge group", commits_behind=0)


def _is_merge_of_pull_request(search: _Search, second: str, environment: Mapping[str, str]) -> bool:
    """Whether HEAD is the merge that GitHub made, and not one that somebody made on the branch."""
    named = search.told("pull_request", "head", "sha")
    if named is not None:
        return second == named
    return environment.get("GITHUB_EVENT_NAME") == "pull_request" and (
        environment.get("GITHUB_SHA", search.head) == search.head
    )


def _first_parent(search: _Search, first: str, branch: str) -> Base:
    if search.repository.find_commit(first) is None:
        hint = f"run `git fetch --deepen=1 origin {search.head}`, or check out with `fetch-depth: 2`"
        raise VcsError("this clone is too shallow for the pull request's base", hint=hint)
    tip = search.repository.find_commit(f"refs/remotes/origin/{branch}") or first
    return search.base(branch, first, f"`{branch}` as the pull request's merge commit joins it", tip)


def _parents(search: _Search) -> list[str]:
    # The commit itself: in a shallow clone `HEAD^1` does not tell.
    header = text(search.repository.git("cat-file", "commit", search.head).stdout).partition("\n\n")[0]
    return [line.removeprefix("parent ") for line in header.splitlines() if line.startswith("parent ")]


def _of_branch(search: _Search, branch: str) -> Base:
    shown, tip = _tip_of(search, branch)
    sha = _merge_base(search, tip)
    if sha is None:
        raise _no_merge_base(search, branch, shown)
    how = f"merge base of HEAD and `{shown}`"
    if sha == search.head:
        how = f"HEAD itself: it has no commit that `{shown}` does not have"
    return search.base(shown, sha, how, tip)


def _tip_of(search: _Search, branch: str) -> tuple[str, str]:
    for folder, shown in (("refs/remotes/origin", f"origin/{branch}"), ("refs/heads", branch)):
        tip = search.repository.find_commit(f"{folder}/{branch}")
        if tip is not None:
            return shown, tip
    raise _no_branch(search, branch)


def _merge_base(search: _Search, tip: str) -> str | None:
    result = search.repository.git("merge-base", search.head, tip, codes=(0, 1))
    return text(result.stdout).strip() or None


def _no_branch(search: _Search, branch: str) -> VcsError:
    message = f"there is no branch `{branch}` here or at `origin` to compare with"
    if search.repository.git("remote", "get-url", "origin", codes=(0, 2, 128)).returncode == 0:
        return VcsError(message, hint=f"run `{_fetch(search, branch)}`, or {_setting(search)}")
    return VcsError(message, hint=_setting(search))


def _setting(search: _Search) -> str:
    names = text(
        search.repository.git("for-each-ref", "--format=%(refname:short)", "refs/heads").stdout
    ).split()
    known = [name for name in names if name in ("main", "master", "trunk", "develop")]
    example = f'base = "{known[0]}"' if known else 'base = "…"'
    return f"set `{example}` under `[project]` in promptops.toml, or name a commit with `--against`"


def _no_merge_base(search: _Search, branch: str, shown: str) -> VcsError:
    if search.repository.is_shallow():
        message = f"this clone is too shallow: it lacks the commit where HEAD left `{shown}`"
        return VcsError(message, hint=f"run `{_fetch(search, branch)}`, again if need be")
    message = f"HEAD and `{shown}` have no commit in common"
    return VcsError(message, hint=f"name what to compare with: `--against {shown}`")


def _fetch(search: _Search, branch: str) -> str:
    refspec = f"+refs/heads/{branch}:refs/remotes/origin/{branch}"
    if search.repository.is_shallow():
        # History is only deepened below what is asked for, so HEAD has to be named too.
        return f"git fetch --deepen={DEEPER} origin {search.head} {refspec}"
    return f"git fetch origin {refspec}"
