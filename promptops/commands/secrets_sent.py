"""Where a suite would send secrets of the environment; a branch cannot redirect them by editing a file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from promptops.files.suite import LoadedSuite, target_parts

SERVICE = "http"
VARIABLE = re.compile(r"\$([A-Z][A-Z0-9_]*)")


def redirected_secrets(base: LoadedSuite | None, head: LoadedSuite) -> str | None:
    """Why the head's service may not be called: it would get a variable that the base does not send there."""
    place, variables = _sent(head)
    known_place, known_variables = _sent(base) if base is not None else (None, frozenset())
    new = variables if place != known_place else variables - known_variables
    if not new:
        return None
    names = ", ".join(f"`${name}`" for name in sorted(new))
    return f"{names} would be sent to `{place}`, which the base does not say; change it there first"


def _sent(loaded: LoadedSuite) -> tuple[str | None, frozenset[str]]:
    type_, options = target_parts(loaded.suite.target)
    if type_ != SERVICE or not isinstance(options, Mapping):
        return None, frozenset()
    parts = urlsplit(str(options.get("url", "")))
    headers = options.get("headers")
    values = headers.values() if isinstance(headers, Mapping) else ()
    names = {name for value in values for name in VARIABLE.findall(str(value))}
    return f"{parts.scheme}://{parts.netloc}", frozenset(names)
