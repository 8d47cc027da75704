from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import zip_longest
from typing import Any, ClassVar, Literal

from promptops.model.json_text import find_json
from promptops.plugin import CaseFailure, Example, JsonValue, Record, Sample, Scale, Score, Scorer, as_text
from promptops.scorers._matching import ABSENT, matched
from promptops.scorers._numbers import is_near
from promptops.scorers._texts import folded

MOST_TOLD = 5
LONGEST_VALUE = 40

Pair = tuple[str, Any, Any]
"""The path of a value, what is expected there, and what is there; either may be absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonFields(Record):
    """The share of the expected fields that the JSON in the output has right.

    Fields are the leaves of the expected value, by their path (`address.city`, `items[0].name`). `fields` names
    those that count, or objects and lists whose leaves count. Items of a list are compared by their place; with
    `ignore_order` equal ones first, the others in their order. Text may be compared with `ignore_case`, numbers
    within `tolerance`. With `extra: penalise` a field that is not expected counts as a wrong one. Without JSON
    in the output it is 0; an empty output is an empty object.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.UNIT
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output='{"a": 1, "b": {"c": "x"}}', expected={"a": 1, "b": {"c": "y"}}, score=0.5),
        Example(output="", expected={}, score=1.0),
        Example(output="no JSON", expected={"a": 1}, score=0.0),
        Example(output='{"a": "X"}', expected={"a": "x"}, options={"ignore_case": True}, score=1.0),
        Example(output='{"n": 1.04}', expected={"n": 1}, options={"tolerance": 0.05}, score=1.0),
        Example(
            output='{"labels": ["b", "a"], "p": 1}',
            expected={"labels": ["a", "b"], "p": 2},
            options={"ignore_order": True, "fields": ["labels"]},
            score=1.0,
        ),
        Example(output='{"a": 1, "z": 2}', expected={"a": 1}, options={"extra": "penalise"}, score=0.5),
    )

    fields: tuple[str, ...] = ()
    ignore_case: bool = False
    ignore_order: bool = False
    tolerance: float = field(default=0.0, metadata={"ge": 0})
    extra: Literal["ignore", "penalise"] = "ignore"

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        wanted = self._expected(sample)
        try:
            got = find_json(sample.output) if sample.output.strip() else {}
            pairs = [pair for pair in self._leaves(wanted, got) if self._counts(pair)]
            wrong = [pair for pair in pairs if not self._is_right(*pair[1:])]
        except ValueError as error:
            return Score(value=0.0, reason=str(error))
        except RecursionError:
            return Score(value=0.0, reason="nested too deeply")
        if not wrong:
            return Score(value=1.0)
        return Score(value=(len(pairs) - len(wrong)) / len(pairs), reason=_differences(wrong))

    def _expected(self, sample: Sample) -> JsonValue:
        if isinstance(sample.expected, str):
            try:
                return find_json(sample.expected)
            except ValueError:
                raise CaseFailure("no_expected_json", "the expected value is no JSON") from None
        if sample.expected is None:
            raise CaseFailure("no_expected", "the case has no expected value")
        return sample.expected

    def _counts(self, pair: Pair) -> bool:
        path, wanted, _ = pair
        if wanted is ABSENT and self.extra == "ignore":
            return False
        return not self.fields or any(_is_in(path, each) for each in self.fields)

    def _leaves(self, wanted: JsonValue, got: JsonValue) -> Iterator[Pair]:
        """All values that hold no others; an empty object or list inside another counts as one."""
        open_pairs: list[Pair] = [("", wanted, got)]
        while open_pairs:
            path, wanted, got = open_pairs.pop()
            outer = got if wanted is ABSENT else wanted
            if isinstance(outer, Mapping) and (outer or not path):
                open_pairs += reversed(list(_members(path, wanted, got)))
            elif isinstance(outer, (list, tuple)) and (outer or not path):
                open_pairs += reversed(list(self._items(path, _listed(wanted), _listed(got))))
            else:
                yield path, wanted, got

    def _items(self, path: str, wanted: Sequence[Any], got: Sequence[Any]) -> Iterator[Pair]:
        if self.ignore_order:
            pairs = matched(wanted, got, self._key, self._is_near if self.tolerance else None)
        else:
            pairs = zip_longest(wanted, got, fillvalue=ABSENT)
        for place, (one, other) in enumerate(pairs):
            yield f"{path}[{place}]", one, other

    def _is_near(self, wanted: JsonValue, got: JsonValue) -> bool:
        return all(self._is_right(*pair[1:]) for pair in self._leaves(wanted, got))

    def _key(self, value: JsonValue) -> str:
        """The same text for values that count as equal."""
        return json.dumps(self._comparable(value), sort_keys=True)

    def _comparable(self, value: JsonValue) -> JsonValue:
        if isinstance(value, str):
            return self._folded(value)
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, Mapping):
            return {key: self._comparable(each) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return sorted(map(self._key, value))
        return value

    def _is_right(self, wanted: Any, got: Any) -> bool:
        if isinstance(wanted, str) and isinstance(got, str):
            return wanted == got or self._folded(wanted) == self._folded(got)
        if _is_number(wanted) and _is_number(got):
            if wanted == got or not self.tolerance:
                return bool(wanted == got)
            return is_near(Decimal(repr(wanted)), Decimal(repr(got)), self.tolerance)
        # True is no 1, though Python takes one for the other.
        return type(wanted) is type(got) and bool(wanted == got)

    def _folded(self, text: str) -> str:
        return folded(text.strip(), ignore_case=self.ignore_case)


def _members(path: str, wanted: Any, got: Any) -> Iterator[Pair]:
    ours, theirs = (each if isinstance(each, Mapping) else {} for each in (wanted, got))
    for key in [*ours, *(key for key in theirs if key not in ours)]:
        yield f"{path}.{key}" if path else str(key), ours.get(key, ABSENT), theirs.get(key, ABSENT)


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else ()


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_in(path: str, wanted: str) -> bool:
    return path == wanted or path.startswith((f"{wanted}.", f"{wanted}["))


def _differences(wrong: Sequence[Pair]) -> str:
    """Which fields are wrong, readably: `people: expected "4", got "5"; time missing`."""
    more = f"; {len(wrong) - MOST_TOLD} more" if len(wrong) > MOST_TOLD else ""
    return "; ".join(map(_told, wrong[:MOST_TOLD])) + more


def _told(pair: Pair) -> str:
    path, wanted, got = pair
    if got is ABSENT:
        return f"{path} missing"
    if wanted is ABSENT:
        return f"{path} not expected"
    return f"{path}: expected {_shown(wanted)}, got {_shown(got)}".removeprefix(": ")


def _shown(value: JsonValue) -> str:
    text = as_text(value)
    text = text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
    return f'"{text}"' if isinstance(value, str) else text


PLUGIN: type[Scorer] = JsonFields
