from __future__ import annotations

from collections.abc import Callable

import pytest

from promptops.plugin import Score

Scoring = Callable[..., Score]

SCHEMA = {
    "type": "object",
    "properties": {"items": {"type": "array", "items": {"properties": {"n": {"type": "integer"}}}}},
    "required": ["items"],
}
FITTING = '{"items": [{"n": 1}]}'


@pytest.mark.parametrize("output", [FITTING, f"```json\n{FITTING}\n```", f"Here you are: {FITTING} Bye."])
def test_json_that_fits_may_stand_among_words(output: str, score: Scoring) -> None:
    assert score("json_schema", output, schema=SCHEMA) == Score(value=1.0)


def test_strict_wants_nothing_but_json(score: Scoring) -> None:
    assert score("json_schema", FITTING, schema=SCHEMA, strict=True).value == 1.0
    among_words = score("json_schema", f"Here you are: {FITTING}", schema=SCHEMA, strict=True)
    assert among_words.value == 0.0
    assert among_words.reason.startswith("not JSON: ")


def test_the_reason_names_the_place_of_the_first_problem(score: Scoring) -> None:
    result = score("json_schema", '{"items": [{"n": 1}, {"n": "x"}]}', schema=SCHEMA)
    assert (result.value, result.reason) == (0.0, "`items[1].n`: 'x' is not of type 'integer'")


def test_an_output_without_json_is_wrong(score: Scoring) -> None:
    result = score("json_schema", "I would rather not", schema=SCHEMA)
    assert (result.value, result.reason) == (0.0, "not JSON: no JSON in the text")


def test_what_is_no_schema_is_refused(refusal: Callable[..., str]) -> None:
    assert "`schema` is not a JSON Schema" in refusal("json_schema", schema={"type": "nonsense"})
    assert "`$ref` to another file" in refusal("json_schema", schema={"$ref": "https://example.org/a.json"})
    assert refusal("json_schema") == "the key `schema` is missing"
