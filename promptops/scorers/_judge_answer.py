"""What a judge may answer, and what its answers come to. Pure: nobody is asked here."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any, Protocol, cast

from promptops.datasets.jsonl import strictly, unreadable
from promptops.model.judging import UNSURE
from promptops.plugin import JsonValue, Record, Score
from promptops.render.schema import schema_problems
from promptops.scorers._judging import Field

_BLOCK = re.compile(r"\s*```(?:json)?\s*\n(.*)\n\s*```\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a judge answered; `answer` is None where it cannot tell, or where its evidence is not there.

    `flipped`: it was asked about two texts in both orders, and contradicted itself. `orders`: what it said in the
    order of `compare`, and in the other.
    """

    answer: JsonValue
    reason: str
    flipped: bool = False
    orders: tuple[JsonValue, JsonValue] | None = None


class AnswerKind(Protocol):
    """What a judge may answer."""

    @property
    def words(self) -> str:
        """How a judge is told."""
        ...

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the bare answer."""
        ...

    def score(self, told: Sequence[Finding]) -> Score:
        """The score of findings that have an answer; there is at least one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Range(Record):
    """A number from `low` to `high`; `anchors` say what some of the numbers mean."""

    low: float
    high: float
    anchors: Mapping[str, str]

    @property
    def words(self) -> str:
        """See AnswerKind."""
        anchors = "; ".join(f"{number}: {meaning}" for number, meaning in self.anchors.items())
        return f"a number from {self.low:g} to {self.high:g} ({anchors})"

    @property
    def schema(self) -> dict[str, Any]:
        """See AnswerKind."""
        return {"type": "number", "minimum": self.low, "maximum": self.high}

    def score(self, told: Sequence[Finding]) -> Score:
        """The mean, as a share of the range."""
        values = [(cast("float", each.answer) - self.low) / (self.high - self.low) for each in told]
        return Score(value=min(1.0, max(0.0, fsum(values) / len(values))), reason=told[0].reason)


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of some answers, each with its score from 0 to 1."""

    scores: Mapping[str, float]

    @property
    def words(self) -> str:
        """See AnswerKind."""
        return "one of " + ", ".join(f"`{answer}`" for answer in self.scores)

    @property
    def schema(self) -> dict[str, Any]:
        """See AnswerKind."""
        return {"type": "string", "enum": list(self.scores)}

    def score(self, told: Sequence[Finding]) -> Score:
        """The score of what most say; none where as many say something else."""
        flipped = any(each.flipped for each in told)
        votes = Counter(cast("str", each.answer) for each in told).most_common()
        if len(votes) > 1 and votes[0][1] == votes[1][1]:
            return Score(value=None, reason=f"the judges are split: {_counted(votes)}", flipped=flipped)
        answer = votes[0][0]
        reason = next(each.reason for each in told if each.answer == answer)
        split = f" ({_counted(votes)})" if len(votes) > 1 else ""
        return Score(value=self.scores[answer], reason=f"{answer}{split}: {reason}", flipped=flipped)


def score_of(findings: Sequence[Finding], kind: AnswerKind) -> Score:
    """What several findings on a case come to; those that cannot tell are left out."""
    told = [finding for finding in findings if finding.answer is not None]
    return kind.score(told) if told else Score(value=None, reason=findings[0].reason)


def with_abstention(answer: dict[str, Any]) -> dict[str, Any]:
    """The schema of an answer that may also be that the texts do not tell."""
    return {"anyOf": [answer, {"enum": [UNSURE]}]} if "enum" not in answer else _also(answer, UNSURE)


def _also(answer: dict[str, Any], more: str) -> dict[str, Any]:
    return {**answer, "enum": [*answer["enum"], more]}


def answer_schema(names: Sequence[str], answer: Mapping[str, JsonValue]) -> dict[str, Any]:
    """The JSON Schema of what a judge answers."""
    evidence = {
        "type": "object",
        "properties": {"field": {"type": "string", "enum": list(names)}, "quote": {"type": "string"}},
        "required": ["field", "quote"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {
            "evidence": {"type": "array", "items": evidence},
            "reasoning": {"type": "string"},
            "answer": dict(answer),
        },
        "required": ["evidence", "reasoning", "answer"],
        "additionalProperties": False,
    }


def finding_of(
    text: str, schema: Mapping[str, JsonValue], fields: Sequence[Field], *, needs_evidence: bool
) -> Finding:
    """What a judge's answer says, as far as it holds.

    Raises:
        ValueError: it is no answer in the wanted form.
    """
    document = _document(text)
    problems = schema_problems(schema, document)
    if problems:
        raise ValueError(problems[0])
    reasoning = document["reasoning"].strip()
    if document["answer"] == UNSURE:
        return Finding(None, f"cannot tell: {reasoning}")
    quotes = document["evidence"]
    texts = {field.name: _squeezed(field.text) for field in fields}
    for quote in quotes:
        if not quote["quote"].strip() or _squeezed(quote["quote"]) not in texts[quote["field"]]:
            return Finding(None, f"the quote `{quote['quote'][:80]}` is not in `{quote['field']}`")
    if needs_evidence and not quotes:
        return Finding(None, "no evidence was quoted")
    told = "; ".join(f"“{quote['quote']}”" for quote in quotes[:2])
    return Finding(document["answer"], f"{reasoning} {told}".strip())


def _document(text: str) -> Any:
    """The JSON that the whole text is, perhaps as one block of code.

    JSON among words is no answer: a judge that tells what it saw may copy what a judged text would like it to say.
    For the same reason no key may come twice.
    """
    block = _BLOCK.fullmatch(text)
    try:
        return strictly(block[1] if block else text)
    except json.JSONDecodeError:
        raise ValueError("it is not JSON") from None
    except RecursionError as error:
        raise ValueError(unreadable(error)) from None


def _counted(votes: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{count} {answer}" for answer, count in votes)


def _squeezed(text: str) -> str:
    return " ".join(text.split())
