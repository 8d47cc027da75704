from __future__ import annotations

from collections.abc import Callable

import pytest

from promptops.plugin import Score
from promptops.scorers.regex import LONGEST_OUTPUT

Scoring = Callable[..., Score]


def test_searched_anywhere_by_default(score: Scoring) -> None:
    assert score("regex", "Order 4711 is late", pattern=r"\d{4}").value == 1.0
    assert score("regex", "no order", pattern=r"\d{4}").value == 0.0


def test_full_wants_all_of_the_output(score: Scoring) -> None:
    assert score("regex", "4711", pattern=r"\d{4}", full=True).value == 1.0
    assert score("regex", "4711\nand more", pattern=r"\d{4}", full=True).value == 0.0


def test_anchors_mean_lines(score: Scoring) -> None:
    assert score("regex", "Dear Ada\nBye", pattern="^Bye$").value == 1.0


def test_case_matters_unless_it_is_ignored(score: Scoring) -> None:
    assert score("regex", "YES", pattern="yes").value == 0.0
    assert score("regex", "YES", pattern="yes", ignore_case=True).value == 1.0


def test_only_the_beginning_of_an_endless_output_is_searched(score: Scoring) -> None:
    assert score("regex", "-" * (LONGEST_OUTPUT - 1) + "x", pattern="x").value == 1.0
    assert score("regex", "-" * LONGEST_OUTPUT + "x", pattern="x").value == 0.0


@pytest.mark.parametrize("pattern", ["(", "a{99999999999999}", "(?P<a>x)(?P<a>y)"])
def test_a_wrong_pattern_is_told_with_the_suite(pattern: str, refusal: Callable[..., str]) -> None:
    assert "`pattern` is not a regular expression: " in refusal("regex", pattern=pattern)
