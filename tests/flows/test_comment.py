"""`promptops comment` against a forge that behaves as the real ones do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Cli, Result
from tests.support.forges import (
    FORK,
    PULL,
    QUEUE,
    SHA,
    TOKEN,
    Forge,
    forge,
    github_environment,
    gitlab_environment,
)
from tests.support.gated import break_it, on_main
from tests.support.project import ProjectFolder
from tests.support.service import Reply

MARKER = f"<!-- promptops:default v1 head={SHA} -->\n"


class Job:
    """A CI job whose gate has run."""

    def __init__(
        self, folder: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch, forge: Forge, url: str
    ) -> None:
        self.folder, self.cli, self.monkeypatch, self.forge, self.url = folder, cli, monkeypatch, forge, url
        self.outside = folder.root.parent
        self.report = self.outside / "report.json"
        monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
        monkeypatch.delenv("GITLAB_CI", raising=False)

    def on_github(self, event: dict[str, Any] = PULL) -> Job:
        for name, value in github_environment(self.url, self.outside, event).items():
            self.monkeypatch.setenv(name, value)
        return self

    def on_gitlab(self) -> Job:
        for name, value in gitlab_environment(self.url).items():
            self.monkeypatch.setenv(name, value)
        return self

    def gate(self) -> int:
        return self.cli("gate", "--report", f"json={self.report}", at=self.folder.root).code

    def comment(self, *arguments: str) -> Result:
        given = arguments or ("--from", str(self.report))
        result = self.cli("comment", *given, at=self.outside)
        assert TOKEN not in result.out + result.err
        return result

    @property
    def summary(self) -> str:
        return (self.outside / "summary.md").read_text()


@pytest.fixture
def job(folder: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Iterator[Job]:
    on_main(folder)
    break_it(folder)
    with forge() as (made, served):
        yield Job(folder, cli, monkeypatch, made, served.url)


def test_a_comment_is_made_once_and_then_updated(job: Job) -> None:
    job.on_github()
    assert "created" in job.comment("--running").err
    (body,) = job.forge.ours
    assert body.startswith(MARKER)
    assert "unning" in body
    assert job.gate() == 1
    assert "updated" in job.comment().err
    (body,) = job.forge.ours
    assert body.startswith(f"{MARKER}## ❌ Do not merge yet: the scores got worse\n")
    assert "`s`" in body
    assert "updated" in job.comment("--running").err
    (body,) = job.forge.ours
    assert "is running" in body
    assert "Do not merge" in body
    assert job.comment("--running").code == 0
    assert job.forge.ours == [body]
    job.folder.git("checkout", "--quiet", "--", "evals")
    assert job.gate() == 0
    assert "updated" in job.comment().err
    (body,) = job.forge.ours
    assert "## ⚪ Nothing to judge" in body
    assert "is running" not in body
    assert "Do not merge" not in body


def test_the_comment_is_found_on_any_page(job: Job) -> None:
    for number in range(250):
        job.forge.add(f"talk {number}")
    mine = job.forge.add(f"{MARKER}old")
    for number in range(60):
        job.forge.add(f"more {number}")
    job.on_github().gate()
    assert "updated" in job.comment().err
    assert "Do not merge" in mine["body"]
    assert len(job.forge.comments) == 311


def test_a_marker_of_a_stranger_is_not_ours(job: Job) -> None:
    forged = [
        job.forge.add(f"{MARKER}forged", user={"type": "User"}, author_association="NONE"),
        job.forge.add(f"look: {MARKER}"),
        job.forge.add(MARKER.replace("default", "other")),
    ]
    before = [dict(each) for each in forged]
    job.on_github().gate()
    assert "created" in job.comment().err
    assert forged == before


def test_a_job_that_ends_without_a_report_says_so(job: Job) -> None:
    job.on_github().comment("--running")
    assert "updated" in job.comment("--failed").err
    (body,) = job.forge.ours
    assert body.startswith(f"{MARKER}> [!CAUTION]\n> ⛔ Do not merge yet")
    assert "is running" not in body


def test_groups_have_a_comment_each(job: Job) -> None:
    job.on_github().gate()
    for group in ("a", "b", "a"):
        assert job.comment("--from", str(job.report), "--group", group).code == 0
    assert len(job.forge.ours) == 2


def test_the_summary_of_the_job_has_the_report(job: Job) -> None:
    job.on_github().gate()
    job.comment()
    assert job.summary.startswith("## ❌ Do not merge yet")


@pytest.mark.parametrize("event", [QUEUE, {}])
def test_where_there_is_no_pull_request_only_the_summary_is_written(job: Job, event: dict[str, Any]) -> None:
    job.on_github(event).gate()
    result = job.comment()
    assert (result.code, "no pull request" in result.err) == (0, True)
    assert "Do not merge" in job.summary
    assert job.forge.comments == []


def test_a_token_without_rights_falls_back_to_the_summary(job: Job) -> None:
    job.forge.is_read_only = True
    assert job.on_github().gate() == 1
    result = job.comment()
    assert result.code == 0
    assert "403: Resource not accessible by integration" in result.err
    assert "Do not merge" in job.summary


def test_what_cannot_be_said_anywhere_is_an_error(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    job.forge.is_read_only = True
    job.on_github().gate()
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    assert job.comment().code == 4


def test_a_body_that_is_refused_is_shortened(job: Job) -> None:
    job.on_github().gate()
    job.comment()
    (whole,) = job.forge.ours
    job.forge.limit = len(whole) - 1
    job.forge.comments.clear()
    # The report is short already, so a shorter one is no help; nothing is lost and the summary has it.
    result = job.comment()
    assert "too long" in result.err
    assert job.forge.comments == []
    assert [call.method for call in job.forge.calls].count("POST") == 3


@pytest.mark.parametrize(
    "fault",
    [
        Reply({"message": "oops"}, 502),
        Reply(b"<html>", 500),
        Reply({"message": "slow down"}, 429, {"Retry-After": "0"}),
        Reply({"message": "rate limit"}, 403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}),
    ],
)
def test_faults_that_pass_are_waited_out(job: Job, fault: Reply) -> None:
    job.on_github().gate()
    job.forge.faults.append(fault)
    assert "created" in job.comment().err


def test_a_long_limit_is_not_waited_for(job: Job) -> None:
    job.on_github().gate()
    job.forge.faults.append(Reply({}, 429, {"Retry-After": "3600"}))
    assert "takes no more requests for 3600 s" in job.comment().err
    assert "Do not merge" in job.summary


@pytest.mark.parametrize("body", [{}, None, 3, "text"])
def test_nonsense_from_the_forge_is_no_crash(job: Job, body: Any) -> None:
    job.on_github().gate()
    job.forge.faults.append(Reply(body))
    result = job.comment()
    assert (result.code, "does not let promptops read" in result.err) == (0, True)


def test_comments_that_are_nonsense_are_passed_over(job: Job) -> None:
    job.on_github().gate()
    job.forge.faults.append(Reply([1, None, {}, {"body": None}, {"id": "x", "body": MARKER}]))
    assert "created" in job.comment().err


def test_a_redirect_gets_no_token(job: Job) -> None:
    job.on_github().gate()
    with forge() as (other, served):
        job.forge.faults.append(Reply({}, 302, {"Location": f"{served.url}/x"}))
        assert "302" in job.comment().err
        assert other.calls == []


def test_newer_commits_are_noticed(job: Job) -> None:
    job.on_github().gate()
    job.forge.head = "b" * 40
    job.comment()
    (body,) = job.forge.ours
    assert "The head has moved on" in body
    job.forge.head = PULL["pull_request"]["head"]["sha"]  # type: ignore[index]
    job.comment()
    (body,) = job.forge.ours
    assert "The head has moved on" not in body


def test_a_job_that_ends_late_leaves_what_is_about_the_newest_commit(job: Job) -> None:
    job.on_github().gate()
    job.forge.head = "b" * 40
    newest = job.forge.add(f"<!-- promptops:default v1 head={job.forge.head} -->\nnewest")
    for arguments in ((), ("--running",)):
        assert "kept, since it is about a newer commit" in job.comment(*arguments).err
        assert job.forge.ours == [newest["body"]]
    assert "Do not merge" in job.summary
    job.forge.head = "c" * 40
    assert "updated" in job.comment().err


def test_the_report_of_a_fork_is_said_to_be_one(job: Job) -> None:
    job.on_github(FORK).gate()
    job.comment()
    (body,) = job.forge.ours
    assert body.startswith(f"{MARKER}> [!NOTE]\n> A run of a fork")
    assert "Do not merge" in body


def test_a_fork_cannot_choose_the_pull_request(job: Job) -> None:
    event = {"workflow_run": {**FORK["workflow_run"], "head_branch": "x&head=stranger:patch-1"}}
    job.on_github(event).gate()
    assert "no pull request" in job.comment().err


def test_a_note_on_a_merge_request(job: Job) -> None:
    job.forge.add(f"{MARKER}of somebody else", author={"id": 6})
    job.on_gitlab().gate()
    assert "created" in job.comment().err
    assert "updated" in job.comment().err
    assert len(job.forge.ours) == 2
    job.forge.head = "b" * 40
    job.comment()
    assert "The head has moved on" in job.forge.ours[1]


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"format": 1}', '{"format": 9}', "[" * 100_000])
def test_a_file_that_is_no_report(job: Job, content: str, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(content)
    result = job.on_github().comment("--from", str(path))
    assert result.code == 3
    assert "other.json" in result.err


def test_a_report_with_a_case_of_no_suite(job: Job, tmp_path: Path) -> None:
    job.on_github().gate()
    forged = json.loads(job.report.read_text())
    forged["cases"][0]["suite"] = "other"
    path = tmp_path / "forged.json"
    path.write_text(json.dumps(forged))
    result = job.comment("--from", str(path))
    assert (result.code, "is no report of promptops" in result.err) == (3, True)


def test_arguments_that_say_nothing(job: Job) -> None:
    assert job.comment("--group", "a").code == 2
    assert job.comment("--running", "--from", "x").code == 2
    assert job.comment("--running", "--failed").code == 2
    assert job.comment("--running", "--group", "a -->").code == 2


def test_outside_of_ci_there_is_nothing_to_comment_on(job: Job) -> None:
    job.gate()
    result = job.comment()
    assert (result.code, "no job of GitHub Actions or GitLab CI" in result.err) == (4, True)


def test_without_a_token_nothing_is_asked(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    job.on_github().gate()
    monkeypatch.delenv("GITHUB_TOKEN")
    assert "GITHUB_TOKEN" in job.comment().err
    assert job.forge.calls == []


def test_a_job_that_does_not_know_its_event_is_told(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    job.on_github()
    job.gate()
    monkeypatch.delenv("GITHUB_EVENT_PATH")
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    result = job.comment()
    assert result.code == 4
    assert "GITHUB_EVENT_PATH is not set" in result.err
