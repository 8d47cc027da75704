from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from promptops.model.json_text import find_json
from promptops.plugin import Example, JsonValue, Record, Sample, Scale, Score, Scorer, as_text, pass_or_fail
from promptops.scorers._texts import folded


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactMatch(Record):
    """1 when the output equals the expected value, else 0.

    Blanks around both do not matter. A list of texts means that each of them is right. An expected
    object, number, true/false or other list is compared with the JSON in the output, so that 1 equals
    1.0 and the order of keys is free. `ignore_whitespace` squeezes blanks inside a text.
    """

    version: ClassVar[int] = 2
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output=" yes\n", expected="yes", score=1.0),
        Example(output="Yes", expected="yes", score=0.0),
        Example(output="Yes", expected="yes", options={"ignore_case": True}, score=1.0),
        Example(output="yes!", expected="yes", options={"ignore_punctuation": True}, score=1.0),
        Example(output="a  cat", expected="a cat", options={"ignore_whitespace": True}, score=1.0),
        Example(output="Paris", expected=["Paris", "Paris, France"], score=1.0),
        Example(output='{"b": 1.0, "a": "x"}', expected={"a": "x", "b": 1}, score=1.0),
        Example(output="no JSON", expected={"a": "x"}, score=0.0),
    )

    ignore_case: bool = False
    ignore_whitespace: bool = False
    ignore_punctuation: bool = False

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        if _is_data(sample.expected):
            return self._compared_as_json(sample)
        got = self._folded(sample.output)
        return pass_or_fail(got in map(self._folded, sample.expected_texts()))

    def _compared_as_json(self, sample: Sample) -> Score:
        if self._folded(sample.output) == self._folded(as_text(sample.expected)):
            return pass_or_fail(True)
        try:
            return pass_or_fail(self._same(find_json(sample.output), sample.expected))
        except ValueError as error:
            return pass_or_fail(False, str(error))

    def _same(self, got: JsonValue, wanted: JsonValue) -> bool:
        if isinstance(got, bool) or isinstance(wanted, bool):
            return got is wanted
        if isinstance(got, dict) and isinstance(wanted, Mapping):
            return got.keys() == wanted.keys() and all(
                self._same(value, wanted[key]) for key, value in got.items()
            )
        if isinstance(got, list) and isinstance(wanted, (list, tuple)):
            return len(got) == len(wanted) and all(map(self._same, got, wanted))
        if isinstance(got, str) and isinstance(wanted, str):
            return self._folded(got) == self._folded(wanted)
        return bool(got == wanted)

    def _folded(self, text: str) -> str:
        if self.ignore_punctuation:
            text = "".join(each for each in text if not unicodedata.category(each).startswith("P"))
        text = " ".join(text.split()) if self.ignore_whitespace else text.strip()
        return folded(text, ignore_case=self.ignore_case)


def _is_data(expected: JsonValue) -> bool:
    """Whether an expected value stands for itself; an empty list has no text that could be right."""
    if isinstance(expected, (list, tuple)):
        return not expected or not all(isinstance(each, str) for each in expected)
    return expected is not None and not isinstance(expected, str)


PLUGIN: type[Scorer] = ExactMatch
