"""Which of two lists' items belong together, whatever their order."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

MOST_TRIED = 10_000
"""How many pairs are looked at for near ones; in longer lists the last items are taken in their order."""
ABSENT: Final = object()

Pair = tuple[Any, Any]


def matched(
    wanted: Sequence[Any],
    got: Sequence[Any],
    key: Callable[[Any], Hashable],
    is_near: Callable[[Any, Any], bool] | None = None,
) -> Iterator[Pair]:
    """Each wanted item with one of the same key, else with a near one, else with what is left over in its order.

    Items that are too many come last, with ABSENT, which also stands for those that are missing.
    """
    by_key = defaultdict[Hashable, deque[int]](deque)
    for place, item in enumerate(got):
        by_key[key(item)].append(place)
    left = dict.fromkeys(range(len(got)))
    found: dict[int, int] = {}

    def take(index: int, place: int) -> None:
        found[index] = place
        del left[place]

    for index, item in enumerate(wanted):
        same = by_key.get(key(item))
        if same:
            take(index, same.popleft())
    tries = MOST_TRIED if is_near else 0
    for index, item in enumerate(wanted):
        for place in islice(left, tries) if index not in found else ():
            tries -= 1
            if is_near and is_near(item, got[place]):
                take(index, place)
                break
    others = iter(left)
    for index, item in enumerate(wanted):
        partner = found[index] if index in found else next(others, -1)
        yield item, got[partner] if partner >= 0 else ABSENT
    yield from ((ABSENT, got[place]) for place in others)
