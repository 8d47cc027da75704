"""What an application of the user answers: a text, or an object with what it said, found and measured."""

from __future__ import annotations

import json
from collections.abc import Mapping

from promptops.model.retrieval import DOCUMENTS, retrieval_failure
from promptops.plugin import CaseFailure, Completion, JsonValue, as_text

MEASURED = ("latency_ms", "input_tokens", "output_tokens", "cost_usd")

MOST = 1e15
"""No measurement is larger; what is, would break the sums."""


def completion_of(answer: JsonValue, latency_ms: float) -> Completion:
    """The completion behind an answer; one that has `documents` may lack `output`.

    Raises:
        CaseFailure: the answer says `error`, has neither output nor documents, or measures with something
            that is no number.
    """
    answer = _plain(answer)
    if not isinstance(answer, Mapping):
        if answer is None:
            raise CaseFailure("bad_output", "there is no answer")
        return Completion(output=as_text(answer), latency_ms=latency_ms)
    if "error" in answer:
        raise CaseFailure("target_failed", str(answer["error"])[:500])
    output, documents = answer.get("output"), answer.get(DOCUMENTS)
    if output is None and documents is None:
        raise CaseFailure("bad_output", "the answer has neither `output` nor `error`")
    measured = {key: answer[key] for key in MEASURED if answer.get(key) is not None}
    for key, value in measured.items():
        whole = key.endswith("tokens")
        if (
            isinstance(value, bool)
            or not isinstance(value, int if whole else (int, float))
            or not 0 <= value <= MOST
        ):
            raise CaseFailure("bad_output", f"`{key}` of the answer is not a number from 0 up")
    return Completion(
        output="" if output is None else as_text(output),
        failure=None if documents is None else retrieval_failure(documents),
        data={key: value for key, value in answer.items() if key not in (*MEASURED, "output")},
        **{"latency_ms": latency_ms, **measured},
    )


def _plain(answer: JsonValue) -> JsonValue:
    """The answer as JSON has it: a function of the user may return anything."""
    try:
        return json.loads(json.dumps(answer, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise CaseFailure("bad_output", f"the answer cannot be written as JSON: {error}") from None
