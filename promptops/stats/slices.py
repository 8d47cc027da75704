from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from promptops.model.comparison import MetricDelta, SliceDelta
from promptops.model.record import JsonValue
from promptops.model.suite import as_text
from promptops.stats.evidence import ALPHA
from promptops.stats.families import benjamini_hochberg
from promptops.stats.pairs import Pair

BOTH_SIDES = 2


def compare_slices(
    pairs: Iterable[Pair],
    *,
    values: Mapping[str, Mapping[str, JsonValue]],
    compared: Callable[[Sequence[Pair]], MetricDelta],
) -> tuple[SliceDelta, ...]:
    """Compare a metric within each slice; which changes stand out is corrected for their number.

    A slice stands out, up or down, when at least five of its cases changed and its two-sided p,
    adjusted over all slices (Benjamini and Hochberg), is at most 0.05. Slices never gate.

    Args:
        pairs: one a case.
        values: by a pair's key, its value in each slice; other pairs are left out.
        compared: what is said of the pairs of a slice.
    """
    groups: dict[tuple[str, str], tuple[JsonValue, list[Pair]]] = {}
    for pair in pairs:
        for name, value in values.get(pair.key, {}).items():
            groups.setdefault((name, _identity(value)), (value, []))[1].append(pair)
    deltas = [compared(group) for _, group in groups.values()]
    adjusted = benjamini_hochberg([_two_sided(delta) for delta in deltas])
    return tuple(
        SliceDelta(
            slice=name,
            value=value,
            delta=replace(delta, p_adjusted=p),
            stands_out=p <= BOTH_SIDES * ALPHA,
        )
        for ((name, _), (value, _)), delta, p in zip(groups.items(), deltas, adjusted, strict=True)
    )


def _two_sided(delta: MetricDelta) -> float:
    if delta.p_worse is None or not delta.enough:
        return 1.0
    return min(1.0, BOTH_SIDES * min(delta.p_worse, 1 - delta.p_worse))


def _identity(value: JsonValue) -> str:
    """Values of another type are other values: `1` is not `"1"`."""
    return f"{type(value).__name__} {as_text(value)}"
