"""GitHub and GitLab on the loopback interface, as far as comments go."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.service import Call, Reply, Service, service

TOKEN = "ghs_secret_of_a_job"
LIMIT = 65_536
BOT = {"login": "github-actions[bot]", "type": "Bot"}
SHA = "a" * 40


@dataclass(slots=True)
class Forge:
    """What stands on pull request 7, and how the forge behaves.

    `faults` are sent, in order, before anything is answered; `limit` is the longest body in characters.
    """

    comments: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Reply] = field(default_factory=list)
    limit: int = LIMIT
    is_read_only: bool = False
    head: str = SHA
    calls: list[Call] = field(default_factory=list)

    def add(self, body: str, **fields: Any) -> dict[str, Any]:
        comment = {"id": len(self.comments) + 1, "body": body, "user": BOT, "author": {"id": 5}} | fields
        self.comments.append(comment)
        return comment

    @property
    def ours(self) -> list[str]:
        return [each["body"] for each in self.comments if each["body"].startswith("<!-- promptops:")]

    def answer(self, call: Call) -> Reply:
        self.calls.append(call)
        if self.faults:
            return self.faults.pop(0)
        if TOKEN not in (call.headers.get("Authorization", "") + call.headers.get("Private-Token", "")):
            return Reply({"message": "Bad credentials"}, 401)
        parts = urlsplit(call.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if call.method == "GET":
            return self._read(parts.path, query)
        return self._write(call, parts.path)

    def _read(self, path: str, query: dict[str, str]) -> Reply:
        if re.search(r"/(issues/7/comments|merge_requests/7/notes)$", path):
            size, page = int(query["per_page"]), int(query["page"])
            return Reply(self.comments[(page - 1) * size : page * size])
        if path.endswith("/pulls"):
            return Reply([{"number": 7}] if query["head"] == "stranger:patch-1" else [])
        if path.endswith("/user"):
            return Reply({"id": 5})
        if re.search(r"/(pulls|merge_requests)/7$", path):
            return Reply({"head": {"sha": self.head}, "sha": self.head})
        return Reply({"message": "Not Found"}, 404)

    def _write(self, call: Call, path: str) -> Reply:
        if self.is_read_only:
            return Reply({"message": "Resource not accessible by integration"}, 403)
        body = call.json["body"]
        if len(body) > self.limit:
            return Reply({"message": "Validation Failed: body is too long"}, 422)
        if call.method == "POST":
            return Reply(self.add(body), 201)
        wanted = int(path.rsplit("/", 1)[1])
        (comment,) = [each for each in self.comments if each["id"] == wanted]
        comment["body"] = body
        return Reply(comment)


@contextmanager
def forge() -> Iterator[tuple[Forge, Service]]:
    """A forge that runs."""
    made = Forge()
    with service(made.answer) as served:
        yield made, served


def github_environment(url: str, folder: Path, event: dict[str, Any]) -> dict[str, str]:
    """What GitHub tells a job."""
    path = folder / "event.json"
    path.write_text(json.dumps(event))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": url,
        "GITHUB_REPOSITORY": "octo/prompts",
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_EVENT_PATH": str(path),
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
    }


def gitlab_environment(url: str) -> dict[str, str]:
    """What GitLab tells a job."""
    return {
        "GITLAB_CI": "true",
        "CI_API_V4_URL": url,
        "CI_PROJECT_ID": "12",
        "CI_MERGE_REQUEST_IID": "7",
        "CI_COMMIT_SHA": SHA,
        "PROMPTOPS_GITLAB_TOKEN": TOKEN,
    }


PULL = {"pull_request": {"number": 7, "head": {"sha": SHA}}}
FORK = {
    "workflow_run": {
        "head_sha": SHA,
        "head_branch": "patch-1",
        "head_repository": {"owner": {"login": "stranger"}},
    }
}
QUEUE: dict[str, Any] = {"merge_group": {"head_sha": SHA}}
