"""What a program or a service that scores is told of a sample, and what it may answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from promptops.masking import masked
from promptops.plugin import CaseFailure, JsonValue, Sample, Score, as_text

LONGEST_REASON = 500
TOLD = ("latency_ms", "input_tokens", "output_tokens", "cost_usd", "failure", "data")
"""What of a completion is told; its output may have been cut down to the answer."""


def question(sample: Sample) -> dict[str, JsonValue]:
    """A sample as JSON."""
    return {
        "id": sample.case.id,
        "output": sample.output,
        "expected": sample.expected,
        "case": dict(sample.case.fields),
        "completion": {name: getattr(sample.completion, name) for name in TOLD},
    }


def score_of(answer: JsonValue) -> Score:
    """The score that an answer holds.

    Raises:
        CaseFailure: it holds none, or says `error`.
    """
    if not isinstance(answer, Mapping):
        raise _failed("the scorer answered with something that is not a JSON object")
    if answer.get("error") is not None:
        raise _failed(_text(answer["error"]))
    if "score" not in answer:
        raise _failed("the answer has neither `score` nor `error`")
    value = answer["score"]
    # Whole numbers in JSON have no bound, and floats do.
    if value is not None and not (isinstance(value, (int, float)) and 0 <= value <= 1):
        raise _failed(f"the `score` of the answer is not a number from 0 to 1: {_text(value)}")
    return Score(value=None if value is None else float(value), reason=_text(answer.get("reason") or ""))


@contextmanager
def losses_of_a_scorer() -> Iterator[None]:
    """Names what loses a case by who lost it: the scorer, not the target."""
    try:
        yield
    except CaseFailure as failure:
        kind = "scorer_timeout" if failure.kind == "timeout" else "scorer_failed"
        raise CaseFailure(kind, masked(failure.message)) from None


def _failed(message: str) -> CaseFailure:
    return CaseFailure("scorer_failed", message)


def _text(value: JsonValue) -> str:
    return masked(as_text(value))[:LONGEST_REASON]
