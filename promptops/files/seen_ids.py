from __future__ import annotations

from array import array
from hashlib import blake2b

FIRST_ROOM = 1 << 10


class SeenIds:
    """Where each id of a dataset stood first, in about 20 bytes an id.

    A hash table of two arrays, because a dict takes seven times the room and datasets may be long. An id
    is known by 64 bits of its digest: among a million, two different ones meet once in 40 million datasets.
    """

    def __init__(self) -> None:
        self._count = 0
        self._make_room(FIRST_ROOM)

    def __len__(self) -> int:
        return self._count

    def __contains__(self, id_: str) -> bool:
        return bool(self._places[self._index(_digest(id_))])

    def first_place(self, id_: str, place: int) -> int:
        """The place (from 1) at which the id was seen first; this one, if it is new."""
        digest = _digest(id_)
        index = self._index(digest)
        if self._places[index]:
            return self._places[index]
        self._digests[index], self._places[index] = digest, place
        self._count += 1
        if 3 * self._count > 2 * len(self._places):
            self._grow()
        return place

    def _index(self, digest: int) -> int:
        mask = len(self._places) - 1
        index = digest & mask
        while self._places[index] and self._digests[index] != digest:
            index = (index + 1) & mask
        return index

    def _make_room(self, size: int) -> None:
        self._digests = array("Q", [0]) * size
        self._places = array("Q", [0]) * size

    def _grow(self) -> None:
        digests, places = self._digests, self._places
        self._make_room(2 * len(places))
        for digest, place in zip(digests, places, strict=True):
            if place:
                index = self._index(digest)
                self._digests[index], self._places[index] = digest, place


def _digest(id_: str) -> int:
    # JSON may hold half of a surrogate pair, and two such ids differ.
    return int.from_bytes(blake2b(id_.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
