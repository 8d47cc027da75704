from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isclose
from typing import ClassVar, Literal

from promptops.model.json_text import find_json
from promptops.plugin import CaseFailure, Example, JsonValue, Record, Sample, Scale, Score, Scorer, as_text

MOST_FIELDS = 5_000
MOST_TOLD = 5
LONGEST_VALUE = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonFields(Record):
    """The share of the expected fields that the JSON in the output has right.

    Fields are the leaves of the expected value, by their path (`address.city`, `items[0].name`). `fields` names
    those that count, or objects and lists whose leaves count. Items of a list are compared by their place, or
    with `ignore_order` as sets. Text may be compared with `ignore_case`, numbers within `tolerance`. With
    `extra: penalise` a field that is not expected counts as a wrong one. Without JSON in the output it is 0.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.UNIT
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output='{"a": 1, "b": {"c": "x"}}', expected={"a": 1, "b": {"c": "y"}}, score=0.5),
        Example(output="{}", expected={}, score=1.0),
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
        wanted = self._leaves(self._expected(sample))
        try:
            got = self._leaves(find_json(sample.output))
        except ValueError as error:
            return Score(value=0.0, reason=str(error))
        right = sum((wanted & got).values()) if not self.tolerance else self._close(wanted, got)
        total = sum(wanted.values())
        if self.extra == "penalise":
            known = {path for path, _ in wanted}
            total += sum(count for (path, _), count in (got - wanted).items() if path not in known)
        if right == total:
            return Score(value=1.0)
        return Score(value=right / total, reason=_differences(wanted, got))

    def _expected(self, sample: Sample) -> JsonValue:
        if isinstance(sample.expected, str):
            try:
                return find_json(sample.expected)
            except ValueError:
                raise CaseFailure("no_expected_json", "the expected value is no JSON") from None
        if sample.expected is None:
            raise CaseFailure("no_expected", "the case has no expected value")
        return sample.expected

    def _leaves(self, value: JsonValue) -> Counter[tuple[str, JsonValue]]:
        leaves: Counter[tuple[str, JsonValue]] = Counter()
        for path, leaf in self._walk("", value):
            if not self.fields or any(_is_in(path, each) for each in self.fields):
                leaves[path, self._comparable(leaf)] += 1
            if len(leaves) > MOST_FIELDS:
                break
        return leaves

    def _walk(self, path: str, value: JsonValue) -> Iterator[tuple[str, JsonValue]]:
        open_values = [(path, value)]
        while open_values:
            path, value = open_values.pop()
            if isinstance(value, Mapping) and value:
                members = [(f"{path}.{key}" if path else str(key), each) for key, each in value.items()]
                open_values += reversed(members)
            elif isinstance(value, (list, tuple)) and value:
                if self.ignore_order:
                    # Items are compared whole: which part belongs to which item has no meaning of its own.
                    for each in value:
                        yield f"{path}[]", as_text(each) if isinstance(each, (Mapping, list, tuple)) else each
                else:
                    items = [(f"{path}[{place}]", each) for place, each in enumerate(value)]
                    open_values += reversed(items)
            elif not isinstance(value, (Mapping, list, tuple)):
                yield path, value
            elif path:
                yield path, as_text(value)

    def _comparable(self, leaf: JsonValue) -> JsonValue:
        """True is no 1, though Python takes one for the other."""
        if isinstance(leaf, bool) or leaf is None:
            return ("constant", leaf)
        if isinstance(leaf, str):
            return leaf.strip().casefold() if self.ignore_case else leaf.strip()
        return leaf

    def _close(self, wanted: Counter[tuple[str, JsonValue]], got: Counter[tuple[str, JsonValue]]) -> int:
        numbers: dict[str, list[float]] = {}
        for path, leaf in got.elements():
            if isinstance(leaf, (int, float)):
                numbers.setdefault(path, []).append(leaf)
        right = 0
        for path, leaf in wanted.elements():
            if not isinstance(leaf, (int, float)):
                right += got[path, leaf] > 0
                continue
            near = next(
                (
                    each
                    for each in numbers.get(path, ())
                    if isclose(each, leaf, rel_tol=0, abs_tol=self.tolerance)
                ),
                None,
            )
            if near is not None:
                numbers[path].remove(near)
                right += 1
        return right


def _is_in(path: str, wanted: str) -> bool:
    return path == wanted or path.startswith((f"{wanted}.", f"{wanted}["))


def _differences(wanted: Counter[tuple[str, JsonValue]], got: Counter[tuple[str, JsonValue]]) -> str:
    """Which fields are wrong, readably: `people: expected "4", got "5"; time missing`."""
    by_path: dict[str, JsonValue] = dict((got - wanted).elements())
    told = []
    for path, leaf in (wanted - got).elements():
        if path in by_path:
            told.append(f"{path}: expected {_shown(leaf)}, got {_shown(by_path.pop(path))}")
        else:
            told.append(f"{path} missing")
    told += [f"{path} not expected" for path in by_path]
    more = f"; {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
    return "; ".join(told[:MOST_TOLD]) + more


def _shown(leaf: JsonValue) -> str:
    text = as_text(leaf[1] if isinstance(leaf, tuple) else leaf)
    text = text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
    return f'"{text}"' if isinstance(leaf, str) else text


PLUGIN: type[Scorer] = JsonFields
