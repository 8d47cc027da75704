from __future__ import annotations

import re
import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from promptops.reporters.diff_words import Piece, clipped, compared

TEXTS = st.text("ab \n.,é{}", max_size=60)


def marked(pieces: list[Piece]) -> str:
    return "".join(f"<{piece.text}>" if piece.differs else piece.text for piece in pieces)


def test_words_and_not_letters_are_marked() -> None:
    base, head = compared("The card was lost yesterday.", "The phone was lost today.")
    assert marked(base) == "The <card> was lost <yesterday>."
    assert marked(head) == "The <phone> was lost <today>."


def test_crumbs_between_differences_belong_to_them() -> None:
    base, head = compared("so 9*60=540 meters", "so 20*3=60 meters")
    assert marked(base) == "so <9*60=540> meters"
    assert marked(head) == "so <20*3=60> meters"


def test_long_texts_without_a_word_in_common_are_not_marked() -> None:
    base, head = compared("red " * 30, "blue-" * 30)
    assert not any(piece.differs for piece in (*base, *head))


def test_short_texts_without_a_word_in_common_are_marked() -> None:
    base, head = compared("refund", "card")
    assert (marked(base), marked(head)) == ("<refund>", "<card>")


def test_long_texts_do_not_take_long() -> None:
    base = " ".join(f"word{number % 97}" for number in range(50_000))
    started_s = time.perf_counter()
    compared(base, base[::-1])
    assert time.perf_counter() - started_s < 5


def test_long_texts_are_compared_by_lines() -> None:
    lines = [f"line {number}\n" for number in range(1000)]
    base, head = compared("".join(lines), "".join([*lines[:500], "other\n", *lines[501:]]))
    assert [piece.text for piece in base if piece.differs] == ["line 500\n"]
    assert [piece.text for piece in head if piece.differs] == ["other\n"]


@given(TEXTS, TEXTS)
def test_nothing_is_lost_and_equal_texts_are_equal(base: str, head: str) -> None:
    before, after = compared(base, head)
    assert "".join(piece.text for piece in before) == base
    assert "".join(piece.text for piece in after) == head
    assert all(piece.text for piece in (*before, *after))
    assert all(one.differs != other.differs for one, other in pairwise(before))
    same, _ = compared(base, base)
    assert not any(piece.differs for piece in same)


def test_a_clipped_text_begins_before_the_difference_and_keeps_the_end() -> None:
    base, _ = compared(
        "same " * 200 + "old " + "tail " * 200 + "end", "same " * 200 + "new " + "tail " * 200 + "end"
    )
    text = marked(clipped(base, 100))
    assert text.startswith("… (980 characters) … same ")
    assert "<old>" in text
    assert text.endswith(" tail end")
    assert len(text) < 170


def test_a_text_that_hardly_is_too_long_stays_whole() -> None:
    pieces = [Piece("x" * 110, differs=False)]
    assert clipped(pieces, 100) == pieces


@given(st.lists(st.integers(1, 300), max_size=5), st.integers(40, 200))
def test_what_is_left_out_is_counted(lengths: list[int], most: int) -> None:
    pieces = [Piece(chr(ord("a") + place) * length, place % 2 == 1) for place, length in enumerate(lengths)]
    shown = "".join(piece.text for piece in clipped(pieces, most))
    assert len(shown) <= most * 5 // 4 + 90
    counted = sum(
        int(number.replace(",", "")) for number in re.findall(r"… \(([\d,]+) characters\) … ", shown)
    )
    kept = len(re.sub(r"… \([\d,]+ characters\) … ", "", shown))
    assert counted + kept == sum(lengths)
    assert bool(counted) == (sum(lengths) > most * 5 // 4)
