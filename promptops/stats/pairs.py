from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import fsum, isfinite

from promptops.model.result import Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One case on both sides.

    Attributes:
        key: names the case by id and content.
        base: one score a run, higher is better; none when infrastructure lost the case.
        head: the same of the change under test.
        weight: at least 0; 0 leaves the case out.
        cluster: cases with the same one hang together; None stands alone.
        abstained: a side has no score since its scorer, a judge, could not tell; infrastructure lost nothing.
    """

    key: str
    base: tuple[float, ...]
    head: tuple[float, ...]
    weight: float = 1.0
    cluster: str | None = None
    abstained: bool = False


@dataclass(frozen=True, slots=True)
class Columns:
    """Pairs as columns: a mean for each side, `weights` and `clusters` only where they matter.

    `single` is true when both sides ran every case once.
    """

    base: Sequence[float]
    head: Sequence[float]
    weights: Sequence[float] | None
    clusters: Sequence[tuple[str, str]] | None
    single: bool


def split_missing(pairs: Iterable[Pair], scale: Scale) -> tuple[list[Pair], list[Pair]]:
    """The pairs with a score on both sides, and those that lack one, without the cases of weight 0.

    A score that is not a number, or outside [0, 1] unless it is a count, is a scorer's error: it
    counts as no score.

    Raises:
        ValueError: a weight is negative or not a number.
    """
    whole: list[Pair] = []
    missing: list[Pair] = []
    for pair in pairs:
        if not (pair.weight >= 0 and isfinite(pair.weight)):
            raise ValueError(f"case {pair.key}: a weight is a number of at least 0, not {pair.weight}")
        if pair.weight == 0:
            continue
        sound = _sound(pair, scale)
        (whole if sound.base and sound.head else missing).append(sound)
    return whole, missing


def columns(pairs: Sequence[Pair]) -> Columns:
    """Columns of pairs that have a score on both sides."""
    weights = [pair.weight for pair in pairs]
    # Equal weights cancel out.
    even = all(weight == weights[0] for weight in weights)
    clustered = any(pair.cluster is not None for pair in pairs)
    return Columns(
        base=[_mean(pair.base) for pair in pairs],
        head=[_mean(pair.head) for pair in pairs],
        weights=None if even else weights,
        clusters=[_group(pair) for pair in pairs] if clustered else None,
        single=all(len(pair.base) == 1 == len(pair.head) for pair in pairs),
    )


def _group(pair: Pair) -> tuple[str, str]:
    return ("case", pair.key) if pair.cluster is None else ("cluster", pair.cluster)


def _mean(values: Sequence[float]) -> float:
    return values[0] if len(values) == 1 else fsum(values) / len(values)


def _sound(pair: Pair, scale: Scale) -> Pair:
    if all(_is_score(value, scale) for value in pair.base + pair.head):
        return pair
    return replace(
        pair,
        base=tuple(value for value in pair.base if _is_score(value, scale)),
        head=tuple(value for value in pair.head if _is_score(value, scale)),
    )


def _is_score(value: float, scale: Scale) -> bool:
    return isfinite(value) if scale is Scale.COUNT else 0 <= value <= 1
