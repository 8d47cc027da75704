from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from promptops.engine.case_text import (
    MOST_KEPT,
    ComparedCase,
    Questions,
    clipped,
    is_telling,
    where_they_differ,
)

Row = dict[str, Any]


def row(id_: str, **fields: Any) -> ComparedCase:
    return ComparedCase.of_row(id_, fields, {})


def asked(id_: str, **inputs: Any) -> ComparedCase:
    return ComparedCase.of_inputs(id_, inputs, {})


def grouped(*cases: ComparedCase) -> list[list[str]]:
    return [[case.id for case in group] for group in Questions(cases).groups()]


def same(mine: list[ComparedCase], theirs: list[ComparedCase], **options: Any) -> list[tuple[str, str]]:
    questions = Questions(mine)
    found = questions.same_in(Questions(theirs, main=questions.main, **options))
    return [(case.id, other.id) for case, other in found]


def test_a_row_asks_what_stands_in_its_field_input_else_in_all_but_what_is_about_it() -> None:
    inner = row("a", input={"text": "Where is my card?", "n": 3}, source="web", expected="x")
    assert inner.texts == {"text": "where is my card?", "n": "3"}
    assert row("b", input="Where is it?").texts == {"input": "where is it?"}
    flat = row("c", id="c", text="Where is my card?", lang="en", meta={"x": 1}, expected="x")
    assert flat.texts == {"text": "where is my card?", "lang": "en"}
    assert flat.telling == {"text": "where is my card?"}


def test_fields_that_share_a_name_are_told_apart_and_a_list_is_one_text() -> None:
    case = asked("a", one={"text": "x"}, two={"text": "y"}, messages=[{"role": "user", "content": "hi"}] * 2)
    assert case.texts == {"one.text": "x", "two.text": "y", "role": "user\nuser", "content": "hi\nhi"}


def test_a_deeply_nested_case_is_compared_like_any_other() -> None:
    value: Any = "deep down"
    for _ in range(5_000):
        value = {"k": [value]}
    assert asked("a", x=value).texts == {"k": "deep down"}


def test_numbers_and_labels_tell_cases_apart() -> None:
    sums = [asked(str(n), task="Add these two numbers", a=n, b=2) for n in range(3)]
    assert grouped(*sums, asked("again", task="add these two  numbers", a=1, b=2)) == [["1", "again"]]
    assert grouped(row("a", text="Where is my card?", lang="en"), row("b", text="Where is my card?")) == []


def test_a_question_is_not_the_passage_that_many_questions_share() -> None:
    passage = "A long passage about the history of payment cards in the world, which many ask about."
    mine = [asked(str(n), context=passage, question=f"What is said about {n} cards?") for n in range(4)]
    theirs = [asked("t0", context=passage, question="Something else entirely about it?")]
    assert same(mine, theirs) == []
    assert same(mine, [asked("t1", context=passage, question="what is said about 2 cards?")]) == [("2", "t1")]
    assert same(mine, [asked("t2", question="what is said about 2 cards?")]) == [("2", "t2")]
    assert same(mine, [asked("t3", context="Another one", question="what is said about 2 cards?")]) == []
    assert Questions(mine).main == "question"


def test_an_identifier_beside_a_message_is_not_the_question() -> None:
    cases = [asked(str(n), ticket=f"T-{n}", message=f"Where is parcel number {n // 2}?") for n in range(8)]
    assert Questions(cases).main == "message"


def test_a_case_elsewhere_is_found_whatever_its_field_is_called() -> None:
    mine = [asked("a", message="Where is my new card?")]
    for there in (
        row("t", text="where is my  NEW card?", label="x"),
        row("t", q={"deep": ["Where is my new card?"]}),
    ):
        assert same(mine, [there]) == [("a", "t")]


def test_a_copy_that_a_suite_evaluates_is_the_same_case_and_no_leak() -> None:
    mine, theirs = [asked("a", m="Where is my new card?")], [row("a", m="Where is my new card?")]
    assert same(mine, theirs, evaluated=True) == []
    assert same(mine, theirs) == [("a", "a")]
    assert same(mine, [row("b", m="Where is my new card?")], evaluated=True) == [("a", "b")]


def test_a_short_text_may_stand_in_two_places_by_chance() -> None:
    assert same([asked("a", m="thanks!")], [row("t", m="thanks!")]) == []
    assert not is_telling("a" * 11)
    assert is_telling("我的卡在哪里")


def test_near_cases_are_near_in_every_field_that_both_have() -> None:
    text = "Where can I see my new payment card, please?"
    mine = [asked("a", text=text, to="the customer"), asked("b", text=text + "!", to="the colleague")]
    assert list(Questions(mine).near_pairs()) == []
    mine[1] = asked("b", text=text + "!", to="the customers")
    (pair,) = Questions(mine).near_pairs()
    assert (pair.one.id, pair.other.id) == ("a", "b")
    assert pair.similarity < 1


def test_of_equal_cases_one_is_looked_for_among_near_ones() -> None:
    text = "Where can I see my new payment card, please?"
    mine = [asked(str(n), text=text) for n in range(3)] + [asked("near", text=text + "!")]
    assert [(pair.one.id, pair.other.id) for pair in Questions(mine).near_pairs()] == [("0", "near")]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["x", "X ", "y"])), max_size=12))
def test_every_repeat_is_found(rows: list[tuple[str, str]]) -> None:
    cases = [asked(str(place), one=one, two=two) for place, (one, two) in enumerate(rows)]
    groups: dict[tuple[str, str], list[str]] = {}
    for place, (one, two) in enumerate(rows):
        groups.setdefault((one, two.strip().lower()), []).append(str(place))
    assert grouped(*cases) == [group for group in groups.values() if len(group) > 1]


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=300))
def test_near_texts_are_shown_where_they_differ(shared: str, one: str, other: str) -> None:
    for text in where_they_differ(shared + one, shared + other):
        assert len(text) <= MOST_KEPT + 1
    mine, theirs = where_they_differ(f"{shared}one", f"{shared}two")
    assert mine != theirs


def test_a_long_text_is_clipped_and_says_so() -> None:
    assert clipped("x" * 300) == "x" * MOST_KEPT + "…"
