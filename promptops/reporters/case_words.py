"""What is said of a single case beside its scores. Nothing is laid out here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from promptops.model.comparison import Method
from promptops.model.result import CaseScored
from promptops.model.retrieval import RELEVANT
from promptops.model.suite import as_text
from promptops.reporters.diff_cases import CaseKind, CaseView
from promptops.reporters.printable import shortened

LONGEST_METRIC = 80
NOT_STORED = "not stored: the score came from the ledger, which keeps no outputs"
NOT_RUN = "not run"
NOT_THERE = "the base does not have this case"


def why_absent(view: CaseView) -> str:
    """Why a case has no result on the base."""
    if CaseKind.ADDED in view.kinds:
        return NOT_THERE
    return NOT_STORED if view.suite.base_cell is None else NOT_RUN


def asked(result: CaseScored) -> Iterator[tuple[str, str]]:
    """What was asked, one level deep, without the fields that are shown for themselves."""
    inner = [key for value in result.inputs.values() if isinstance(value, Mapping) for key in value]
    for name, value in result.inputs.items():
        if (name == "id" and value == result.case_id) or (name == "expected" and value == result.expected):
            continue
        if name == RELEVANT:
            # The reasons of the scores name the documents that matter.
            continue
        if isinstance(value, Mapping):
            for key, part in value.items():
                is_clear = inner.count(key) == 1 and key not in result.inputs
                yield key if is_clear else f"{name}.{key}", as_text(part)
        else:
            yield name, as_text(value)


def scores_text(view: CaseView) -> str:
    """The mean scores of the case that differ, base to head; in metrics of the whole suite it has none."""
    parts = []
    for metric in view.suite.metrics:
        if metric.test is Method.BOOTSTRAP and not metric.primary:
            continue
        before, after = (view.values(each, metric.metric) for each in (view.base, view.head))
        if before and after and before != after:
            parts.append(f"{shortened(metric.metric, LONGEST_METRIC)} {_mean(before)} → {_mean(after)}")
    return ", ".join(parts)


def _mean(values: Sequence[float]) -> str:
    return f"{sum(values) / len(values):.3g}"
