"""A pull request from the first push to the comment, with the script that the action runs."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.chat_project import Chat
from tests.support.cli import Cli
from tests.support.forges import FORK, PULL, TOKEN, Forge, forge, github_environment, gitlab_environment
from tests.support.gated import ASKED_CASES, BAD, GOOD, asking
from tests.support.ledger import Hub
from tests.support.project import REPOSITORY, ProjectFolder

SCRIPT = REPOSITORY / ".github/actions/promptops/run.sh"
GITLAB = REPOSITORY / "promptops/ci/gitlab/promptops.yml"


@dataclass(frozen=True)
class Story:
    """The hub with its forge, and the model behind it."""

    hub: Hub
    forge: Forge
    url: str
    model: Chat

    def push(self, clone: ProjectFolder, branch: str, prompt: str) -> None:
        """What a developer does."""
        clone.git("switch", "--quiet", "--force-create", branch)
        clone.write({"prompts/p.yaml": prompt})
        clone.git("commit", "--quiet", "--all", "--allow-empty", "--message", "edit")
        clone.git("push", "--quiet", "--force", "origin", branch)

    def job(
        self, clone: ProjectFolder, task: str, event: dict[str, Any], **inputs: str
    ) -> subprocess.CompletedProcess[str]:
        """What the action does in a job on a clone."""
        given = {f"PROMPTOPS_ACTION_{name}": value for name, value in inputs.items()}
        told = github_environment(self.url, clone.root.parent, event)
        return self._run(clone, [str(SCRIPT)], {**told, **given, "PROMPTOPS_ACTION_TASK": task})

    def gitlab_job(self, clone: ProjectFolder, project: str = "12") -> subprocess.CompletedProcess[str]:
        """What the job of a merge request does on GitLab, in the pipeline of a project."""
        lines = yaml.safe_load(GITLAB.read_text(encoding="utf-8"))["promptops"]["script"]
        told = {
            "CI_PROJECT_ID": project,
            "CI_MERGE_REQUEST_PROJECT_ID": "12",
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        }
        given = {**gitlab_environment(self.url), **told}
        return self._run(clone, ["-e", "-o", "pipefail", "-c", "\n".join(lines)], given)

    @staticmethod
    def _run(
        clone: ProjectFolder, arguments: list[str], told: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        kept = {name: os.environ[name] for name in ("HOME", "TMPDIR") if name in os.environ}
        environment = {
            **kept,
            **told,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "GIT_AUTHOR_NAME": "ci",
            "GIT_AUTHOR_EMAIL": "ci@example.org",
            "GIT_COMMITTER_NAME": "ci",
            "GIT_COMMITTER_EMAIL": "ci@example.org",
        }
        done = subprocess.run(
            ["bash", *arguments],
            cwd=clone.root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert TOKEN not in done.stdout + done.stderr
        return done


@pytest.fixture
def story(folder: ProjectFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with asking(folder) as model, forge() as (made, served):
        folder.commit("main")
        yield Story(Hub(tmp_path_factory.mktemp("hub"), folder), made, served.url, model)


def test_a_pull_request_from_the_first_push_to_the_comment(story: Story) -> None:
    base = story.job(story.hub.clone("base"), "publish", {})
    assert base.returncode == 0, base.stderr
    assert len(story.model.bodies) == ASKED_CASES

    developer = story.hub.clone("developer")
    story.push(developer, "edit", BAD)
    first = story.job(story.hub.clone("first", "--branch", "edit"), "gate", PULL)
    assert first.returncode == 1, first.stderr
    # The base's scores came from the ledger.
    assert len(story.model.bodies) == 2 * ASKED_CASES
    (body,) = story.forge.ours
    assert "Do not merge" in body
    assert "::error file=prompts/p.yaml,line=" in first.stdout
    assert {path.name for path in (story.hub.folder / "first/promptops-report").iterdir()} == {
        "report.json", "report.md", "report.html", "junit.xml", "report.sarif", "annotations.txt",
    }  # fmt: skip

    story.push(developer, "edit", GOOD)
    second = story.job(story.hub.clone("second", "--branch", "edit"), "gate", PULL)
    assert second.returncode == 0, second.stderr
    (body,) = story.forge.ours
    assert "Nothing to judge" in body
    assert len(story.model.bodies) == 2 * ASKED_CASES


def test_whoever_reads_of_a_merge_that_only_the_forge_has_can_repeat_what_was_found(
    story: Story, cli: Cli
) -> None:
    developer = story.hub.clone("developer")
    story.push(developer, "edit", BAD)
    own = developer.git("rev-parse", "HEAD").strip()
    runner = story.hub.clone("runner")
    runner.git("checkout", "--quiet", "--detach")
    runner.git("merge", "--quiet", "--no-ff", "--message", "merge", own)
    runner.git("push", "--quiet", "origin", "HEAD:refs/pull/7/merge")
    event = {"pull_request": {"number": 7, "head": {"sha": own}, "base": {"ref": "main"}}}
    assert story.job(runner, "gate", event).returncode == 1
    merge = runner.git("rev-parse", "HEAD").strip()
    (body,) = story.forge.ours
    assert f"promptops compared `{own[:9]}` (checked out as `{merge[:9]}`) with `" in body
    (fetch, again) = body.split("```sh\n")[1].splitlines()[:2]
    developer.git(*shlex.split(fetch)[1:])
    assert cli(*shlex.split(again)[1:], at=developer.root).code == 1


def test_a_job_that_finds_out_nothing_leaves_nobody_waiting(story: Story) -> None:
    developer = story.hub.clone("developer")
    story.push(developer, "edit", BAD)
    assert story.job(story.hub.clone("first", "--branch", "edit"), "gate", PULL).returncode == 1
    story.push(developer, "edit", "messages: [oops")
    second = story.job(story.hub.clone("second", "--branch", "edit"), "gate", PULL)
    assert second.returncode == 3
    (body,) = story.forge.ours
    assert "promptops found out nothing about" in body
    assert "is running" not in body
    assert "the scores got worse" in body


def test_a_fork_without_a_report_is_told_of_too(story: Story) -> None:
    posted = story.job(story.hub.clone("elsewhere"), "comment", FORK)
    assert posted.returncode == 0, posted.stderr
    (body,) = story.forge.ours
    assert "promptops found out nothing about" in body


def test_a_merge_request_on_gitlab(story: Story) -> None:
    developer = story.hub.clone("developer")
    story.push(developer, "edit", BAD)
    fork = story.gitlab_job(story.hub.clone("fork", "--branch", "edit"), project="99")
    assert fork.returncode == 4, fork.stderr
    assert story.model.bodies == []
    first = story.gitlab_job(story.hub.clone("first", "--branch", "edit"))
    assert first.returncode == 1, first.stderr
    assert "the scores got worse" in story.forge.ours[0]
    story.push(developer, "edit", "messages: [oops")
    assert story.gitlab_job(story.hub.clone("second", "--branch", "edit")).returncode == 3
    (body,) = story.forge.ours
    assert "promptops found out nothing about" in body


def test_a_fork_asks_nothing_and_another_workflow_comments(story: Story) -> None:
    assert story.job(story.hub.clone("base"), "publish", {}).returncode == 0
    asked = len(story.model.bodies)
    story.push(story.hub.clone("developer"), "patch-1", BAD)
    fork = story.hub.clone("fork", "--branch", "patch-1")
    story.forge.is_read_only = True
    run = story.job(fork, "gate", PULL, OFFLINE="true")
    assert run.returncode == 4, run.stderr
    assert "there is no verdict" in (story.hub.folder / "summary.md").read_text()
    assert story.forge.comments == []
    assert len(story.model.bodies) == asked

    story.forge.is_read_only = False
    elsewhere = story.hub.clone("elsewhere")
    report = str(fork.root / "promptops-report")
    posted = story.job(elsewhere, "comment", FORK, REPORT=report)
    assert posted.returncode == 0, posted.stderr
    (body,) = story.forge.ours
    assert "A run of a fork reports this" in body
    assert "there is no verdict" in body
    assert len(story.model.bodies) == asked


def test_what_a_model_says_reaches_no_command_of_the_runner(story: Story) -> None:
    assert story.job(story.hub.clone("base"), "publish", {}).returncode == 0
    evil = BAD.replace("Shout", "::set-output name=x::y\\n::add-mask::z\\nShout")
    story.push(story.hub.clone("developer"), "edit", evil)
    done = story.job(story.hub.clone("first", "--branch", "edit"), "gate", PULL)
    lines = done.stdout.splitlines()
    commands = [line for line in lines if line.startswith("::")]
    stops = [
        line.removeprefix("::stop-commands::") for line in commands if line.startswith("::stop-commands::")
    ]
    assert stops
    for line in commands:
        assert line.startswith(("::stop-commands::", "::error ")) or line.strip(":") in stops
