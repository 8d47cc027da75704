from __future__ import annotations

import json
from itertools import combinations
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.plugin import CaseFailure
from promptops.scorers._listed import listed
from tests.support.project import NO_SHARED_DATA, SHARED_DATA, rows
from tests.unit.scorers.conftest import score_of

BOMB = (
    "<!DOCTYPE a ["
    + "".join(
        f'<!ENTITY e{n} "{"&e" + str(n - 1) + ";" if n else "ha"}{"&e" + str(n - 1) + ";" if n else "ha"}">'
        for n in range(30)
    )
    + "]><a>&e29;</a>"
)


@pytest.mark.parametrize(
    ("name", "output", "reason"),
    [
        ("is_xml", BOMB, "it declares entities of its own"),
        ("is_xml", "words", "syntax error"),
        ("is_html", "<p>a</b></p>", "line 1, column"),
        ("is_sql", "not a query", "no statement in the text"),
        ("is_sql", "SHOW me the way", "no statement in the text"),
        ("is_sql", "SELEC name FROM t", "Invalid expression"),
        ("is_yaml", "a: [1, 2", "line 1"),
        ("is_json", "{'a': 1}", "no JSON"),
    ],
)
def test_what_is_wrong_is_said(name: str, output: str, reason: str) -> None:
    score = score_of(name, output)
    assert score.value == 0
    assert reason in score.reason


def test_a_query_that_writes_is_refused() -> None:
    both = "SELECT 1; DROP TABLE people"
    assert score_of("is_sql", both).value == 1
    score = score_of("is_sql", both, statements=["select"])
    assert (score.value, score.reason) == (0, "has `drop`")


@pytest.mark.parametrize(
    "statement",
    [
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "SELECT 1 UNION SELECT 2",
        "INSERT INTO t VALUES (1)",
        "UPDATE t SET a = 1",
        "CREATE TABLE t (a INT)",
    ],
)
def test_real_statements(statement: str) -> None:
    assert score_of("is_sql", statement).value == 1


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ('["a", "b"]', ["a", "b"]),
        ("Here you are:\n- a\n- b\n", ["a", "b"]),
        ("1. a\n2) b", ["a", "b"]),
        ("a\nb", ["a", "b"]),
        ("a, b ,c", ["a", "b", "c"]),
        ("[a] and b", ["[a] and b"]),
        ("", []),
        ("[1, 2]", ["1", "2"]),
    ],
)
def test_lists_in_every_form(text: str, items: list[str]) -> None:
    assert listed(text) == items


@given(st.lists(st.sampled_from("abcdef"), min_size=2, max_size=6, unique=True), st.permutations("abcdef"))
def test_order_is_the_share_of_pairs_in_order(wanted: list[str], said: list[str]) -> None:
    output = json.dumps(said)
    pairs = list(combinations(wanted, 2))
    right = sum(said.index(one) < said.index(other) for one, other in pairs)
    assert score_of("list_order", output, wanted).value == pytest.approx(right / len(pairs))


@given(st.sets(st.sampled_from("abcdef")), st.sets(st.sampled_from("abcdef")))
def test_overlap_is_that_of_sets(wanted: set[str], said: set[str]) -> None:
    both = len(wanted & said)
    union = len(wanted | said)
    found = score_of("list_overlap", json.dumps(sorted(said)), sorted(wanted), measure="jaccard").value
    assert found == pytest.approx(both / union if union else 1)


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """Every leaf by its path, by recursion."""
    if isinstance(value, dict) and value:
        return {k: v for key, each in value.items() for k, v in leaves(each, f"{path}.{key}").items()}
    if isinstance(value, list) and value:
        return {k: v for place, each in enumerate(value) for k, v in leaves(each, f"{path}[{place}]").items()}
    return {path: value} if path or not isinstance(value, (dict, list)) else {}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["x", "y"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=8,
)
json_objects = st.dictionaries(st.sampled_from("abc"), json_values, min_size=1, max_size=3)


@given(json_objects, json_objects)
def test_fields_are_leaves_by_their_path(wanted: dict[str, Any], said: dict[str, Any]) -> None:
    expected, got = leaves(wanted), leaves(said)
    right = sum(
        path in got and (type(got[path]), got[path]) == (type(value), value)
        for path, value in expected.items()
    )
    assert score_of("json_fields", json.dumps(said), wanted).value == pytest.approx(right / len(expected))


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason=NO_SHARED_DATA)
def test_slots_of_real_bookings_filled_right_half_right_and_not_at_all() -> None:
    random = Random(1)
    cases = rows(SHARED_DATA / "slots_restaurant8k/cases.jsonl")
    for case in cases:
        wanted: dict[str, str] = case["expected"]
        kept = {slot: value if random.random() < 0.5 else "another" for slot, value in wanted.items()}
        right = sum(kept[slot] == value for slot, value in wanted.items())
        share = right / len(wanted) if wanted else 1.0
        assert score_of("json_fields", json.dumps(wanted), wanted).value == 1
        assert score_of("json_fields", f"Here: {json.dumps(kept)}", wanted).value == pytest.approx(share)
        assert score_of("json_fields", "I could not find any", wanted).value == 0
        extra = {**wanted, "mood": "good"}
        penalised = score_of("json_fields", json.dumps(extra), wanted, extra="penalise").value
        assert penalised == pytest.approx(len(wanted) / (len(wanted) + 1))


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason=NO_SHARED_DATA)
def test_labels_and_priority_of_real_tickets() -> None:
    for case in rows(SHARED_DATA / "support_triage/cases.jsonl"):
        wanted = case["expected"]
        other = {"labels": list(reversed(wanted["labels"])), "priority": "P9"}
        labels = len(wanted["labels"])
        found = score_of("json_fields", json.dumps(other), wanted, ignore_order=True)
        assert found.value == pytest.approx(labels / (labels + 1))
        assert found.reason == f'priority: expected "{wanted["priority"]}", got "P9"'


def test_many_differences_are_told_shortly() -> None:
    wanted = {f"f{n}": n for n in range(9)}
    score = score_of("json_fields", '{"f0": 1, "z": "x"}', expected=wanted)
    assert score.reason.startswith("f0: expected 0, got 1; f1 missing")
    assert score.reason.endswith("4 more")


def test_an_expected_text_that_is_no_json_loses_the_case() -> None:
    with pytest.raises(CaseFailure, match="no JSON"):
        score_of("json_fields", "{}", "words")


@pytest.mark.parametrize(
    ("output", "expected", "value"),
    [
        ("a\tb\n1\t2", "a,b\n1,2", 1),
        ("```csv\na,b\n1,2\n```", [{"a": 1, "b": 2}], 1),
        ("| a | b |\n| :-- | --: |\n| 1 | 2 |\n| 3 | 4 |", "a,b\n1,2", 0.5),
        ('a\n"x, y"', [{"a": "x, y"}], 1),
        ("a,b\n1,2", "a,b,c\n1,2,3", 2 / 3),
        ("", "a\n1", 0),
        ("a\n1\n2", "a\n2\n1", 0),
    ],
)
def test_tables_in_every_form(output: str, expected: Any, value: float) -> None:
    assert score_of("table_match", output, expected).value == pytest.approx(value)


@pytest.mark.parametrize(
    ("output", "expected", "value"),
    [
        ("first 3 m, then 1,500 m", "1.5 km", 1),
        ("25 °C", "77 °F", 1),
        ("60 km/h", "16.6667 m/s", 0),
        ("100 m²", "1000000 cm^2", 1),
        ("2 hours", "120 min", 1),
        ("42", "42 m", 0),
        ("50 %", "0.5", None),
    ],
)
def test_quantities(output: str, expected: str, value: float | None) -> None:
    if value is None:
        with pytest.raises(CaseFailure, match="no quantity"):
            score_of("quantity", output, expected)
    else:
        assert score_of("quantity", output, expected).value == value


@pytest.mark.parametrize(
    ("name", "text"), [("is_yaml", "- a\n"), ("is_sql", "SELECT 1;\n"), ("is_html", "<p>a</p>\n")]
)
def test_an_output_too_long_to_check_is_not_told_and_keeps_its_case(name: str, text: str) -> None:
    score = score_of(name, text * 100_000)
    assert score.value is None
    assert "characters is not checked" in score.reason
