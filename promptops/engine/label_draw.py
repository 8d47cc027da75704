"""Which outputs a person labels, and in which order: at random, balanced between versions of the prompt."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, zip_longest

from promptops.engine.label_form import Item


def rank(*words: str) -> bytes:
    """A place in an order that nobody chose, and that is the same whenever it is asked for."""
    return hashlib.sha256("\0".join(words).encode("utf-8", "surrogatepass")).digest()


def drawn(items: Iterable[Item], labelled_by_others: Collection[tuple[str, str]]) -> Iterator[Item]:
    """Each output that looks different once: first those that others labelled, then one of each version in turn.

    `labelled_by_others` are their cases and outputs: only what several people label shows how they agree.
    """
    shared: list[Item] = []
    versions: dict[str, list[Item]] = {}
    for item in sorted(items, key=lambda each: rank(each.version or "", each.case, each.output)):
        is_shared = (item.case, item.output) in labelled_by_others
        (shared if is_shared else versions.setdefault(item.version or "", [])).append(item)
    turns = zip_longest(*(versions[name] for name in sorted(versions, key=rank)))
    seen: set[tuple[str, ...]] = set()
    for item in chain(shared, (each for turn in turns for each in turn if each is not None)):
        if item.seen not in seen:
            seen.add(item.seen)
            yield item


def shuffled(items: Sequence[Item], person: str) -> list[Item]:
    """The items in the order of one person, and the sides of pairs as one person sees them."""
    ordered = sorted(items, key=lambda each: rank(person, each.case, each.output))
    return [each if each.pair is None else replace(each, swapped=_swaps(each, person)) for each in ordered]


def _swaps(item: Item, person: str) -> bool:
    return rank("side", person, item.case, item.output)[0] % 2 == 1
