from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.plugin import CaseFailure, Score
from promptops.scorers.numeric_match import last_number

Scoring = Callable[..., Score]

READ_AS = [
    ("7", "7"),
    ("It is 7.", "7"),
    ("7.50.", "7.5"),
    ("3 + 4 = 7", "7"),
    ("16-3=13", "13"),
    ("5-3", "3"),
    ("x = -3", "-3"),
    ("−3", "-3"),
    ("+3", "3"),
    (".5", "0.5"),
    ("so...5", "5"),
    ("No.5", "5"),
    ("$1,250.00", "1250"),
    ("-$5", "-5"),
    ("$-5", "-5"),
    ("€ 3", "3"),
    ("US$40", "40"),
    ("5 €", "5"),
    ("50%", "50"),
    ("1,234,567", "1234567"),
    ("1,00,000", "100000"),
    ("1,2,3", "3"),
    ("4, 5", "5"),
    ("1e5", "100000"),
    ("1.5E-3", "0.0015"),
    ("15kg", "15"),
    ("H2O", None),
    ("v1.2.3", None),
    ("1.2.3", "1.2"),
    ("**18**", "18"),
    ("_18_", "18"),
    (r"\boxed{18}", "18"),
    ("", None),
    ("none", None),
    ("- . ,", None),
]


@pytest.mark.parametrize(("text", "number"), READ_AS)
def test_the_last_number_of_a_text(text: str, number: str | None) -> None:
    assert last_number(text) == (None if number is None else Decimal(number))


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=4))
def test_every_number_is_read_back_with_its_thousands_commas(number: Decimal) -> None:
    assert last_number(f"It makes 12 then ${number:,f}.") == number


@given(st.text(alphabet="0123456789.,-+eE$% x_\n"))
def test_no_text_is_too_odd(text: str) -> None:
    number = last_number(text)
    assert number is None or number.is_finite()


TABLE = [
    ("7", "7", {}, 1.0),
    ("7.0", 7, {}, 1.0),
    ("6", [7, "six 6"], {}, 1.0),
    ("6", ["none", 6], {}, 1.0),
    ("0.3", 0.3, {}, 1.0),
    ("104", 100, {"tolerance": 4}, 1.0),
    ("104.01", 100, {"tolerance": 4}, 0.0),
    ("-95", -100, {"relative_tolerance": 0.05}, 1.0),
    ("-94.9", -100, {"relative_tolerance": 0.05}, 0.0),
    ("0.1", 0, {"relative_tolerance": 0.5}, 0.0),
    ("12345678901234567890", 12345678901234567891, {}, 0.0),
]


@pytest.mark.parametrize(("output", "expected", "options", "value"), TABLE)
def test_scores(output: str, expected: Any, options: dict[str, Any], value: float, score: Scoring) -> None:
    assert score("numeric_match", output, expected, **options).value == value


def test_an_output_without_a_number_is_wrong_and_says_why(score: Scoring) -> None:
    assert score("numeric_match", "I cannot say", 7) == Score(value=0.0, reason="no number in the output")


@pytest.mark.parametrize("expected", ["none", [], True, ["a", "b"]])
def test_an_expected_value_without_a_number_loses_the_case(expected: Any, score: Scoring) -> None:
    with pytest.raises(CaseFailure) as caught:
        score("numeric_match", "7", expected)
    assert caught.value.kind == "no_expected_number"


def test_a_negative_tolerance_is_refused(refusal: Callable[..., str]) -> None:
    assert refusal("numeric_match", tolerance=-1) == "`tolerance`: must be at least 0"
    assert refusal("numeric_match", relative_tolerance=-0.1) == "`relative_tolerance`: must be at least 0"
