from __future__ import annotations

from typing import Any

import pytest

from promptops.errors import InvalidFilesError, Location
from promptops.render.expression import ValueTemplate

WHERE = Location("evals/s.yaml", 5, 9)
CASE = {"text": "abc", "items": [1, "b"], "n": 2.5}


def value(text: str) -> Any:
    return ValueTemplate.compile(text, WHERE).evaluate({"case": CASE})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ case.items }}", CASE["items"]),
        ("{{ case.n * 2 }}", 5.0),
        ("n is {{ case.n }}", "n is 2.5"),
        ("{{ case.text | map('upper') }}", ["A", "B", "C"]),
        ("{{ range(3) }}", [0, 1, 2]),
        ("{{ case.keys() }}", list(CASE)),
        ("{{ (1, {'a': range(1)}) }}", [1, {"a": [0]}]),
        ("{{ none }}", None),
        ("{{ case.text is defined }}", True),
    ],
)
def test_an_expression_alone_comes_to_data(text: str, expected: object) -> None:
    assert value(text) == expected


def test_a_text_that_was_escaped_is_plain_text() -> None:
    assert type(value("{{ case.text | escape }}")) is str


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ case.keys }}", "a part of the template language"),
        ("{{ dict }}", "a part of the template language"),
        ("{{ {1: 2} }}", "the keys of an object must be texts"),
        ("{{ 1e999 }}", "a number is too large"),
        ("{{ 1e308 / 0.01 }}", "a number is too large"),
        ("{{ 10 ** 999 }}", "a number is too large"),
        ("{{ case.txt }}", "there is no field `txt` (did you mean `text`?)"),
        ("x {{ case.txt }}", "there is no field `txt` (did you mean `text`?)"),
        ("{{ case.txt.more }}", "there is no field `txt`"),
        ("{{ csae.text }}", "'csae' is undefined"),
    ],
)
def test_what_is_no_data_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(InvalidFilesError) as refused:
        value(text)
    (problem,) = refused.value.problems
    assert problem.where == WHERE
    assert message in problem.message
