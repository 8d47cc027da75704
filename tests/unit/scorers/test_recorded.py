from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from promptops.plugin import CaseFailure, Completion, Score

Scoring = Callable[..., Score]


def row(**data: Any) -> Completion:
    return Completion(output="", data=data)


@pytest.mark.parametrize(("value", "scaled"), [(1, 0.0), (3, 0.5), (4.5, 0.875), (5, 1.0)])
def test_a_rating_is_brought_to_0_to_1(value: float, scaled: float, score: Scoring) -> None:
    result = score(
        "recorded", "", completion=row(judge={"ratings": [value]}), field="judge.ratings.0", low=1, high=5
    )
    assert result.value == scaled


@pytest.mark.parametrize("options", [{}, {"low": 1, "high": 5}])
def test_true_and_false_count_as_1_and_0_on_every_range(options: dict[str, float], score: Scoring) -> None:
    assert score("recorded", "", completion=row(ok=True), field="ok", **options).value == 1.0
    assert score("recorded", "", completion=row(ok=False), field="ok", **options).value == 0.0


@pytest.mark.parametrize("data", [{}, {"rating": None}, {"rating": "4"}, {"rating": [4]}])
def test_a_row_without_the_score_loses_the_case(data: dict[str, Any], score: Scoring) -> None:
    with pytest.raises(CaseFailure, match="no number at `rating`") as caught:
        score("recorded", "", completion=row(**data), field="rating")
    assert caught.value.kind == "no_recorded_score"


@pytest.mark.parametrize("value", [0, 6, float("nan")])
def test_a_score_outside_its_range_loses_the_case(value: float, score: Scoring) -> None:
    with pytest.raises(CaseFailure, match="not within 1 to 5") as caught:
        score("recorded", "", completion=row(rating=value), field="rating", low=1, high=5)
    assert caught.value.kind == "invalid_score"


def test_an_empty_range_is_refused(refusal: Callable[..., str]) -> None:
    assert "`low` must be less than `high`" in refusal("recorded", field="a", low=1)
