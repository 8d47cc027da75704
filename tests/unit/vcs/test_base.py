from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from promptops.errors import VcsError
from promptops.vcs.base import Base, find_base
from promptops.vcs.repo import Repository
from tests.support.project import ProjectFolder


def change(folder: ProjectFolder, name: str) -> str:
    return folder.write({name: name}).commit(name)


@pytest.fixture
def forked(folder: ProjectFolder) -> ProjectFolder:
    """Main with five commits, of which the branch `feature` has three, and two of its own."""
    for number in range(3):
        change(folder, f"main-{number}")
    folder.git("tag", "fork")
    for number in (3, 4):
        change(folder, f"main-{number}")
    folder.git("checkout", "--quiet", "-b", "feature", "fork")
    for number in range(2):
        change(folder, f"feature-{number}")
    return folder


def base_of(
    folder: ProjectFolder,
    *,
    base_branch: str = "main",
    against: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Base:
    repository = Repository.around(folder.root)
    assert repository is not None
    return find_base(repository, base_branch=base_branch, against=against, environment=environment or {})


def refused(folder: ProjectFolder, **options: str) -> VcsError:
    with pytest.raises(VcsError) as caught:
        base_of(folder, **options)  # type: ignore[arg-type]
    assert caught.value.hint
    return caught.value


def run_hint(folder: ProjectFolder, error: VcsError) -> None:
    """Does what the error says."""
    match = re.search("`(git [^`]+)`", error.hint or "")
    assert match is not None, error.hint
    subprocess.run(match[1], shell=True, check=True, capture_output=True, cwd=folder.root)


def clone(source: ProjectFolder, *options: str, name: str = "clone") -> ProjectFolder:
    target = source.root.parent / name
    command = ["git", "clone", "--quiet", *options, f"file://{source.root}", str(target)]
    subprocess.run(command, check=True, capture_output=True)
    return ProjectFolder(target)


def pull_request(folder: ProjectFolder, **event: object) -> Mapping[str, str]:
    """The variables of a job that GitHub starts for a pull request; the event lies beside the clone."""
    path = folder.root.parent / "event.json"
    path.write_text(json.dumps(event), encoding="utf-8")
    return {
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(path),
        "GITHUB_BASE_REF": "main",
    }


def test_the_base_is_where_the_branch_left_main(forked: ProjectFolder) -> None:
    base = base_of(forked)
    assert base.sha == forked.git("rev-parse", "fork")
    assert base.ref == "main"
    assert base.commits_behind == 2
    assert "merge base" in base.how


def test_main_at_origin_comes_before_a_stale_local_one(forked: ProjectFolder) -> None:
    copy = clone(forked, "--branch", "feature")
    copy.git("branch", "main", "fork~2")
    assert base_of(copy).ref == "origin/main"
    assert base_of(copy).sha == forked.git("rev-parse", "fork")


def test_a_tag_named_like_the_base_branch_is_not_the_base(forked: ProjectFolder) -> None:
    forked.git("tag", "main", "feature")
    assert base_of(forked).sha == forked.git("rev-parse", "fork")


def test_against_wins_and_is_taken_as_it_is(forked: ProjectFolder) -> None:
    base = base_of(forked, against="HEAD~1", environment={"GITHUB_BASE_REF": "nowhere"})
    assert base.sha == forked.git("rev-parse", "HEAD~1")
    assert base.ref == "HEAD~1"
    assert base.commits_behind == 0


@pytest.mark.parametrize(
    "against", ["nowhere", "", "--output=stolen", "main..feature", "a\nb", "a\0b", "main:main-0"]
)
def test_what_is_no_commit_is_refused(against: str, forked: ProjectFolder) -> None:
    assert "not a commit" in refused(forked, against=against).message
    assert not (forked.root / "stolen").exists()


def test_on_main_the_base_is_head_itself(forked: ProjectFolder) -> None:
    forked.git("checkout", "--quiet", "main")
    base = base_of(forked)
    assert base.sha == forked.git("rev-parse", "main")
    assert "HEAD itself" in base.how


def test_unpushed_commits_on_main_are_compared_with_what_is_at_origin(forked: ProjectFolder) -> None:
    copy = clone(forked, "--branch", "main")
    change(copy, "unpushed")
    assert base_of(copy).sha == forked.git("rev-parse", "main")


def test_a_detached_head_has_the_same_base(forked: ProjectFolder) -> None:
    forked.git("checkout", "--quiet", "--detach")
    assert base_of(forked).sha == forked.git("rev-parse", "fork")


def test_after_merging_main_the_base_moves_on(forked: ProjectFolder) -> None:
    forked.git("merge", "--quiet", "--no-edit", "main")
    base = base_of(forked)
    assert base.sha == forked.git("rev-parse", "main")
    assert base.commits_behind == 0


def test_a_worktree_has_a_base_of_its_own(forked: ProjectFolder) -> None:
    other = forked.root.parent / "other"
    forked.git("worktree", "add", "--quiet", str(other), "main")
    assert base_of(ProjectFolder(other)).sha == forked.git("rev-parse", "main")
    assert base_of(forked).sha == forked.git("rev-parse", "fork")


def test_a_repository_without_commits(folder: ProjectFolder) -> None:
    folder.git("init", "--quiet", "--initial-branch=main")
    folder.write({"a.txt": "a"})
    error = refused(folder)
    run_hint(folder, error)
    assert "HEAD itself" in base_of(folder).how


def test_a_base_branch_that_is_missing(forked: ProjectFolder) -> None:
    forked.git("branch", "--move", "main", "trunk")
    error = refused(forked)
    assert "`main`" in error.message
    assert 'base = "trunk"' in (error.hint or "")
    assert base_of(forked, base_branch="trunk").sha == forked.git("rev-parse", "fork")


def test_a_base_branch_that_was_not_fetched(forked: ProjectFolder) -> None:
    copy = clone(forked, "--branch", "feature", "--single-branch")
    run_hint(copy, refused(copy))
    assert base_of(copy).sha == forked.git("rev-parse", "fork")


def test_unrelated_histories(forked: ProjectFolder) -> None:
    forked.git("checkout", "--quiet", "--orphan", "other")
    change(forked, "other")
    error = refused(forked)
    assert "no commit in common" in error.message
    assert base_of(forked, against="main").sha == forked.git("rev-parse", "main")


def test_a_shallow_clone_of_one_branch_is_mended_by_what_the_error_says(forked: ProjectFolder) -> None:
    copy = clone(forked, "--branch", "feature", "--depth", "1")
    run_hint(copy, refused(copy))
    assert base_of(copy).sha == forked.git("rev-parse", "fork")


def test_a_shallow_clone_of_all_branches_is_mended_by_what_the_error_says(forked: ProjectFolder) -> None:
    copy = clone(forked, "--branch", "feature", "--depth", "1", "--no-single-branch")
    error = refused(copy)
    assert "shallow" in error.message
    run_hint(copy, error)
    assert base_of(copy).sha == forked.git("rev-parse", "fork")


def test_an_ancestor_that_a_shallow_clone_lacks(forked: ProjectFolder) -> None:
    copy = clone(forked, "--branch", "feature", "--depth", "1")
    run_hint(copy, refused(copy, against="HEAD~1"))
    assert base_of(copy, against="HEAD~1").sha == forked.git("rev-parse", "feature~1")


@pytest.fixture
def merged(forked: ProjectFolder) -> ProjectFolder:
    """As GitHub keeps a pull request: a merge of the branch into main, on a ref outside the branches."""
    forked.git("checkout", "--quiet", "--detach", "main")
    forked.git("merge", "--quiet", "--no-edit", "feature")
    forked.git("update-ref", "refs/pull/1/merge", "HEAD")
    forked.git("checkout", "--quiet", "main")
    change(forked, "main-5")
    return forked


def checkout_of_job(source: ProjectFolder, depth: int, ref: str = "refs/pull/1/merge") -> ProjectFolder:
    """A checkout as in a job: one ref, detached, shallow, and no branches."""
    copy = ProjectFolder(source.root.parent / "job")
    copy.git("init", "--quiet")
    copy.git("remote", "add", "origin", f"file://{source.root}")
    copy.git("fetch", "--quiet", f"--depth={depth}", "origin", ref)
    copy.git("checkout", "--quiet", "--detach", "FETCH_HEAD")
    return copy


def event_of(source: ProjectFolder, *, head: str = "feature") -> Mapping[str, str]:
    return pull_request(
        source,
        pull_request={
            "base": {"ref": "main", "sha": source.git("rev-parse", "main~1")},
            "head": {"sha": source.git("rev-parse", head)},
        },
    )


def test_the_merge_of_a_pull_request_is_compared_with_its_first_parent(merged: ProjectFolder) -> None:
    copy = checkout_of_job(merged, depth=2)
    base = base_of(copy, environment=event_of(merged))
    assert base.sha == merged.git("rev-parse", "main~1")
    assert base.ref == "main"


def test_the_merge_is_recognised_without_an_event_file(merged: ProjectFolder) -> None:
    copy = checkout_of_job(merged, depth=2)
    environment = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_BASE_REF": "main"}
    assert base_of(copy, environment=environment).sha == merged.git("rev-parse", "main~1")


def test_a_pull_request_checked_out_too_shallow(merged: ProjectFolder) -> None:
    copy = checkout_of_job(merged, depth=1)
    environment = event_of(merged)
    repository = Repository.around(copy.root)
    assert repository is not None
    with pytest.raises(VcsError) as caught:
        find_base(repository, base_branch="main", against=None, environment=environment)
    assert "fetch-depth: 2" in (caught.value.hint or "")
    run_hint(copy, caught.value)
    assert base_of(copy, environment=environment).sha == merged.git("rev-parse", "main~1")


def test_the_branch_itself_checked_out_in_a_pull_request(merged: ProjectFolder) -> None:
    copy = clone(merged, "--branch", "feature")
    base = base_of(copy, environment=event_of(merged))
    assert base.sha == merged.git("rev-parse", "fork")
    assert base.commits_behind == 2


def test_a_merge_made_on_the_branch_is_not_the_pull_requests(merged: ProjectFolder) -> None:
    merged.git("checkout", "--quiet", "feature")
    merged.git("merge", "--quiet", "--no-edit", "main~1")
    base = base_of(merged, environment=event_of(merged))
    assert base.sha == merged.git("rev-parse", "main~1")
    assert "merge base" in base.how


def test_the_base_branch_of_the_pull_request_comes_before_the_setting(forked: ProjectFolder) -> None:
    forked.git("branch", "release", "feature~1")
    base = base_of(forked, environment={"GITHUB_EVENT_NAME": "push", "GITHUB_BASE_REF": "release"})
    assert base.sha == forked.git("rev-parse", "feature~1")
    gitlab = {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "release"}
    assert base_of(forked, environment=gitlab) == base


def test_a_merge_group(merged: ProjectFolder) -> None:
    environment = dict(pull_request(merged, merge_group={"base_sha": merged.git("rev-parse", "main~1")}))
    environment["GITHUB_EVENT_NAME"] = "merge_group"
    merged.git("checkout", "--quiet", "--detach", "refs/pull/1/merge")
    base = base_of(merged, environment=environment)
    assert base.sha == merged.git("rev-parse", "main~1")
    assert base.how == "base of the merge group"
    copy = checkout_of_job(merged, depth=1)
    repository = Repository.around(copy.root)
    assert repository is not None
    with pytest.raises(VcsError) as caught:
        find_base(repository, base_branch="main", against=None, environment=environment)
    run_hint(copy, caught.value)
    assert base_of(copy, environment=environment) == base


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"pull_request": 3}', '{"pull_request": {"base": {"sha": 7}}}']
)
def test_an_event_that_says_nothing_is_passed_over(content: str, forked: ProjectFolder) -> None:
    environment = dict(pull_request(forked))
    Path(environment["GITHUB_EVENT_PATH"]).write_text(content, encoding="utf-8")
    assert base_of(forked, environment=environment).sha == forked.git("rev-parse", "fork")


def test_what_a_hook_exports_does_not_lead_elsewhere(
    forked: ProjectFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = ProjectFolder(tmp_path / "hooked")
    change(other, "other")
    for name, value in {"GIT_DIR": ".git", "GIT_WORK_TREE": ".", "GIT_INDEX_FILE": ".git/index"}.items():
        monkeypatch.setenv(name, os.path.join(other.root, value))  # noqa: PTH118 - `.` has to stay
    repository = Repository.around(forked.root)
    assert repository is not None
    assert repository.top.resolve() == forked.root.resolve()
    base = find_base(repository, base_branch="main", against=None, environment={})
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name)
    assert base.sha == forked.git("rev-parse", "fork")
