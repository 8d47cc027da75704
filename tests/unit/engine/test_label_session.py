from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.engine.label_draw import drawn, shuffled
from promptops.engine.label_form import Form, Item, number, one_of, pair, yes_or_no
from promptops.engine.label_session import ENTER, ESCAPE, Answer, Quit, Session, TakeBack
from promptops.stats.judging import LEAST_LABELS, LEAST_OF_A_CLASS

KEYS = ["y", "n", "c", "e", "u", "b", "s", "?", "x", "\x00", "ä", ENTER, ESCAPE, "backspace", "up", " "]


def items(count: int) -> list[Item]:
    return [Item(case=f"c{n}", output=f"o{n}", texts=(("output", f"o{n}"),)) for n in range(count)]


def press(session: Session, *keys: str) -> list[Answer]:
    """Presses keys, and everything that is wanted is done; returns the labels that are left."""
    kept: list[Answer] = []
    for key in keys:
        wish = session.press(key)
        if isinstance(wish, Answer):
            session.kept(wish)
            kept.append(wish)
        elif isinstance(wish, TakeBack):
            session.taken_back()
            del kept[-1:]
    return kept


@given(st.lists(st.sampled_from(KEYS), max_size=60), st.integers(0, 8))
def test_every_output_is_labelled_at_most_once_whatever_is_pressed(keys: list[str], count: int) -> None:
    session = Session(yes_or_no(pass_when=True), items(count))
    kept = press(session, *keys)
    outputs = [each.item.output for each in kept]
    assert len(set(outputs)) == len(outputs) == session.labelled
    assert (session.item is None) == (session.labelled == count)
    if session.item is not None:
        assert session.item.output not in outputs


@pytest.mark.parametrize(("pass_when", "yes", "no"), [(True, "pass", "fail"), (False, "fail", "pass")])
def test_yes_is_what_the_judge_makes_of_it(pass_when: bool, yes: str, no: str) -> None:
    session = Session(yes_or_no(pass_when=pass_when), items(5))
    kept = press(session, "y", "n", "p", "f", "c")
    assert [each.label for each in kept] == [yes, no, "pass", "fail", "cannot_tell"]
    assert session.classes == {"pass": 2, "fail": 2}


def test_enough_is_fifty_with_ten_of_the_rarer_class() -> None:
    session = Session(yes_or_no(pass_when=True), items(200))
    press(session, *"y" * LEAST_LABELS, *"n" * (LEAST_OF_A_CLASS - 1))
    assert session.item is not None
    press(session, "n")
    assert asks_nothing(session)
    press(session, "u")
    assert not asks_nothing(session)


def asks_nothing(session: Session) -> bool:
    return session.is_enough or session.item is None


def test_so_many_are_asked_as_were_wanted_and_what_stood_there_counts() -> None:
    known, *rest = items(10)
    session = Session(yes_or_no(pass_when=True), rest, [(known, "pass"), (None, "pass")], wanted=3)
    press(session, "y", "y", "y", "y")
    assert session.labelled == 3


def test_what_could_not_be_kept_is_asked_again() -> None:
    session = Session(yes_or_no(pass_when=True), items(2))
    before = session.item
    assert isinstance(session.press("y"), Answer)
    session.failed("the disk is full")
    assert session.item is before
    assert session.message == "the disk is full"
    assert session.labelled == 0


def test_a_label_whose_output_is_gone_cannot_be_taken_back() -> None:
    session = Session(yes_or_no(pass_when=True), items(2), [(None, "pass")])
    assert session.press("u") is None
    assert "cannot be shown" in session.message


def test_keys_type_while_a_note_is_written() -> None:
    session = Session(yes_or_no(pass_when=True), items(2))
    (answer,) = press(session, "e", *"quit? yes", ENTER, "y")
    assert answer.note == "quit? yes"
    assert session.note == ""
    assert isinstance(session.press("q"), Quit)


@pytest.mark.parametrize(
    ("form", "keys", "label"),
    [
        (number(1, 5, {"1": "bad"}), "5", 5.0),
        (number(0, 1, {"0": "bad"}), "1", 1.0),
        (number(0, 10, {"0": "bad"}), f"10{ENTER}", 10.0),
        (number(-1, 1, {"0": "so"}), f"-.5{ENTER}", -0.5),
        (one_of({"none": 0, "some": 0.5, "all": 1}), "3", "all"),
        (one_of({f"k{n}": 0 for n in range(1, 12)}), f"11{ENTER}", "k11"),
    ],
)
def test_numbers_and_choices(form: Form, keys: str, label: str | float) -> None:
    pressed = [*keys.removesuffix(ENTER), *([ENTER] if keys.endswith(ENTER) else [])]
    (answer,) = press(Session(form, items(1)), *pressed)
    assert answer.label == label


@pytest.mark.parametrize("typed", ["11", "-1", "1.2.3", "-", "1e5"])
def test_a_number_out_of_range_labels_nothing(typed: str) -> None:
    session = Session(number(0, 10, {"0": "bad"}), items(1))
    assert press(session, *typed, ENTER) == []
    assert typed.replace("e", "") in session.message.replace("e", "")


def test_the_sides_of_a_pair_are_told_by_what_they_are() -> None:
    form = pair(("reference", "output"), with_both_bad=True)
    sides = [
        Item(case=f"c{n}", output="o", pair=("r", "o"), swapped=swapped)
        for n, swapped in enumerate([False, True, False, True, False, False])
    ]
    kept = press(Session(form, sides), *"aabbtx")
    assert [each.label for each in kept] == ["first", "second", "second", "first", "tie", "both_bad"]


def versioned(counts: dict[str, int]) -> list[Item]:
    return [
        Item(case=f"c{n}", output=f"{version} {n}", texts=(("output", f"{version} {n}"),), version=version)
        for version, count in counts.items()
        for n in range(count)
    ]


@given(st.dictionaries(st.sampled_from("abc"), st.integers(1, 9), min_size=1), st.integers(1, 30))
def test_versions_are_balanced_as_far_as_there_are_outputs(counts: dict[str, int], most: int) -> None:
    found = list(drawn(versioned(counts), set()))
    assert len(found) == sum(counts.values())
    shares = Counter(each.version for each in found[:most])
    for version, count in counts.items():
        others = max(shares.values())
        assert shares[version] == count or others - shares[version] <= 1


def test_each_looks_different_and_what_others_labelled_comes_first() -> None:
    twice = [Item(case="c", output="same", texts=(("output", "same"),), version=each) for each in "ab"]
    pool = [*versioned({"a": 9}), *twice]
    found = list(drawn(pool, {("c3", "a 3")}))
    assert found[0].output == "a 3"
    assert len(found) == 10


def test_each_person_has_an_order_and_sides_of_their_own() -> None:
    pairs = [Item(case=f"c{n}", output="o", pair=("r", "o")) for n in range(40)]
    orders = {name: shuffled(pairs, name) for name in ("ada", "bo")}
    assert [each.case for each in orders["ada"]] != [each.case for each in orders["bo"]]
    assert [each.case for each in shuffled(pairs, "ada")] == [each.case for each in orders["ada"]]
    for order in orders.values():
        assert 8 < sum(each.swapped for each in order) < 32
    sides = [{each.case: each.swapped for each in order} for order in orders.values()]
    assert sides[0] != sides[1]
