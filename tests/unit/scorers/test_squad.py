"""SQuAD's exact match and F1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from promptops.plugin import CaseFailure, Score

Scoring = Callable[..., Score]
BOTH = ("squad_em", "squad_f1")


@pytest.mark.parametrize("scorer", BOTH)
@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("THE Eiffel-Tower!", "eiffeltower"),
        ("a  cat\n", "An Cat."),
        ("$4,000", "4000"),
        ("Theatre", "theatre"),
        ("x", ["y", "X."]),
        (42, 42),
    ],
)
def test_what_does_not_matter(scorer: str, output: Any, expected: Any, score: Scoring) -> None:
    assert score(scorer, str(output), expected).value == 1.0


@pytest.mark.parametrize(
    ("output", "expected"), [("theatre", "atre"), ("cats", "cat"), ("the the cat", "dog")]
)
def test_what_matters(output: str, expected: str, score: Scoring) -> None:
    assert score("squad_em", output, expected).value == 0.0


def test_f1_counts_each_word_as_often_as_both_have_it(score: Scoring) -> None:
    # Shared are cat, cat and sat; precision 3/4, recall 3/5.
    value = score("squad_f1", "cat cat sat down", "cat cat cat sat there").value
    assert value == pytest.approx(2 * (3 / 4) * (3 / 5) / (3 / 4 + 3 / 5))


def test_f1_takes_the_best_of_the_accepted_answers(score: Scoring) -> None:
    assert score("squad_f1", "red cat", ["dog", "cat", "blue cat here"]).value == pytest.approx(2 / 3)


@pytest.mark.parametrize("scorer", BOTH)
@pytest.mark.parametrize("expected", [[], "", [""], "The", ["a", "!"]])
def test_where_there_is_no_answer_only_none_is_right(scorer: str, expected: Any, score: Scoring) -> None:
    assert score(scorer, "", expected).value == 1.0
    assert score(scorer, "Paris", expected).value == 0.0


@pytest.mark.parametrize("scorer", BOTH)
def test_no_answer_is_wrong_where_there_is_one(scorer: str, score: Scoring) -> None:
    assert score(scorer, "", "Paris").value == 0.0
    # Of the second answer nothing is left, and so it does not count.
    assert score(scorer, "the", ["Paris", "The"]).value == 0.0


@pytest.mark.parametrize("scorer", BOTH)
def test_words_may_stand_for_no_answer(scorer: str, score: Scoring) -> None:
    none = {"no_answer": ["I don't know", "unanswerable"]}
    assert score(scorer, "i dont know.", [], **none).value == 1.0
    assert score(scorer, "i dont know.", []).value == 0.0
    assert score(scorer, "Unanswerable", "Paris", **none).value == 0.0


@pytest.mark.parametrize("scorer", BOTH)
def test_a_case_that_expects_nothing_is_lost(scorer: str, score: Scoring) -> None:
    with pytest.raises(CaseFailure, match=r"of no answer it is `\[\]`"):
        score(scorer, "Paris", None)
