"""Where a suite would send secrets of the environment; a branch cannot redirect them by editing a file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from promptops.files.suite import LoadedSuite, target_parts
from promptops.model.record import JsonValue

SERVICE = "http"
VARIABLE = re.compile(r"\$([A-Z][A-Z0-9_]*)")


def redirected_secrets(base: LoadedSuite | None, head: LoadedSuite) -> str | None:
    """Why the head's service may not be called: it would get a variable that the base does not send there."""
    known = _sent(base) if base is not None else {}
    for place, variables in _sent(head).items():
        new = variables - known.get(place, frozenset())
        if new:
            names = ", ".join(f"`${name}`" for name in sorted(new))
            return f"{names} would be sent to `{place}`, which the base does not say; change it there first"
    return None


def _sent(loaded: LoadedSuite) -> Mapping[str, frozenset[str]]:
    """Which variables go where, for the target and the retriever."""
    sent: dict[str, frozenset[str]] = {}
    for written in (loaded.suite.target, loaded.suite.retriever):
        place, variables = _sent_by(written)
        if place is not None:
            sent[place] = sent.get(place, frozenset()) | variables
    return sent


def _sent_by(written: str | Mapping[str, JsonValue] | None) -> tuple[str | None, frozenset[str]]:
    type_, options = target_parts(written)
    if type_ != SERVICE or not isinstance(options, Mapping):
        return None, frozenset()
    parts = urlsplit(str(options.get("url", "")))
    headers = options.get("headers")
    values = headers.values() if isinstance(headers, Mapping) else ()
    names = {name for value in values for name in VARIABLE.findall(str(value))}
    return f"{parts.scheme}://{parts.netloc}", frozenset(names)
