from __future__ import annotations

import pytest

from promptops.errors import ExitCode
from promptops.model.comparison import Verdict
from promptops.model.result import HeadState
from promptops.reporters.diff_gate import ending
from tests.unit.reporters.comparisons import HEAD_SHA, comparison, metric, suite


@pytest.mark.parametrize(
    ("verdict", "code", "words"),
    [
        (Verdict.REGRESSED, ExitCode.NO, "exit 1: the branch does not pass."),
        (Verdict.INVALID, ExitCode.NO_VERDICT, "exit 4: no verdict, so it does not pass."),
        (Verdict.INCONCLUSIVE, ExitCode.NO_VERDICT, "exit 4: too little to tell (strict)."),
        (
            Verdict.INCONCLUSIVE,
            ExitCode.YES,
            "exit 0: nothing is proven worse, but not all of it is proven harmless (--strict fails then).",
        ),
        (Verdict.NO_WORSE, ExitCode.YES, "exit 0: the branch passes."),
    ],
)
def test_the_exit_code_in_words(verdict: Verdict, code: ExitCode, words: str) -> None:
    line = ending(comparison(suite("qa", metric(verdict))), code, [])
    assert line == f"{words} Again: promptops gate --against 1a2b3c4d5 --head 9f8e7d6c5"


def test_the_verdict_over_all_suites_counts() -> None:
    told = comparison(suite("qa", metric(Verdict.NO_WORSE)), overall=metric(Verdict.INCONCLUSIVE))
    assert "not all of it" in ending(told, ExitCode.YES, [])


def test_the_command_can_be_pasted_into_a_shell() -> None:
    told = comparison(suite("qa", metric(Verdict.NO_WORSE)))
    assert "promptops gate 'support/*' --strict --against" in ending(
        told, ExitCode.YES, ["support/*", "--strict"]
    )


def test_changes_that_are_not_committed_have_no_commit_to_name() -> None:
    head = HeadState(sha=HEAD_SHA, branch="x", dirty=True)
    told = comparison(suite("qa", metric(Verdict.NO_WORSE)), head=head)
    assert ending(told, ExitCode.YES, []).endswith("--against 1a2b3c4d5")
