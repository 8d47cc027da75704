"""What one render may use: steps, characters and, as a last resort, processor time.

Templates of a pull request are untrusted, and a sandbox alone lets them run and grow without end.
Every part of a template charges the meter of the render that is under way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

MOST_CHARACTERS = 1_000_000
"""Of any text that a template makes."""

MOST_STEPS = 1_000_000
"""Of one render; a step is one node of a template, or about a microsecond of work."""

MOST_PROCESSOR_S = 2.0
"""Seconds of one render; steps end first in all but contrived templates."""

MOST_ITEMS = 500_000
"""In any list or object that a template makes, with all that is inside it."""

MOST_CONTAINED_CHARACTERS = 10 * MOST_CHARACTERS
"""In all texts inside a list or object that a template makes; they may be the same text many times."""

MOST_DEPTH = 100
"""Of lists and objects inside each other; hashing deeper tuples can overflow the stack of C."""

CHARACTERS_A_STEP = 64
ITEMS_A_STEP = 16
STEPS_BETWEEN_CLOCK_READINGS = 1_000

P = ParamSpec("P")
R = TypeVar("R")


class LimitError(Exception):
    """A template uses more than one render may."""


class Meter:
    """Counts what one render uses."""

    __slots__ = ("_deadline_s", "_left", "_next_reading")

    def __init__(self) -> None:
        self._left = MOST_STEPS
        self._next_reading = MOST_STEPS - STEPS_BETWEEN_CLOCK_READINGS
        self._deadline_s: float | None = None

    def charge(self, steps: int) -> None:
        """Takes steps off what is left; raises LimitError when nothing is."""
        self._left -= steps
        if self._left < self._next_reading:
            self._look_at_clock()

    def _look_at_clock(self) -> None:
        if self._left < 0:
            raise LimitError(f"the template takes more than {MOST_STEPS:,} steps")
        now_s = time.thread_time()
        if self._deadline_s is None:
            self._deadline_s = now_s + MOST_PROCESSOR_S
        if now_s > self._deadline_s:
            raise LimitError(f"the template takes more than {MOST_PROCESSOR_S:g} seconds")
        self._next_reading = self._left - STEPS_BETWEEN_CLOCK_READINGS


_meter: ContextVar[Meter] = ContextVar("promptops_meter")


def metered(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Calls a function with a fresh meter, which everything that it renders charges."""
    token = _meter.set(Meter())
    try:
        return function(*args, **kwargs)
    finally:
        _meter.reset(token)


def charge(steps: int) -> None:
    """Charges the render that is under way; raises LimitError when it has used up its steps."""
    _meter.get().charge(steps)


def check_length(characters: int) -> None:
    """Raises LimitError for a text that would be too long."""
    if characters > MOST_CHARACTERS:
        raise LimitError(f"the template makes a text of more than {MOST_CHARACTERS:,} characters")


def taken(value: Any) -> Any:
    """A value that a template made, charged by its size.

    Raises:
        LimitError: it is too large or too deep, or the steps are used up.
    """
    if isinstance(value, str):
        check_length(len(value))
        charge(1 + len(value) // CHARACTERS_A_STEP)
    elif isinstance(value, (list, tuple, Mapping)):
        charge(1 + count_items(value) // ITEMS_A_STEP)
    elif isinstance(value, Iterator):
        return _counted(value)
    return value


def _counted(items: Iterator[Any]) -> Iterator[Any]:
    for item in items:
        charge(1)
        yield item


def count_items(value: Any) -> int:
    """Everything inside a value, where what occurs twice counts twice.

    Raises:
        LimitError: there is too much of it, or it is too deep.
    """
    items = characters = depth = 0
    level = [value]
    while level:
        inside: list[Any] = []
        for each in level:
            if isinstance(each, str):
                characters += len(each)
            elif isinstance(each, (list, tuple)):
                inside.extend(each)
            elif isinstance(each, Mapping):
                inside.extend(each.keys())
                inside.extend(each.values())
            if len(inside) > MOST_ITEMS:
                raise LimitError(f"the template makes a value of more than {MOST_ITEMS:,} items")
        items += len(level)
        depth += 1
        if items > MOST_ITEMS:
            raise LimitError(f"the template makes a value of more than {MOST_ITEMS:,} items")
        if characters > MOST_CONTAINED_CHARACTERS:
            raise LimitError(f"the template makes a value of more than {MOST_CONTAINED_CHARACTERS:,} characters")
        if depth > MOST_DEPTH:
            raise LimitError(f"the template makes a value of more than {MOST_DEPTH} levels")
        level = inside
    return items
