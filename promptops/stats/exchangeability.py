"""Whether stored runs of the base belong together: a provider can change a model without a word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from promptops.stats.golden import golden_test
from promptops.stats.pairs import Pair

CHANGED_AT = 0.001


def is_exchangeable(pairs: Iterable[Pair], level: float = CHANGED_AT) -> bool:
    """Whether the newest run (the head of each pair) could be one of the older ones (its base).

    False when p is below `level` on either side, better as well as worse. Pairs without a score on
    a side are left out; with none left nothing speaks against pooling.
    """
    test = golden_test(pair for pair in pairs if pair.base and pair.head)
    return min(test.p_worse, 1 - test.p_worse) >= level


def epoch_start(runs: Sequence[Mapping[str, float]], level: float = CHANGED_AT) -> int:
    """The place of the first run of the current epoch: it and all later ones may be pooled.

    Args:
        runs: oldest first; each a score by case.
        level: one-sided p at which a run is no longer one of those before it.
    """
    start = 0
    for place in range(1, len(runs)):
        if not is_exchangeable(_against(runs[start:place], runs[place]), level):
            start = place
    return start


def _against(older: Sequence[Mapping[str, float]], newest: Mapping[str, float]) -> Iterable[Pair]:
    for key, score in newest.items():
        yield Pair(key=key, base=tuple(run[key] for run in older if key in run), head=(score,))
