"""What groups of scorers have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from promptops.plugin import JsonValue, Part


def require_members(scorers: Mapping[str, Mapping[str, JsonValue]]) -> None:
    """Raises ValueError for a group of nobody."""
    if not scorers:
        raise ValueError("`scorers` names no scorer to join")


def value_of(part: Part) -> float:
    """What a member says that can tell."""
    assert part.score.value is not None
    return part.score.value


def reasons(parts: Iterable[Part]) -> str:
    """Why some members say what they say."""
    return "; ".join(f"{part.name}: {_told(part)}" for part in parts)


def _told(part: Part) -> str:
    value = "cannot tell" if part.score.value is None else f"{part.score.value:g}"
    return f"{value} ({part.score.reason})" if part.score.reason else value
