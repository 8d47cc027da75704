"""GitHub: which pull request a workflow is about, by the event that started it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from promptops.errors import ForgeError
from promptops.forge.api import Api
from promptops.forge.request import OK, TRUSTED, ChangeRequest

API = "https://api.github.com"


def pull_request(environment: Mapping[str, str]) -> ChangeRequest | None:
    """The pull request of a workflow; None where it is about none, as in a merge queue.

    Raises:
        ForgeError: there is no token, or the event cannot be read.
    """
    event = _event(environment)
    repository = quote(environment.get("GITHUB_REPOSITORY", ""))
    token = environment.get("GITHUB_TOKEN", "")
    if not (token and repository):
        raise ForgeError("no comment without `GITHUB_TOKEN`", hint="pass it to the step in `env`")
    api = Api(
        environment.get("GITHUB_API_URL", API).rstrip("/"),
        {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"},
    )
    number, ran_on = _asked(api, repository, event)
    if number is None:
        return None
    below = f"/repos/{repository}/issues"

    def head() -> str | None:
        return _text(api.ask("GET", f"/repos/{repository}/pulls/{number}").body, "head", "sha")

    return ChangeRequest(
        api=api,
        comments=f"{below}/{number}/comments",
        change=lambda id_: ("PATCH", f"{below}/comments/{id_}"),
        is_ours=_is_ours,
        head=head,
        ran_on=ran_on,
        is_foreign="workflow_run" in event,
    )


def _event(environment: Mapping[str, str]) -> Mapping[str, Any]:
    path = environment.get("GITHUB_EVENT_PATH")
    if not path:
        raise ForgeError("the event of the workflow is not known: GITHUB_EVENT_PATH is not set")
    try:
        event = json.loads(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise ForgeError(f"the event of the workflow cannot be read: {error}") from None
    return event if isinstance(event, dict) else {}


def _asked(api: Api, repository: str, event: Mapping[str, Any]) -> tuple[int | None, str | None]:
    """The number of the pull request, and the commit that the gate ran on."""
    if "workflow_run" not in event:
        pull = event.get("pull_request")
        number = pull.get("number") if isinstance(pull, dict) else None
        return (number if isinstance(number, int) else None), _text(pull, "head", "sha")
    # The run of a fork names no pull request, and its report is no witness to which it is.
    run = event["workflow_run"]
    sha = _text(run, "head_sha")
    owner = _text(run, "head_repository", "owner", "login")
    branch = _text(run, "head_branch")
    if sha is None or owner is None or branch is None:
        return None, None
    query = urlencode({"state": "open", "head": f"{owner}:{branch}", "per_page": 100})
    answer = api.ask("GET", f"/repos/{repository}/pulls?{query}")
    pulls = answer.body if answer.status == OK and isinstance(answer.body, list) else []
    for pull in pulls:
        if isinstance(pull, dict) and isinstance(pull.get("number"), int):
            return pull["number"], sha
    return None, sha


def _is_ours(comment: Mapping[str, Any]) -> bool:
    return _text(comment, "user", "type") == "Bot" or comment.get("author_association") in TRUSTED


def _text(value: Any, *path: str) -> str | None:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None
