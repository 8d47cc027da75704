"""GitLab: the merge request of a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from promptops.errors import ForgeError
from promptops.forge.api import Api
from promptops.forge.request import OK, ChangeRequest

API = "https://gitlab.com/api/v4"


def merge_request(environment: Mapping[str, str]) -> ChangeRequest | None:
    """The merge request of a pipeline; None where it is about none.

    Raises:
        ForgeError: there is no token, or it is not accepted.
    """
    number = quote(environment.get("CI_MERGE_REQUEST_IID", ""), safe="")
    if not number:
        return None
    token = environment.get("PROMPTOPS_GITLAB_TOKEN", "")
    if not token:
        raise ForgeError("no note without `PROMPTOPS_GITLAB_TOKEN`", hint="a project access token with `api`")
    api = Api(environment.get("CI_API_V4_URL", API).rstrip("/"), {"PRIVATE-TOKEN": token})
    project = quote(environment.get("CI_PROJECT_ID", ""), safe="")
    request = f"/projects/{project}/merge_requests/{number}"
    me = api.ask("GET", "/user")
    if me.status != OK or not isinstance(me.body, dict):
        raise ForgeError(f"GitLab does not accept `PROMPTOPS_GITLAB_TOKEN` ({me.status})")
    my_id = me.body.get("id")

    def is_ours(note: Mapping[str, Any]) -> bool:
        author = note.get("author")
        return isinstance(author, dict) and author.get("id") == my_id

    def head() -> str | None:
        body = api.ask("GET", request).body
        sha = body.get("sha") if isinstance(body, dict) else None
        return sha if isinstance(sha, str) else None

    return ChangeRequest(
        api=api,
        comments=f"{request}/notes",
        change=lambda id_: ("PUT", f"{request}/notes/{id_}"),
        is_ours=is_ours,
        head=head,
        # A pipeline of merged results runs on a commit that the request itself does not have.
        ran_on=environment.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or environment.get("CI_COMMIT_SHA"),
    )
