"""A list in an answer, however it is written."""

from __future__ import annotations

import re
from collections.abc import Sequence

from promptops.model.fenced import fenced
from promptops.model.json_text import parse_json
from promptops.plugin import CaseFailure, JsonValue, Sample, as_text
from promptops.scorers._texts import folded

MOST_ITEMS = 10_000
_BULLET = re.compile(r"\s*(?:[-*+•–]|\(?\d{1,4}[.)]|\[\d{1,4}\])\s+")
_LAST = re.compile(r"(?:\s|^)(?:and|or|&)\s+")
_QUOTES = " \t\r\n\"'`*_“”„«»"


def listed(text: str) -> list[str]:
    """The items of a JSON list; else of lines, without their bullets and numbers; else what commas separate."""
    value = _json_list(text)
    items = map(as_text, value) if isinstance(value, list) else _written(text)
    return [item for each in items if (item := _bare(each))][:MOST_ITEMS]


def expected_list(sample: Sample) -> Sequence[str]:
    """The expected items; a text is read like an output.

    Raises:
        CaseFailure: the case expects nothing.
    """
    if sample.expected is None:
        raise CaseFailure("no_expected", "the case has no expected value")
    if isinstance(sample.expected, (list, tuple)):
        return [_bare(as_text(each)) for each in sample.expected]
    return listed(as_text(sample.expected))


def comparable(items: Sequence[str], *, ignore_case: bool) -> list[str]:
    """The items as they are compared."""
    return [folded(item, ignore_case=ignore_case) for item in items]


def _bare(item: str) -> str:
    """Without quotes, emphasis and the full stop around it."""
    return item.strip(_QUOTES).rstrip(".,;").strip(_QUOTES)


def _json_list(text: str) -> JsonValue:
    """A list that is the whole text, a fenced block, or what words lead to; a `[1]` in an item is none."""
    if "[" not in text:
        return None
    candidates = [text, fenced(text, "json")]
    if not any(map(_BULLET.match, text.splitlines())) and text.rstrip(" .").endswith("]"):
        candidates.append(text[text.index("[") :].rstrip(" ."))
    for candidate in candidates:
        if candidate is not None:
            try:
                return parse_json(candidate)
            except ValueError:
                continue
    return None


def _written(text: str) -> list[str]:
    rows = [line for line in text.splitlines() if line.strip()]
    bulleted = [line[bullet.end() :] for line in rows if (bullet := _BULLET.match(line))]
    if bulleted or len(rows) != 1:
        return bulleted or rows
    return _separated(rows[0])


def _separated(row: str) -> list[str]:
    """`a, b and c` has three items; in `a and b`, which may be one, nothing is separated."""
    items = row.split("," if "," in row else ";")
    if len(items) > 1:
        items[-1:] = _LAST.split(items[-1], maxsplit=1)
    return items
