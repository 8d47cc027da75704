from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from promptops.errors import PluginError
from promptops.plugin import Case, CaseFailure, Completion, Sample, Score
from promptops.scorers.python import Python

CHECKS = """
from decimal import Decimal
from promptops.plugin import CaseFailure, Score

LIMIT = 3

def polite(sample): return "please" in sample.output and sample.expected == "x" and sample.case.id == "c"
def share(sample): return len(sample.output) / 10
def exact(sample): return Decimal("0.25")
def full(sample): return Score(value=0.5, reason="half")
def unsure(sample): return Score(value=None, reason="cannot tell")
def broken(sample): return sample.nothing
def leaving(sample): raise SystemExit("bye")
def forgetful(sample): pass
def chatty(sample): return "0.5"
def wordy(sample): return Score(value="high")
def losing(sample): raise CaseFailure("judge_down", "no answer")
"""


def score(function: str, checks: Path, output: str = "please") -> Score:
    scorer = Python(function=function)
    scorer.prepare(str(checks))
    completion = Completion(output=output)
    return scorer.score(
        Sample(output=output, expected="x", case=Case(id="c", fields={}), completion=completion)
    )


@pytest.fixture
def checks(tmp_path: Path) -> Path:
    (tmp_path / "quality").mkdir()
    (tmp_path / "quality" / "checks.py").write_text(CHECKS, encoding="utf-8")
    (tmp_path / "house_checks_of_ours.py").write_text(CHECKS, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("function", "wanted"),
    [
        ("polite", Score(value=1.0)),
        ("share", Score(value=0.6)),
        ("exact", Score(value=0.25)),
        ("full", Score(value=0.5, reason="half")),
        ("unsure", Score(value=None, reason="cannot tell")),
    ],
)
def test_what_a_function_may_return(function: str, wanted: Score, checks: Path) -> None:
    assert score(f"quality/checks.py:{function}", checks) == wanted


def test_a_module_is_found_from_the_folder(checks: Path) -> None:
    assert score("house_checks_of_ours:polite", checks).value == 1.0


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("broken", "raised AttributeError"),
        ("leaving", "raised SystemExit: bye"),
        ("forgetful", "returned NoneType, not a number"),
        ("chatty", "returned str, not a number"),
        ("wordy", "returned str, not a number"),
    ],
)
def test_a_function_that_breaks_loses_the_case(function: str, message: str, checks: Path) -> None:
    with pytest.raises(CaseFailure, match=message) as caught:
        score(f"quality/checks.py:{function}", checks)
    assert caught.value.kind == "scorer_failed"


def test_a_function_may_say_itself_why_the_case_is_lost(checks: Path) -> None:
    with pytest.raises(CaseFailure) as caught:
        score("quality/checks.py:losing", checks)
    assert (caught.value.kind, caught.value.message) == ("judge_down", "no answer")


@pytest.mark.parametrize("function", ["quality/none.py:f", "no_such_module:f", "quality/checks.py:LIMIT"])
def test_a_function_that_is_not_there_is_told_before_the_run(function: str, checks: Path) -> None:
    with pytest.raises(PluginError):
        Python(function=function).prepare(str(checks))


@pytest.mark.parametrize("function", ["checks.py", "checks.py:", ":f", ""])
def test_what_names_no_function_is_refused(function: str, refusal: Callable[..., str]) -> None:
    assert "`module:function`" in refusal("python", function=function)


def test_only_the_documented_option_is_known(refusal: Callable[..., str]) -> None:
    assert "unknown key `_call`" in refusal("python", function="a:b", _call="x")
