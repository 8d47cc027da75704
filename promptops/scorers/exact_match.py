from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from promptops.model.json_text import find_json
from promptops.plugin import Example, JsonValue, Record, Sample, Scale, Score, Scorer


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactMatch(Record):
    """1 when the output equals the expected value, else 0.

    Blanks around both do not matter. A list of texts means that each of them is right. An expected
    object, number or true/false is compared with the JSON in the output.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output=" yes\n", expected="yes", score=1.0),
        Example(output="Yes", expected="yes", score=0.0),
        Example(output="Yes", expected="yes", options={"ignore_case": True}, score=1.0),
        Example(output="a  cat", expected="a cat", options={"ignore_whitespace": True}, score=1.0),
        Example(output="Paris", expected=["Paris", "Paris, France"], score=1.0),
        Example(output='{"b": 1.0, "a": "x"}', expected={"a": "x", "b": 1}, score=1.0),
        Example(output="no JSON", expected={"a": "x"}, score=0.0),
    )

    ignore_case: bool = False
    ignore_whitespace: bool = False

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        if isinstance(sample.expected, (str, type(None))) or _is_texts(sample.expected):
            got = self._folded(sample.output)
            return Score(value=float(any(got == self._folded(text) for text in sample.expected_texts())))
        try:
            return Score(value=float(_same(find_json(sample.output), sample.expected)))
        except ValueError as error:
            return Score(value=0.0, reason=str(error))

    def _folded(self, text: str) -> str:
        text = text.strip()
        if self.ignore_whitespace:
            text = " ".join(text.split())
        return text.casefold() if self.ignore_case else text


def _is_texts(value: JsonValue) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value)


def _same(one: JsonValue, other: JsonValue) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, str) and isinstance(other, str):
        return one.strip() == other.strip()
    return bool(one == other)


PLUGIN: type[Scorer] = ExactMatch
