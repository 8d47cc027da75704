"""How sure an answer says it is."""

from __future__ import annotations

from promptops.plugin import CaseFailure, Sample, look_up


def confidence_of(sample: Sample, field: str) -> float:
    """The number from 0 to 1 at `field` of what the target returned beside the output.

    Raises:
        CaseFailure: there is none.
    """
    value = look_up(sample.completion.data, field)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise CaseFailure("no_confidence", f"the answer has no number at `{field}`")
    if not 0 <= value <= 1:
        raise CaseFailure("invalid_confidence", f"the confidence {value} is not within 0 to 1")
    return float(value)
