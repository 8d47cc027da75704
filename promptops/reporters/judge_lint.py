"""What is wrong with the questions of judges, as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import fill

from promptops.errors import Problem
from promptops.reporters.printable import printable

NARROWEST = 40


def findings_text(problems: Iterable[Problem], columns: int) -> str:
    """Each finding with its place, its reason and what to write instead, a blank line behind it."""
    return "".join(f"{_finding(problem, max(NARROWEST, columns))}\n\n" for problem in problems)


def _finding(problem: Problem, width: int) -> str:
    where = f"{printable(str(problem.where))}: {problem.severity}"
    told = [problem.message, *([f"instead: {problem.hint}"] if problem.hint else [])]
    lines = (
        fill(printable(text), width, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
        for text in told
    )
    return "\n".join([where, *lines])
