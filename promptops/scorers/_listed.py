"""A list in an answer, however it is written."""

from __future__ import annotations

import re
from collections.abc import Sequence

from promptops.model.json_text import find_json
from promptops.plugin import CaseFailure, JsonValue, Sample, as_text

MOST_ITEMS = 10_000
_BULLET = re.compile(r"^\s*(?:[-*•]|\d{1,4}[.)])\s+")


def listed(text: str) -> list[str]:
    """The items of a JSON list; else of lines, without their bullets and numbers; else what commas separate."""
    value: JsonValue = None
    if "[" in text:
        try:
            value = find_json(text)
        except ValueError:
            value = None
    if isinstance(value, list):
        items = [as_text(each) for each in value[:MOST_ITEMS]]
    else:
        rows = [line for line in text.splitlines() if line.strip()]
        bulleted = [line for line in rows if _BULLET.match(line)]
        if len(rows) == 1 and not bulleted:
            rows = rows[0].split(",")
        items = [_BULLET.sub("", line) for line in (bulleted or rows)[:MOST_ITEMS]]
    return [item.strip() for item in items if item.strip()]


def expected_list(sample: Sample) -> Sequence[str]:
    """The expected items; a text is read like an output.

    Raises:
        CaseFailure: the case expects nothing.
    """
    if sample.expected is None:
        raise CaseFailure("no_expected", "the case has no expected value")
    if isinstance(sample.expected, (list, tuple)):
        return [as_text(each).strip() for each in sample.expected]
    return listed(as_text(sample.expected))
