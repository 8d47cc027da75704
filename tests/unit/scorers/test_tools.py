"""The scorers of tool calls."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from promptops.plugin import Case, CaseFailure, Completion, Sample, Score
from promptops.scorers.tool_valid import ToolValid

Scoring = Callable[..., Score]


def call(name: Any, arguments: Any = None) -> dict[str, Any]:
    """A call as providers answer it; arguments that are not text yet become JSON."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments or {})
    return {"id": "1", "type": "function", "function": {"name": name, "arguments": text}}


def answered(*calls: Any, output: str = "") -> Completion:
    return Completion(output=output, data={"tool_calls": list(calls)})


def plain(*calls: Mapping[str, Any]) -> str:
    """Calls as an application writes them into its output."""
    return json.dumps(calls)


FIND, PAY = (
    {"name": "find", "arguments": {"id": 7, "deep": [1.0, {"x": None}]}},
    {"name": "pay", "arguments": {}},
)


@pytest.mark.parametrize(
    ("output", "completion"),
    [
        (plain(FIND, PAY), None),
        (json.dumps([call("find", FIND["arguments"]), call("pay")]), None),
        (json.dumps({"tool_calls": [call("find", FIND["arguments"]), PAY]}), None),
        ("Let me see.", answered(call("find", FIND["arguments"]), call("pay", ""))),
        (plain({"name": "other", "arguments": {}}), answered(FIND, {"name": "pay", "arguments": None})),
    ],
    ids=["plain", "OpenAI's form", "a message", "of a model", "of a model rather than in its words"],
)
def test_calls_are_found(output: str, completion: Completion | None, score: Scoring) -> None:
    assert score("tool_calls", output, [FIND, PAY], completion=completion).value == 1.0


def test_one_call_needs_no_list(score: Scoring) -> None:
    assert score("tool_calls", json.dumps(FIND), FIND).value == 1.0


@pytest.mark.parametrize(
    "output", ["", "words", "[]", "[1, 2]", '{"answer": 1}', '{"name": "Ada"}', "[" * 10_000]
)
def test_words_and_other_json_are_no_calls(output: str, score: Scoring) -> None:
    assert score("tool_calls", output, []).value == 1.0
    assert score("max_tool_calls", output, value=0).value == 1.0
    assert score("tool_calls", output, "find").reason == "called no tool, expected `find`"


@pytest.mark.parametrize(
    ("calls", "told"),
    [
        ([call("find", "{oops")], "the arguments of `find` are not JSON"),
        ([call("find", "[" * 100_000)], "nested too deeply"),
        ([call("find", json.loads("[" * 90 + "]" * 90))], "nested too deeply"),
        ([call("find", '{"x": NaN}')], "NaN is not JSON"),
        ([FIND, 3], "call 2 names no tool"),
        ([call(7)], "call 1 names no tool"),
        ([{"function": None}], "call 1 names no tool"),
        ([call("find", [1])], "are not an object"),
    ],
)
def test_a_broken_call_is_wrong_and_says_why(calls: list[Any], told: str, score: Scoring) -> None:
    tools = [{"name": "find"}]
    result = score("tool_valid", "", completion=answered(*calls), tools=tools)
    assert result.value == 0.0
    assert told in result.reason
    assert score("tool_calls", "", [FIND], completion=answered(*calls)).value == 0.0
    assert score("tool_f1", "", PAY, completion=answered(*calls)).value == 0.0
    assert (
        score(
            "tool_arguments", "", {"name": "find", "arguments": {"z": 1}}, completion=answered(*calls)
        ).value
        == 0.0
    )


def test_calls_that_are_no_list_are_wrong(score: Scoring) -> None:
    completion = Completion(output="", data={"tool_calls": "find"})
    result = score("tool_valid", "", completion=completion, tools=[{"name": "find"}])
    assert result == Score(value=0.0, reason="`tool_calls` is not a list")


@pytest.mark.parametrize(
    ("expected", "kind"),
    [
        (None, "no_expected"),
        ([{"arguments": {}}], "bad_expected"),
        ([["find"]], "bad_expected"),
        ("[{", "bad_expected"),
        ({"name": "find", "arguments": "{oops"}, "bad_expected"),
        ({"name": "find", "arguments": [1]}, "bad_expected"),
        (7, "bad_expected"),
    ],
)
@pytest.mark.parametrize("scorer", ["tool_calls", "tool_arguments", "tool_f1"])
def test_a_case_whose_expected_calls_cannot_be_read_is_lost(
    scorer: str, expected: Any, kind: str, score: Scoring
) -> None:
    with pytest.raises(CaseFailure) as caught:
        score(scorer, plain(FIND), expected)
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    "expected",
    ["find", ["find"], {"name": "find"}, FIND, [FIND], call("find", FIND["arguments"]), json.dumps([FIND])],
)
def test_how_calls_are_expected(expected: Any, score: Scoring) -> None:
    assert score("tool_calls", plain(FIND), expected).value == 1.0
    assert score("tool_calls", plain(FIND, PAY), expected).value == 0.0


@pytest.mark.parametrize(
    ("given", "wanted", "value"),
    [
        ({"n": 1.0}, {"n": 1}, 1.0),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, 1.0),
        ({"n": True}, {"n": 1}, 0.0),
        ({"n": "1"}, {"n": 1}, 0.0),
        ({"n": [1, 2]}, {"n": [2, 1]}, 0.0),
        ({"n": 1, "m": None}, {"n": 1}, 0.0),
        ({}, {}, 1.0),
    ],
)
def test_arguments_are_compared_as_json(given: Any, wanted: Any, value: float, score: Scoring) -> None:
    expected = {"name": "f", "arguments": wanted}
    assert score("tool_calls", "", expected, completion=answered(call("f", given))).value == value


def names(*called: str) -> str:
    return plain(*({"name": name, "arguments": {}} for name in called))


@pytest.mark.parametrize(
    ("called", "expected", "any_", "exact", "in_order"),
    [
        ("ab", "ab", 1, 1, 1),
        ("ba", "ab", 1, 0, 0),
        ("axb", "ab", 0, 0, 1),
        ("a", "ab", 0, 0, 0),
        ("aab", "ab", 0, 0, 1),
        ("aab", "aab", 1, 1, 1),
        ("aba", "aab", 1, 0, 0),
        ("x", "", 0, 0, 1),
        ("", "", 1, 1, 1),
    ],
)
def test_the_order_of_calls(
    called: str, expected: str, any_: int, exact: int, in_order: int, score: Scoring
) -> None:
    values = [
        score("tool_calls", names(*called), list(expected), order=order).value
        for order in ("any", "exact", "in_order")
    ]
    assert values == [any_, exact, in_order]


def test_a_call_with_free_arguments_takes_what_the_others_leave(score: Scoring) -> None:
    exact = {"name": "f", "arguments": {"n": 1}}
    both = plain(exact, {"name": "f", "arguments": {"n": 2}})
    assert score("tool_calls", both, ["f", exact]).value == 1.0
    assert score("tool_calls", both, [exact, exact]).value == 0.0
    assert score("tool_calls", both, ["f", "f"]).value == 1.0
    assert score("tool_f1", both, ["f", exact, "f"]).value == pytest.approx(2 * 2 / 5)


def test_what_was_called_is_told(score: Scoring) -> None:
    result = score("tool_calls", names(*"abcdefg"), ["x" * 100])
    assert result.reason == f"called `a`, `b`, `c`, `d`, `e` and 2 more, expected `{'x' * 60}…`"


@pytest.mark.parametrize(
    ("given", "exact", "value"),
    [
        ({"a": 1, "b": 2, "c": 3}, False, 1.0),
        ({"a": 1, "b": 2, "c": 0}, False, 2 / 3),
        ({"a": 1}, False, 1 / 3),
        ({}, False, 0.0),
        ({"a": 1, "b": 2, "c": 3, "d": 4}, False, 1.0),
        ({"a": 1, "b": 2, "c": 3, "d": 4}, True, 3 / 4),
        ({"a": 1, "d": 4}, True, 1 / 4),
    ],
)
def test_the_share_of_right_arguments(
    given: Mapping[str, int], exact: bool, value: float, score: Scoring
) -> None:
    expected = {"name": "f", "arguments": {"a": 1, "b": 2, "c": 3}}
    output = plain({"name": "f", "arguments": given})
    assert score("tool_arguments", output, expected, exact=exact).value == pytest.approx(value)


def test_each_expected_call_is_compared_with_the_one_that_fits_best(score: Scoring) -> None:
    def book(city: str, nights: int) -> dict[str, Any]:
        return {"name": "book", "arguments": {"city": city, "nights": nights}}

    made = plain(book("Rome", 2), book("Paris", 2))
    assert score("tool_arguments", made, [book("Paris", 2), book("Rome", 3)]).value == 0.75
    assert score("tool_arguments", made, [book("Paris", 2), book("Oslo", 9)]).value == 0.5
    # A call is worth something to one expected call only.
    assert score("tool_arguments", plain(book("Rome", 2)), [book("Rome", 2)] * 2).value == 0.5


def test_free_arguments_are_right_whatever_they_are(score: Scoring) -> None:
    assert score("tool_arguments", plain(FIND), "find").value == 1.0
    assert score("tool_arguments", plain(PAY), "find").value == 0.0
    assert score("tool_arguments", plain(PAY), {"name": "pay", "arguments": {}}, exact=True).value == 1.0


@pytest.mark.parametrize(
    ("called", "expected", "value"),
    [
        ("ab", "ab", 1.0),
        ("abc", "ab", 2 * 2 / 5),
        ("aa", "a", 2 / 3),
        ("x", "a", 0.0),
        ("x", "", 0.0),
        ("", "", 1.0),
    ],
)
def test_f1_of_names(called: str, expected: str, value: float, score: Scoring) -> None:
    result = score("tool_f1", names(*called), list(expected), by="name")
    assert result.value == pytest.approx(value)


def test_a_forbidden_tool(score: Scoring) -> None:
    result = score("max_tool_calls", names("find", "drop", "drop"), value=0, tools=["drop"])
    assert result == Score(value=0.0, reason="called `drop`, `drop`")
    assert score("max_tool_calls", names("find", "find"), value=0, tools=["drop"]).value == 1.0


SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "enum": ["Paris", "Rome"]}, "nights": {"type": "integer"}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOL = {"type": "function", "function": {"name": "book", "parameters": SCHEMA}}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"city": "Paris"}, ""),
        ({"city": "Paris", "nights": 2.0}, ""),
        ({"city": "Oslo"}, "'Oslo' is not one of"),
        ({"nights": 2}, "'city' is a required property"),
        ({"city": "Rome", "x": 1}, "'x' was unexpected"),
    ],
)
def test_arguments_must_fit_the_schema(arguments: Any, told: str, score: Scoring) -> None:
    result = score("tool_valid", "", completion=answered(call("book", arguments)), tools=[TOOL])
    assert result.value == float(not told)
    assert told in result.reason


def test_one_bad_call_among_good_ones(score: Scoring) -> None:
    calls = answered(call("book", {"city": "Rome"}), call("fly"))
    assert score("tool_valid", "", completion=calls, tools=[TOOL]) == Score(
        value=0.0, reason="there is no tool `fly`"
    )


def valid(own: Sequence[Any] = (), prompt: Sequence[Any] = (), case: Any = None) -> Score:
    """The score of a call of `book`, with tools from up to three places."""
    sample = Sample(
        output="",
        expected=None,
        case=Case(id="c", fields={} if case is None else {"tools": case}),
        completion=answered(call("book", {"city": "Rome"})),
        tools=tuple(prompt),
    )
    return ToolValid(tools=tuple(own)).score(sample)


def test_the_tools_are_those_of_the_option_then_of_the_prompt_then_of_the_case() -> None:
    other = {"name": "other"}
    assert valid(own=[TOOL], prompt=[other], case=[other]).value == 1.0
    assert valid(prompt=[TOOL], case=[other]).value == 1.0
    assert valid(case=[TOOL]).value == 1.0
    assert valid(own=[other], prompt=[TOOL], case=[TOOL]).value == 0.0


@pytest.mark.parametrize(
    ("case", "kind"),
    [
        (None, "no_tools"),
        ("book", "no_tools"),
        ([{"name": "book", "parameters": {"type": "wrong"}}], "bad_tools"),
        ([{"parameters": {}}], "bad_tools"),
        ([["book"]], "bad_tools"),
    ],
)
def test_without_tools_to_compare_with_the_case_is_lost(case: Any, kind: str) -> None:
    with pytest.raises(CaseFailure) as caught:
        valid(case=case)
    assert caught.value.kind == kind


def test_a_wrong_tool_is_told_when_the_suite_is_read(refusal: Callable[..., str]) -> None:
    told = refusal("tool_valid", tools=[{"name": "book", "parameters": {"type": "wrong"}}])
    assert "`parameters` of the tool `book` is not a JSON Schema" in told
