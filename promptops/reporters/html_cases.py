"""The cases of a report as the HTML page gets them: what is the same is said once, and long texts are cut."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import fsum

from promptops.model.conversation import TURNS, SaidTurn, conversation_text, said_turns
from promptops.model.diff import SuiteComparison
from promptops.model.record import JsonValue
from promptops.model.result import CaseResult, CaseScored, Completion, Score
from promptops.model.retrieval import DOCUMENTS, document_ids
from promptops.model.suite import as_text
from promptops.reporters.answer_text import answer_text
from promptops.reporters.case_words import asked, why_absent
from promptops.reporters.diff_cases import CaseView, lost_text

MOST_OUTPUT = 8000
MOST_FIELD = 4000
MOST_REASON = 1000
MOST_NAME = 200
MOST_DOCUMENTS = 50
MOST_TURNS = 100
MOST_FIELDS = 50
LEAD = 1000
"""So much of what both sides have in common is shown before the first difference in texts that are cut."""
MOST_IN_ALL = 40_000_000
"""Characters of a page; the cases behind them, which stand last, keep their figures and lose their texts."""


@dataclass(slots=True)
class CaseRows:
    """Cases as rows for the page.

    `room` is how many more characters of text it takes; `left_out` counts the cases that found none.
    """

    suites: Sequence[SuiteComparison]
    room: int = MOST_IN_ALL
    left_out: int = 0

    def rows(self, views: Sequence[CaseView]) -> Iterator[dict[str, JsonValue]]:
        """One row for each case. What is not so, or not known, has no field."""
        numbers = {id(suite): number for number, suite in enumerate(self.suites)}
        for view in views:
            if self.room < 0:
                self.left_out += 1
            yield _known(self._row(view, numbers[id(view.suite)]))

    def _row(self, view: CaseView, suite: int) -> dict[str, JsonValue]:
        results = [*view.head, *view.base, *view.branch]
        first = next((each for each in results if isinstance(each, CaseScored)), None)
        base, head = view.pair
        start = _first_difference(base, head)
        return {
            "suite": suite,
            "id": view.id,
            "kinds": list(view.kinds),
            "scores": _means(view),
            "fields": self._fields(first),
            "expected": self._expected(first),
            "slices": {name: _short(as_text(value)) for name, value in first.slices.items()} if first else {},
            "weight": first.weight if first and first.weight != 1 else None,
            "absent": None if view.base else why_absent(view),
            "base": [self._run(each, view.suite, start if each is base else 0) for each in view.base],
            "head": [
                self._run(each, view.suite, start if each is head else 0, like)
                for each, like in _beside(view.head, view.base)
            ],
            "branch": [self._run(each, view.suite) for each in view.branch],
            "shown": [_place(view.base, base), _place(view.head or view.branch, head)],
        }

    def _fields(self, result: CaseScored | None) -> list[JsonValue]:
        if result is None:
            return []
        return [
            [_short(name), self._cut(text, MOST_FIELD)] for name, text in islice(asked(result), MOST_FIELDS)
        ]

    def _expected(self, result: CaseScored | None) -> JsonValue:
        if result is None or result.expected is None:
            return None
        return self._cut(as_text(result.expected), MOST_FIELD)

    def _run(
        self, result: CaseResult, suite: SuiteComparison, start: int = 0, like: CaseResult | None = None
    ) -> dict[str, JsonValue]:
        """One answer with its scores, or why there is none; an output that is `like` the base's is left out."""
        if not isinstance(result, CaseScored):
            return {"lost": self._cut(lost_text(result), MOST_REASON)}
        answer = result.completion
        text = answer_text(answer)
        same = isinstance(like, CaseScored) and answer_text(like.completion) == text
        fields = {
            "output": None if same else self._cut(text, MOST_OUTPUT, start),
            "scores": [self._score(result.scores.get(metric.metric)) for metric in suite.metrics],
            "latency_ms": round(answer.latency_ms, 1) or None,
            "cost_usd": answer.cost_usd or None,
            "tokens": [answer.input_tokens, answer.output_tokens] if answer.output_tokens else None,
            "failure": answer.failure,
            "documents": _documents(answer),
            "turns": [self._turn(turn) for turn in _turns(answer)[:MOST_TURNS]],
            "labels": _labels(result),
        }
        return _known(fields)

    def _turn(self, turn: SaidTurn) -> JsonValue:
        said = conversation_text([replace(turn, user="")])
        parts = (("user", turn.user), ("said", said), ("failure", turn.failure))
        return {name: self._cut(text, MOST_FIELD) for name, text in parts if text}

    def _score(self, score: Score | None) -> JsonValue:
        """The value, with its reason where it has one; False where the case was not scored in the metric."""
        if score is None:
            return False
        return [score.value, self._cut(score.reason, MOST_REASON)] if score.reason else score.value

    def _cut(self, text: str, most: int, start: int = 0) -> JsonValue:
        """The text, or of a long one a part from `start` and how many characters are before and behind it."""
        if self.room < 0:
            return {"text": "", "before": 0, "behind": len(text)} if text else text
        shown = text[start : start + most]
        self.room -= len(shown)
        if shown == text:
            return text
        return {"text": shown, "before": start, "behind": len(text) - start - len(shown)}


def _known(fields: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: value for name, value in fields.items() if value is not None and value not in ([], {})}


def _short(text: str) -> str:
    return text if len(text) <= MOST_NAME else text[: MOST_NAME - 1] + "…"


def _beside(
    results: Sequence[CaseResult], others: Sequence[CaseResult]
) -> Iterator[tuple[CaseResult, CaseResult | None]]:
    for place, result in enumerate(results):
        yield result, others[place] if place < len(others) else None


def _place(results: Sequence[CaseResult], wanted: CaseResult | None) -> int:
    return next((place for place, each in enumerate(results) if each is wanted), 0)


def _means(view: CaseView) -> JsonValue:
    """The mean of the metric that gates on both sides."""
    primary = view.suite.primary
    if primary is None:
        return None
    sides = (view.values(results, primary.metric) for results in (view.base, view.head or view.branch))
    return [fsum(values) / len(values) if values else None for values in sides]


def _first_difference(base: CaseResult | None, head: CaseResult | None) -> int:
    """From where two long answers are shown, both alike, so that a difference far behind is not cut off."""
    if not isinstance(base, CaseScored) or not isinstance(head, CaseScored):
        return 0
    one, other = answer_text(base.completion), answer_text(head.completion)
    shorter = min(len(one), len(other))
    if max(len(one), len(other)) <= MOST_OUTPUT or one == other:
        return 0
    common = bisect_left(range(1, shorter + 1), True, key=lambda length: one[:length] != other[:length])
    return max(0, common - LEAD)


def _documents(answer: Completion) -> list[str]:
    try:
        return [_short(id_) for id_ in document_ids(answer.data.get(DOCUMENTS))[:MOST_DOCUMENTS]]
    except ValueError:
        return []


def _turns(answer: Completion) -> list[SaidTurn]:
    try:
        return said_turns(answer) if TURNS in answer.data else []
    except ValueError:
        return []


def _labels(result: CaseScored) -> JsonValue:
    """What was predicted and what was expected, by the first scorer that reads one label of each."""
    for score in result.scores.values():
        match score.item:
            case [[str() as predicted], [str() as expected]]:
                return [predicted, expected]
            case _:
                pass
    return None
