"""`promptops comment`: one comment on the pull request, made once and then kept up to date."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from promptops.errors import ForgeError, ProjectError
from promptops.forge.github import pull_request
from promptops.forge.gitlab import merge_request
from promptops.forge.request import ChangeRequest
from promptops.reporters.comment import beginning, comment_text, failed_text, found_marker, running_text
from promptops.reporters.markdown_report import LONGEST, text
from promptops.reporters.report import Report, report_from

MOST_BYTES = 200_000_000
SHORT = LONGEST // 3
"""Characters to which a comment is cut that the forge refuses."""


class Outcome(StrEnum):
    """What became of the comment."""

    CREATED = "created"
    UPDATED = "updated"
    KEPT = "kept, since it is about a newer commit"
    NONE = "this job is about no pull request"


@dataclass(frozen=True, slots=True)
class Job:
    """Where this runs; `group` tells the comments of several jobs apart."""

    environment: Mapping[str, str]
    group: str

    def request(self) -> ChangeRequest | None:
        """The pull or merge request.

        Raises:
            ForgeError: this runs in no workflow, or without a token.
        """
        if self.environment.get("GITHUB_ACTIONS") == "true":
            return pull_request(self.environment)
        if self.environment.get("GITLAB_CI") == "true":
            return merge_request(self.environment)
        raise ForgeError("this is no job of GitHub Actions or GitLab CI, so there is nothing to comment on")


def read_report(path: Path) -> Report:
    """The report that `--report json=PATH` wrote.

    Raises:
        ProjectError: the file cannot be read, or is none.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ProjectError(f"cannot read `{path}`: {error.strerror}") from None
    if len(content) > MOST_BYTES:
        raise ProjectError(f"`{path}` is larger than {MOST_BYTES:,} bytes")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ProjectError(f"`{path}` is no JSON: {error}") from None
    if not isinstance(document, dict):
        raise ProjectError(f"`{path}` is no report of promptops")
    return report_from(document, str(path))


def say_running(job: Job) -> Outcome:
    """Marks the comment as older while a job runs, or makes it.

    Raises:
        ForgeError: it cannot be written.
    """
    return _write(
        job, lambda request, before: running_text(group=job.group, head_sha=request.ran_on, before=before)
    )


def say_failed(job: Job) -> Outcome:
    """Says that a job ended without a report, so that nobody waits for one.

    Raises:
        ForgeError: it cannot be written.
    """
    return _write(
        job, lambda request, before: failed_text(group=job.group, head_sha=request.ran_on, before=before)
    )


def say_result(job: Job, report: Report) -> Outcome:
    """Writes the report into the comment; a shorter one where the forge finds it too long.

    What a job on a newer commit wrote stays.

    Raises:
        ForgeError: it cannot be written.
    """

    def cut_to(longest: int) -> Callable[[ChangeRequest, str | None], str]:
        def body(request: ChangeRequest, _: str | None) -> str:
            return comment_text(
                report,
                group=job.group,
                head_sha=request.ran_on,
                is_stale=request.is_stale(),
                is_foreign=request.is_foreign,
                longest=longest,
            )

        return body

    return _write(job, cut_to(LONGEST), cut_to(SHORT))


def add_to_summary(environment: Mapping[str, str], report: Report) -> bool:
    """Appends the report to the summary of a job of GitHub Actions; false where there is none.

    Raises:
        ProjectError: it cannot be written.
    """
    path = environment.get("GITHUB_STEP_SUMMARY")
    if not path:
        return False
    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text(report))
    except OSError as error:
        raise ProjectError(f"cannot write the summary of the job: {error.strerror}") from None
    return True


def _is_of_newer(request: ChangeRequest, before: str) -> bool:
    """Whether a job on the newest commit wrote the comment, and this one ran on an older one."""
    seen = found_marker(before)
    return seen is not None and seen.sha not in (None, request.ran_on) and seen.sha == request.head()


def _write(job: Job, *bodies: Callable[[ChangeRequest, str | None], str]) -> Outcome:
    request = job.request()
    if request is None:
        return Outcome.NONE
    found = request.find(beginning(job.group))
    before = None if found is None else found.body
    if _is_of_newer(request, before or ""):
        return Outcome.KEPT
    for body in bodies:
        if request.write(found, body(request, before)):
            return Outcome.CREATED if found is None else Outcome.UPDATED
    raise ForgeError("the forge finds the comment too long")
