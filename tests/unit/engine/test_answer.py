from __future__ import annotations

import pytest

from promptops.engine.answer import check, extract
from promptops.model.suite import AnswerSteps

TABLE = [
    ("  yes \n", None, "yes"),
    ("Answer: a\nAnswer: b", AnswerSteps(after="Answer:"), "b"),
    ("no marker", AnswerSteps(after="Answer:"), "no marker"),
    ("\n one \n two \n", AnswerSteps(line="first"), "one"),
    ("\n one \n two \n", AnswerSteps(line="last"), "two"),
    ("x=1 x=2", AnswerSteps(regex=r"x=(\d)"), "2"),
    ("x=1 x=2", AnswerSteps(regex=r"x=\d"), "x=2"),
    ("a:7", AnswerSteps(regex=r"(\w):(?P<answer>\d)"), "7"),
    ("none", AnswerSteps(regex=r"\d"), "none"),
    ('{"a": [{"b": "c"}]}', AnswerSteps(json_path="a[0].b"), "c"),
    ('{"a": [{"b": "c"}]}', AnswerSteps(json_path="$.a.0"), '{"b": "c"}'),
    ('Sure:\n```json\n{"n": 3}\n```', AnswerSteps(json_path="n"), "3"),
    ('I think {"n": 3} fits', AnswerSteps(json_path="n"), "3"),
    ('{"n": 3}', AnswerSteps(json_path="m"), '{"n": 3}'),
    ("A: it is 4.\nmore", AnswerSteps(after="A:", line="first", regex=r"^(.*?)\.?$"), "it is 4"),
    ("first\nA:", AnswerSteps(after="A:", line="first"), "first\nA:"),
]


@pytest.mark.parametrize(("output", "steps", "answer"), TABLE)
def test_the_scored_part_of_an_output(output: str, steps: AnswerSteps | None, answer: str) -> None:
    assert extract(output, steps) == answer


def test_a_wrong_pattern_is_told_before_anything_runs() -> None:
    assert "regular expression" in check(AnswerSteps(regex="("))[0]
    assert check(AnswerSteps(regex="(a)")) == []
