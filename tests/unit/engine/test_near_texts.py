from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from promptops.engine.case_text import asked_text
from promptops.engine.near_texts import GRAM, NEAR, near_pairs, normalised

texts = st.lists(
    st.text("ab c", min_size=1, max_size=30).map(normalised).filter(bool), unique=True, max_size=12
)


def similarity(one: str, other: str) -> float:
    """By the definition: shared pieces over all pieces."""
    pieces = [{text[n : n + GRAM] for n in range(max(1, len(text) - GRAM + 1))} for text in (one, other)]
    return len(pieces[0] & pieces[1]) / len(pieces[0] | pieces[1])


@given(texts)
def test_every_near_pair_of_a_list_is_found_once(found: list[str]) -> None:
    wanted = {
        (one, other): similarity(found[one], found[other])
        for one, other in combinations(range(len(found)), 2)
        if similarity(found[one], found[other]) >= NEAR
    }
    pairs = list(near_pairs(found))
    assert {(min(p.one, p.other), max(p.one, p.other)): p.similarity for p in pairs} == wanted
    assert len(pairs) == len(wanted)


@given(texts, texts)
def test_every_near_pair_of_two_lists_is_found_once(mine: list[str], theirs: list[str]) -> None:
    wanted = {
        (one, other)
        for one in range(len(mine))
        for other in range(len(theirs))
        if similarity(mine[one], theirs[other]) >= NEAR
    }
    pairs = [(pair.one, pair.other) for pair in near_pairs(mine, theirs)]
    assert sorted(pairs) == sorted(wanted)


def test_what_nobody_sees_makes_no_difference() -> None:
    assert normalised("  Where IS\n my cafe\u0301? ") == normalised("where is my café?")


def test_a_case_asks_its_longest_text_however_it_is_nested() -> None:
    nested = {"id": "a long identifier of a case", "input": {"text": "Where is my card?", "lang": "en"}}
    assert asked_text(nested) == asked_text({"text": "Where is my card?"}) == "where is my card?"
    assert asked_text({"expected": "x", "n": 3}) == ""
