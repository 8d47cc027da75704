"""Where a suite would send secrets of the environment; a branch cannot redirect them by editing a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from promptops.files.suite import LoadedSuite, target_parts
from promptops.model.record import JsonValue
from promptops.web_service import VARIABLE

TARGET = "http"
SCORER = "webhook"

Sent = tuple[str, str]
"""A place, and the name of a variable that goes there."""


def redirected_secrets(base: LoadedSuite | None, head: LoadedSuite) -> str | None:
    """Why what the head evaluates may not be asked: it would get a variable that the base does not send there."""
    return _refusal(base, set(_of_targets(head)))


def redirected_by_scorers(base: LoadedSuite | None, branch: LoadedSuite) -> str | None:
    """Why the branch's scorers may not be asked, as `redirected_secrets`."""
    return _refusal(base, set(_of_scorers(branch.suite.scorers)))


def _refusal(base: LoadedSuite | None, sent: set[Sent]) -> str | None:
    if base is not None:
        sent = sent.difference(_of_targets(base), _of_scorers(base.suite.scorers))
    if not sent:
        return None
    place = min(place for place, _ in sent)
    names = ", ".join(f"`${name}`" for name in sorted(name for each, name in sent if each == place))
    return f"{names} would be sent to `{place}`, which the base does not say; change it there first"


def _of_targets(loaded: LoadedSuite) -> Iterator[Sent]:
    for target in (loaded.suite.target, loaded.suite.retriever):
        type_, options = target_parts(target)
        if type_ == TARGET and isinstance(options, Mapping):
            yield from _of_service(options)


def _of_scorers(scorers: JsonValue) -> Iterator[Sent]:
    for written in scorers.values() if isinstance(scorers, Mapping) else ():
        if isinstance(written, Mapping):
            if written.get("type") == SCORER:
                yield from _of_service(written)
            yield from _of_scorers(written.get("scorers"))


def _of_service(options: Mapping[str, JsonValue]) -> Iterator[Sent]:
    parts = urlsplit(str(options.get("url", "")))
    headers = options.get("headers")
    for value in headers.values() if isinstance(headers, Mapping) else ():
        for name in VARIABLE.findall(str(value)):
            yield f"{parts.scheme}://{parts.netloc}", name
