"""The pull or merge request that a job is about, and the one comment on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from promptops.errors import ForgeError
from promptops.forge.api import Answer, Api

PAGE = 100
MOST_PAGES = 100
OK = 200
CREATED = 201
TOO_LONG = 422
TRUSTED = ("OWNER", "MEMBER", "COLLABORATOR")


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment that is there."""

    id: int
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRequest:
    """A pull or merge request, as the API of its forge names it.

    `comments` is the path of its comments, `change` the path of one of them with the method that changes it.
    `is_ours` tells whether a comment was written by promptops or somebody who may: everybody can copy a marker.
    `head` asks for its newest commit; `ran_on` is the commit that the job ran on.
    `is_foreign`: the job reports what another one found that had no rights, such as a fork's.
    """

    api: Api
    comments: str
    change: Callable[[int], tuple[str, str]]
    is_ours: Callable[[Mapping[str, Any]], bool]
    head: Callable[[], str | None]
    ran_on: str | None
    is_foreign: bool = False

    def find(self, marker: str) -> Comment | None:
        """The comment that begins with the marker, on whatever page it stands.

        Raises:
            ForgeError: the comments cannot be read.
        """
        for each in self._all():
            body, id_ = each.get("body"), each.get("id")
            if (
                isinstance(body, str)
                and isinstance(id_, int)
                and body.startswith(marker)
                and self.is_ours(each)
            ):
                return Comment(id_, body)
        return None

    def write(self, found: Comment | None, body: str) -> bool:
        """Creates or changes the comment; false where the forge finds it too long.

        Raises:
            ForgeError: it may not be written.
        """
        method, path = ("POST", self.comments) if found is None else self.change(found.id)
        answer = self.api.ask(method, path, {"body": body})
        if answer.status == TOO_LONG:
            return False
        if answer.status not in (OK, CREATED):
            raise _refused(answer, "write the comment")
        return True

    def is_stale(self) -> bool:
        """Whether there are commits that are newer than what the job ran on."""
        newest = self.head() if self.ran_on else None
        return newest is not None and newest != self.ran_on

    def _all(self) -> Iterator[Mapping[str, Any]]:
        for page in range(1, MOST_PAGES + 1):
            answer = self.api.ask("GET", f"{self.comments}?per_page={PAGE}&page={page}")
            if answer.status != OK or not isinstance(answer.body, list):
                raise _refused(answer, "read the comments")
            yield from (each for each in answer.body if isinstance(each, dict))
            if len(answer.body) < PAGE:
                return


def _refused(answer: Answer, what: str) -> ForgeError:
    said = answer.body.get("message") if isinstance(answer.body, dict) else None
    words = f": {said[:200]}" if isinstance(said, str) else ""
    return ForgeError(f"the forge does not let promptops {what} ({answer.status}{words})")
