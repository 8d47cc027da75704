"""How a gate ends: what its exit code means, and how to see it again."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from promptops.errors import ExitCode
from promptops.model.comparison import Verdict
from promptops.model.diff import Comparison
from promptops.reporters.diff_phrases import SHA
from promptops.reporters.printable import printable


def ending(comparison: Comparison, exit_code: ExitCode, options: Sequence[str]) -> str:
    """The last line: the exit code in words, and the command that gives the same again."""
    return f"exit {int(exit_code)}: {meaning(comparison, exit_code)}. Again: {again(comparison, 'gate', options)}"


def again(comparison: Comparison, verb: str, options: Sequence[str]) -> str:
    """The command that gives the same again."""
    command = ["promptops", verb, *options, "--against", comparison.base.sha[:SHA]]
    # Changes that are not committed have no name but the working tree.
    if comparison.head.sha and not comparison.head.dirty:
        command += ["--head", comparison.head.sha[:SHA]]
    return printable(shlex.join(command))


def meaning(comparison: Comparison, exit_code: ExitCode) -> str:
    """The exit code in words."""
    verdicts = {suite.verdict for suite in comparison.suites}
    if comparison.overall is not None:
        verdicts.add(comparison.overall.verdict)
    if exit_code is ExitCode.NO:
        return "the branch does not pass"
    if exit_code is ExitCode.NO_VERDICT:
        return (
            "no verdict, so it does not pass"
            if Verdict.INVALID in verdicts
            else "too little to tell (strict)"
        )
    if Verdict.INCONCLUSIVE in verdicts:
        return "nothing is proven worse, but not all of it is proven harmless (--strict fails then)"
    return "the branch passes"
