from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from promptops.errors import InvalidFilesError, Problem

T = TypeVar("T")


def attempt(problems: list[Problem], make: Callable[[], T]) -> T | None:
    """A part of a suite; None where it is wrong, so that the other parts are checked as well."""
    try:
        return make()
    except InvalidFilesError as error:
        problems += error.problems
        return None
