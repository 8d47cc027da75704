from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from promptops.files.seen_ids import FIRST_ROOM, SeenIds

ANY_CHARACTER = st.characters(exclude_categories=())


@given(st.lists(st.text(ANY_CHARACTER, max_size=2), max_size=200))
def test_it_is_a_set(ids: list[str]) -> None:
    seen, plain = SeenIds(), set[str]()
    for each in ids:
        assert (each in seen) == (each in plain)
        assert seen.add(each) == (each not in plain)
        plain.add(each)
        assert each in seen
        assert len(seen) == len(plain)


def test_it_grows() -> None:
    seen = SeenIds()
    count = 10 * FIRST_ROOM
    assert all(seen.add(str(number)) for number in range(count))
    assert not any(seen.add(str(number)) for number in range(count))
    assert not any(str(number) in seen for number in range(count, 2 * count))
    assert len(seen) == count
