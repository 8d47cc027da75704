"""How values become text in a template, within bounds and the same at every run."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from promptops.render.meter import (
    CHARACTERS_A_STEP,
    MOST_CHARACTERS,
    LimitError,
    charge,
    check_length,
    count_items,
    taken,
)

SEARCH_STEPS = 100_000_000
"""Of a search that compares every character with every other; about a tenth of a second."""

STEPS_OF_WRAPPING = 1_000
"""Squared characters a step: wrapping copies the rest of a long word for each line."""

MOST_INDENT = 16
MOST_DIGITS = 100
MOST_ROWS = 10_000


def text(value: Any) -> str:
    """A value as a template prints it.

    Raises:
        LimitError: the text is too long.
        ValueError: the value has no text that is the same at every run.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple, Mapping)):
        count_items(value)
    _require_stable(value)
    shown = str(value)
    check_length(len(shown))
    charge(len(shown) // CHARACTERS_A_STEP)
    return shown


def _require_stable(value: Any) -> None:
    kind = type(value)
    if isinstance(value, Generator):
        raise ValueError("a sequence that is not yet a list cannot be printed: add `| list` or `| join`")  # noqa: TRY004 - all of them are values that cannot be printed
    if callable(value):
        name = getattr(value, "__name__", None) or getattr(value, "name", "it")
        raise ValueError(
            f"`{name}` is a function and cannot be printed: call it, or write `['{name}']` for a field of that name"
        )
    if kind.__str__ is object.__str__ and kind.__repr__ is object.__repr__:
        raise ValueError(f"a value of type `{kind.__name__}` cannot be printed")


def concatenated(pieces: Iterable[str]) -> str:
    """The pieces as one text; raises LimitError as soon as it is too long."""
    kept = []
    characters = 0
    for piece in pieces:
        kept.append(piece)
        characters += len(piece)
        if characters > MOST_CHARACTERS:
            check_length(characters)
    return "".join(kept)


def tilde(values: Iterable[Any]) -> str:
    """What `a ~ b` yields."""
    joined: str = taken(concatenated(map(text, values)))
    return joined


def joined(items: Iterable[Any], separator: str) -> str:
    """The texts of the items with a separator between them."""

    def pieces() -> Iterable[str]:
        for index, item in enumerate(items):
            if index:
                yield separator
            yield text(item)

    return concatenated(pieces())


def replaced(value: Any, old: Any, new: Any, count: int | None = None) -> str:
    """The text with a part of it replaced wherever it occurs."""
    whole, before, after = text(value), text(old), text(new)
    found = whole.count(before)
    times = found if count is None or count < 0 else min(found, count)
    check_length(len(whole) + times * (len(after) - len(before)))
    return whole.replace(before, after, times)


def searched(method: Callable[..., Any], whole: str) -> Callable[..., Any]:
    """A method of a text that compares every character with those of its argument, within bounds."""

    def bounded(*args: Any) -> Any:
        if any(isinstance(arg, str) and len(arg) * len(whole) > SEARCH_STEPS for arg in args):
            raise LimitError("the texts are too long for this search")
        return method(*args)

    return bounded


def trimmed(value: Any, chars: str | None = None) -> str:
    """The text without blanks (or `chars`) around it."""
    whole = text(value)
    stripped: str = searched(whole.strip, whole)(chars)
    return stripped


def indented(value: Any, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    """The text with each line but the first moved to the right; blank lines stay as they are."""
    whole = text(value)
    characters = len(width) if isinstance(width, str) else width
    lines = whole.splitlines() or [""]
    check_length(len(whole) + len(lines) * characters)
    indent = width if isinstance(width, str) else " " * width
    shifted = [
        indent + line if (first if index == 0 else line or blank) else line for index, line in enumerate(lines)
    ]
    ending = "\n" if blank and whole.endswith("\n") else ""
    return "\n".join(shifted) + (ending + indent if ending else "")


def wrapped(
    value: Any, width: int = 79, break_long_words: bool = True, wrapstring: str = "\n", break_on_hyphens: bool = False
) -> str:
    """The text in lines of at most `width` characters; line ends that are there stay."""
    import textwrap

    lines = text(value).splitlines()
    charge(sum(len(line) ** 2 for line in lines) // (STEPS_OF_WRAPPING * max(1, width)))
    paragraphs = (
        textwrap.wrap(
            line,
            width,
            expand_tabs=False,
            replace_whitespace=False,
            break_long_words=break_long_words,
            break_on_hyphens=break_on_hyphens and len(line) <= STEPS_OF_WRAPPING,
        )
        for line in lines
    )
    return joined((joined(paragraph, wrapstring) for paragraph in paragraphs), wrapstring)


def as_json(value: Any, indent: int | None = None) -> str:
    """A value as plain JSON: keys in order, not escaped for HTML.

    Raises:
        ValueError: JSON cannot express the value.
    """
    count_items(value)
    if indent is not None and not 0 <= indent <= MOST_INDENT:
        raise LimitError(f"`tojson` indents by at most {MOST_INDENT} characters")
    try:
        return json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False, indent=indent, default=_plain)
    except ValueError as error:
        raise ValueError(f"JSON cannot express the value: {error}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (Generator, range)):
        return list(value)
    raise ValueError(f"it holds a value of type `{type(value).__name__}`")


def rounded(value: float, precision: int = 0, method: str = "common") -> float:
    """The number with `precision` digits behind its point."""
    from math import ceil, floor

    if abs(precision) > MOST_DIGITS:
        raise LimitError(f"`round` keeps at most {MOST_DIGITS} digits")
    if method == "common":
        return round(value, precision)
    rounding = {"ceil": ceil, "floor": floor}.get(method)
    if rounding is None:
        raise ValueError("`round` takes `common`, `ceil` or `floor`")
    scale = 10**precision
    return rounding(value * scale) / scale


def row_bound(function: Callable[..., Any]) -> Callable[..., Any]:
    """The filters `batch` and `slice`, which fill up as many places as they are told."""

    def bounded(value: Any, number: int, fill_with: Any = None) -> Any:
        if number > MOST_ROWS:
            raise LimitError(f"a list is cut into at most {MOST_ROWS:,} parts")
        return function(value, number, fill_with)

    return bounded


STEADY_FILTERS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "indent": indented,
        "replace": replaced,
        "round": rounded,
        "safe": text,
        "string": text,
        "tojson": as_json,
        "trim": trimmed,
        "wordwrap": wrapped,
    }
)
"""Filters that stand in for Jinja's own, with bounds."""
