from __future__ import annotations

from promptops.engine.references import accepted, answers_to, contradict, told


def test_a_list_of_texts_is_several_answers_and_everything_else_is_one() -> None:
    assert accepted(None) == ()
    assert accepted(["Paris", "Paris, France"]) == ("Paris", "Paris, France")
    assert accepted({"b": 1, "a": [True]}) == ('{"a": [true], "b": 1}',)
    assert accepted([]) == ("[]",)
    assert accepted([1, "a"]) == ('[1, "a"]',)
    assert (accepted(7), accepted("")) == (("7",), ("",))


def test_answers_contradict_each_other_where_none_is_accepted_by_all() -> None:
    assert contradict([answers_to("yes"), answers_to("no")])
    assert not contradict([answers_to("Yes "), answers_to("yes")])
    assert not contradict([answers_to(["a", "b"]), answers_to(["b", "c"])])
    assert contradict([answers_to(["a", "b"]), answers_to(["b", "c"]), answers_to(["a", "c"])])
    assert not contradict([answers_to(7), answers_to("7")])


def test_who_has_no_reference_contradicts_nobody() -> None:
    assert not contradict([answers_to(None), answers_to("x")])
    assert not contradict([{"right": ("a",)}, {"other": ("b",)}])
    assert contradict([{"": ("a",), "right": ("x",)}, {"": ("a",), "right": ("y",)}])


def test_each_answer_is_told_once() -> None:
    assert told({"": ("a", "b"), "right": ("b", "c")}) == "a / b / c"
