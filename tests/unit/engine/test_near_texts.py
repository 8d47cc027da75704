from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz

from promptops.engine.near_texts import LONGEST, NEAR, SHARED_WORDS, NearTexts, normalised, similarity, words

WORDS = st.sampled_from(["card", "cards", "my", "the", "lost", "where", "is", "7", "17", "a", "卡", "?"])
texts = st.lists(
    st.lists(WORDS, min_size=1, max_size=24).map(" ".join).map(normalised), unique=True, max_size=14
)


def is_near(one: str, other: str) -> bool:
    """By the definition, of every pair."""
    mine, theirs = set(words(one)), set(words(other))
    return (
        fuzz.ratio(one, other) >= 100 * NEAR
        and len(mine & theirs) >= SHARED_WORDS * len(mine | theirs)
        and bool(mine & theirs)
        and re.findall(r"\d+", one) == re.findall(r"\d+", other)
    )


@given(texts)
def test_every_near_pair_of_a_list_is_found_once(found: list[str]) -> None:
    index = NearTexts(found)
    pairs = [(place, there) for place, text in enumerate(found) for there, _ in index.near(text, after=place)]
    wanted = [
        (one, other)
        for one in range(len(found))
        for other in range(one + 1, len(found))
        if is_near(found[one], found[other])
    ]
    assert sorted(pairs) == wanted


@given(texts, texts)
def test_every_near_text_of_another_list_is_found(mine: list[str], theirs: list[str]) -> None:
    index = NearTexts(mine)
    for text in theirs:
        wanted = [place for place, each in enumerate(mine) if is_near(each, text)]
        assert sorted(place for place, _ in index.near(text)) == wanted


def test_long_texts_share_more_than_one_rare_word() -> None:
    """The more words a text has, the more of the rarest must be shared: a single difference hides none."""
    word = [f"word{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(200)]
    long = " ".join(word)
    for place in range(0, 200, 7):
        other = " ".join([*word[:place], "else", *word[place + 1 :]])
        assert [there for there, _ in NearTexts([long]).near(other)] == [0]


def test_texts_with_other_numbers_ask_something_else() -> None:
    text = "when does episode {} of the season come out"
    assert list(NearTexts([text.format(14)]).near(text.format(17))) == []
    assert list(NearTexts([text.format(14)]).near(text.format("14,"))) != []


def test_texts_without_blanks_between_words_are_compared_by_their_characters() -> None:
    text = "我想知道我的新银行卡什么时候会寄到我家里来"
    assert [place for place, _ in NearTexts([text]).near(text + "呢")] == [0]


def test_of_a_very_long_text_both_ends_are_looked_at() -> None:
    middle = " ".join(["filler"] * LONGEST)
    long = f"beginning {middle} end"
    assert similarity(long, f"beginning {middle} more {middle} end") == 1.0
    assert similarity(long, f"{middle} {middle}") < 1.0


def test_what_nobody_sees_makes_no_difference() -> None:
    assert normalised("  Where IS\n my cafe\u0301? ") == normalised("where is my café?")
