"""From labels to what is told about them: each label's precision and recall, and which are confused."""

from __future__ import annotations

from collections import Counter
from typing import cast

from promptops.engine.metric_tally import MetricTally
from promptops.model.breakdown import Classification, Confusion, ConfusionChange, LabelSummary

MOST_CONFUSIONS = 10_000
"""Outputs that are no label at all may differ endlessly."""

MOST_CHANGES = 20

Labels = tuple[tuple[str, ...], tuple[str, ...]]
"""What was predicted, and what was expected."""


def classification_of(metric: MetricTally) -> Classification | None:
    """The labels of a metric; None where it has none."""
    if metric.plan is None or not metric.plan.gives_labels:
        return None
    expected: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    right: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    single = True
    for items, weight in metric.weighted_items():
        for item in items:
            said, wanted = cast("Labels", item)
            share = weight / len(items)
            for counter, labels in ((predicted, said), (expected, wanted), (right, set(said) & set(wanted))):
                for label in labels:
                    counter[label] += share  # type: ignore[assignment]  # weights are no whole numbers
            if len(said) == 1 == len(wanted):
                pairs[wanted[0], said[0]] += share  # type: ignore[assignment]
            else:
                single = False
    if not expected:
        return None
    confusions = sorted(pairs.items(), key=lambda entry: (-entry[1], entry[0])) if single else []
    return Classification(
        metric=metric.name,
        labels=tuple(
            _summary(label, expected[label], predicted[label], right[label])
            for label in sorted(expected, key=lambda label: (-expected[label], label))
        ),
        confusions=tuple(
            Confusion(expected=wanted, predicted=said, n=n)
            for (wanted, said), n in confusions[:MOST_CONFUSIONS]
        ),
    )


def confusion_changes(
    base: Classification | None, head: Classification | None
) -> tuple[ConfusionChange, ...]:
    """The wrong labels that one side says more often, the most changed first; none without two sides."""
    if base is None or head is None:
        return ()
    before, after = (
        {(each.expected, each.predicted): each.n for each in side.confusions} for side in (base, head)
    )
    changes = (
        ConfusionChange(
            expected=pair[0], predicted=pair[1], base=before.get(pair, 0.0), head=after.get(pair, 0.0)
        )
        for pair in {**before, **after}
        if pair[0] != pair[1] and before.get(pair) != after.get(pair)
    )
    ranked = sorted(changes, key=lambda each: (-abs(each.head - each.base), each.expected, each.predicted))
    return tuple(ranked[:MOST_CHANGES])


def _summary(label: str, expected: float, predicted: float, right: float) -> LabelSummary:
    return LabelSummary(
        label=label,
        expected=expected,
        predicted=predicted,
        right=right,
        precision=right / predicted if predicted else None,
        recall=right / expected if expected else None,
        f1=2 * right / (predicted + expected) if predicted + expected else None,
    )
