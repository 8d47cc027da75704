from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from promptops.plugin import CaseFailure, Score

Scoring = Callable[..., Score]

TABLE = [
    ("in Paris, today", "Paris", {}, 1.0),
    ("in paris", "Paris", {}, 0.0),
    ("in paris", "Paris", {"ignore_case": True}, 1.0),
    ("in Rome", ["Rome", "Roma"], {}, 1.0),
    ("in Rome", ["Rome", "Roma"], {"mode": "all"}, 0.0),
    ("Rome or Roma", ["Rome", "Roma"], {"mode": "all"}, 1.0),
    ("in Rome", ["Rome", ""], {"mode": "all"}, 1.0),
    ("in Berlin", ["Rome", ""], {}, 0.0),
    ("room 12", 12, {}, 1.0),
    ("in Rome", "Paris", {"value": "Rome"}, 1.0),
    ("milk", None, {"values": ["tea", "milk"]}, 1.0),
    ("milk", None, {"values": ["tea", "milk"], "mode": "all"}, 0.0),
]


@pytest.mark.parametrize(("output", "expected", "options", "value"), TABLE)
def test_texts_in_an_output(
    output: str, expected: Any, options: dict[str, Any], value: float, score: Scoring
) -> None:
    assert score("contains", output, expected, **options).value == value


def test_the_reason_names_what_is_missing(score: Scoring) -> None:
    result = score("contains", "tea", values=["tea", "milk", "rum"], mode="all")
    assert result.reason == "does not contain `milk`, `rum`"


@pytest.mark.parametrize("expected", [None, "", " ", [], [""]])
def test_a_case_that_expects_nothing_is_lost_not_right(expected: Any, score: Scoring) -> None:
    with pytest.raises(CaseFailure) as caught:
        score("contains", "anything", expected, mode="all")
    assert caught.value.kind == "no_expected"


def test_options_that_make_no_sense_are_refused(refusal: Callable[..., str]) -> None:
    assert "exclude each other" in refusal("contains", value="a", values=["b"])
    assert "empty text" in refusal("contains", value="")
    assert "empty text" in refusal("contains", values=["a", ""])
    assert "not one of `any`, `all`" in refusal("contains", mode="none")
