from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from promptops.plugin import CaseFailure, Score

Scoring = Callable[..., Score]

RIGHT: list[tuple[str, Any, dict[str, Any]]] = [
    ("yes", "yes", {}),
    ("  yes\n", "yes ", {}),
    ("YES", "yes", {"ignore_case": True}),
    ("STRASSE", "straße", {"ignore_case": True}),
    ("a \n b", "a b", {"ignore_whitespace": True}),
    ("“Yes!”", "yes", {"ignore_case": True, "ignore_punctuation": True}),
    ("b", ["a", "b"], {}),
    ("7", 7, {}),
    ("7.0", 7, {}),
    ("7", 7.0, {}),
    ("true", True, {}),
    ("True", True, {"ignore_case": True}),
    ("[]", [], {}),
    ("[1, 2]", [1, 2], {}),
    ('Sure:\n```json\n{"b": [1.0], "a": null}\n```', {"a": None, "b": [1]}, {}),
    ('{"city": " PARIS"}', {"city": "Paris"}, {"ignore_case": True}),
    ('[{"n": 1}, {"n": 2}]', [{"n": 1}, {"n": 2}], {}),
]

WRONG: list[tuple[str, Any, dict[str, Any]]] = [
    ("Yes", "yes", {}),
    ("a  b", "a b", {}),
    ("yes!", "yes", {}),
    ("c", ["a", "b"], {}),
    ("a, b", ["a", "b"], {}),
    ("8", 7, {}),
    ("1", True, {}),
    ("true", 1, {}),
    ('"7"', 7, {}),
    ("none", [], {}),
    ("[2, 1]", [1, 2], {}),
    ('{"a": 1}', {"a": 1, "b": 2}, {}),
    ('{"a": 1, "b": 2}', {"a": 1}, {}),
    ('{"city": "PARIS"}', {"city": "Paris"}, {}),
    ("nothing to parse", {"a": 1}, {}),
]


@pytest.mark.parametrize(("output", "expected", "options"), RIGHT)
def test_right(output: str, expected: Any, options: dict[str, Any], score: Scoring) -> None:
    assert score("exact_match", output, expected, **options).value == 1.0


@pytest.mark.parametrize(("output", "expected", "options"), WRONG)
def test_wrong(output: str, expected: Any, options: dict[str, Any], score: Scoring) -> None:
    assert score("exact_match", output, expected, **options).value == 0.0


def test_output_without_json_says_so(score: Scoring) -> None:
    assert score("exact_match", "nothing to parse", {"a": 1}).reason == "no JSON in the text"


def test_a_case_without_an_expected_value_is_lost_not_wrong(score: Scoring) -> None:
    with pytest.raises(CaseFailure, match="no expected value"):
        score("exact_match", "yes")
