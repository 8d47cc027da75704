from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.cli._keys import DOWN, PAGE_UP, PASTE, UP, split_keys
from promptops.engine.label_session import BACKSPACE, ENTER, ESCAPE


@pytest.mark.parametrize(
    ("sent", "keys"),
    [
        ("yn", ["y", "n"]),
        ("\r\n", [ENTER, ENTER]),
        ("\x7f\x08", [BACKSPACE, BACKSPACE]),
        ("\x1b[A\x1bOB", [UP, DOWN]),
        ("\x1b[5~y", [PAGE_UP, "y"]),
        ("\x1b[200~a\x1b[201~", [PASTE, "a", PASTE]),
        ("\x1b[1;5Cy", ["unknown", "y"]),
        ("\x1by", [ESCAPE, "y"]),
        ("漢é", ["漢", "é"]),
    ],
)
def test_keys_are_told_apart(sent: str, keys: list[str]) -> None:
    assert split_keys(sent, is_whole=False) == (keys, "")


def test_an_escape_that_nothing_follows_is_the_key() -> None:
    assert split_keys("\x1b", is_whole=False) == ([], "\x1b")
    assert split_keys("\x1b", is_whole=True) == ([ESCAPE], "")


@given(st.text(st.sampled_from("\x1b[O;~0129ABHyn\r"), max_size=30), st.integers(0, 30))
def test_where_what_is_sent_is_cut_does_not_matter(sent: str, cut: int) -> None:
    first, rest = split_keys(sent[:cut], is_whole=False)
    second, left = split_keys(rest + sent[cut:], is_whole=False)
    assert (first + second, left) == split_keys(sent, is_whole=False)


@given(st.text(max_size=40))
def test_whatever_is_sent_all_of_it_is_read(sent: str) -> None:
    keys, rest = split_keys(sent, is_whole=True)
    assert rest == ""
    assert len(keys) <= len(sent)
