from __future__ import annotations

import json
from collections import Counter
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.plugin import Case, CaseFailure, Completion, Sample
from promptops.scorers._listed import listed
from tests.support.project import NO_SHARED_DATA, SHARED_DATA, rows
from tests.unit.scorers.conftest import build, score_of

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


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("SELECT 1; DROP TABLE people", "drop"),
        ("WITH gone AS (DELETE FROM people RETURNING *) SELECT * FROM gone", "delete"),
        ("SELECT * INTO copy FROM people", "create"),
        ("TRUNCATE TABLE people", "truncate"),
    ],
)
def test_a_query_that_writes_is_refused(query: str, kind: str) -> None:
    assert score_of("is_sql", query, dialect="postgres").value == 1
    score = score_of("is_sql", query, dialect="postgres", statements=["select"])
    assert (score.value, score.reason) == (0, f"has `{kind}`")


@pytest.mark.parametrize(
    "query", ["SELECT 1 UNION SELECT 2", "(SELECT 1)", "VALUES (1)", "SELECT * FROM t FOR UPDATE"]
)
def test_every_query_is_a_select(query: str) -> None:
    assert score_of("is_sql", query, statements=["select"]).value == 1


def test_a_block_of_another_language_is_passed_over() -> None:
    output = "```python\nrun()\n```\nwhich sends\n```sql\nSELECT 1\n```"
    assert score_of("is_sql", output).value == 1
    assert score_of("is_json", output).value == 0


@pytest.mark.parametrize(
    ("output", "value"),
    [
        ("<td>1</td>", 1),
        ("<!doctype html><html><head><title>x</title></head><body><p>x</p></body></html>", 1),
        ("<html><body>x</body></html>", 1),
        ("<svg viewBox='0 0 1 1'><path d='M0 0'/></svg>", 1),
        ("<div/>", 0),
        ("<p a=1 a=2>x</p>", 0),
        ("<p>AT&T &nosuch; x</p>", 0),
        ("<script>if (a < b) {", 0),
        ("List<String> names", 0),
        ("\ud800<b>x</b>", 0),
    ],
)
def test_html_by_the_rules_of_its_standard(output: str, value: float) -> None:
    assert score_of("is_html", output).value == value


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("<div>" * 90_000, "nested too deeply"),
        ("".join(f"<font size={n}>" for n in range(20_000)), "nested too deeply"),
        (f"<a {' '.join(f'x{n}' for n in range(60_000))}>", "a tag is too long"),
        ("<a " + " ".join(f"x{n}='>'" for n in range(40_000)) + ">", "a tag is too long"),
    ],
)
def test_html_that_takes_quadratic_time_is_refused_at_once(output: str, reason: str) -> None:
    score = score_of("is_html", output)
    assert (score.value, score.reason) == (0, reason)


def test_an_output_is_never_taken_for_the_name_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "<b>x").write_text("<p>fine</p>", encoding="utf-8")
    assert score_of("is_html", "<b>x").value == 0


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
        ("- item [1]\n- two", ["item [1]", "two"]),
        ("[1] apples\n[2] pears", ["apples", "pears"]),
        ('The colours: ["a", "b"].', ["a", "b"]),
        ("red, green and blue.", ["red", "green", "blue"]),
        ("red, green, and blue", ["red", "green", "blue"]),
        ("salt and pepper", ["salt and pepper"]),
        ("a; b c", ["a", "b c"]),
        ("**a**\n`b`", ["a", "b"]),
        ('"a", "b"', ["a", "b"]),
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


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=5), st.lists(st.sampled_from("abc"), max_size=5))
def test_lists_without_order_are_multisets(wanted: list[str], said: list[str]) -> None:
    both = sum((Counter(wanted) & Counter(said)).values())
    options: dict[str, Any] = {"ignore_order": True}
    assert score_of("json_fields", json.dumps(said), wanted, **options).value == pytest.approx(
        both / len(wanted)
    )
    penalised = score_of("json_fields", json.dumps(said), wanted, extra="penalise", **options).value
    assert penalised == pytest.approx(both / max(len(wanted), len(said)))


@pytest.mark.parametrize(
    ("output", "expected", "options", "value"),
    [
        ("", {}, {}, 1),
        ("", {"a": 1}, {}, 0),
        ('{"a": 1}', {}, {"extra": "penalise"}, 0),
        ('{"a": 1.0}', {"a": 1}, {}, 1),
        ('{"a": true}', {"a": 1}, {"tolerance": 5}, 0),
        ('{"a": 1.1}', {"a": 1}, {"tolerance": 0.1}, 1),
        (f'{{"a": {"9" * 4_000}}}', {"a": 1}, {"tolerance": 1}, 0),
        ('{"a": [{"n": 1.0}, {"n": 2}]}', {"a": [{"n": 2}, {"n": 1}]}, {"ignore_order": True}, 1),
        (
            '{"a": [{"n": 2.01}, {"n": 1.01}]}',
            {"a": [{"n": 1}, {"n": 2}]},
            {"ignore_order": True, "tolerance": 0.1},
            1,
        ),
        (
            '[{"x": 1, "y": 2}, {"x": 3, "y": 4}]',
            [{"x": 3, "y": 5}, {"x": 1, "y": 2}],
            {"ignore_order": True},
            0.75,
        ),
        ('{"a": ["x"]}', {"a": ["x", "x"]}, {"ignore_order": True, "tolerance": 0.1}, 0.5),
        ('{"a": ["x"]}', {"a": []}, {}, 0),
        ('{"a": "Cafe\u0301"}', {"a": "CAFÉ"}, {"ignore_case": True}, 1),
        ("[" * 900 + "1" + "]" * 900, [[1]], {"ignore_order": True}, 0),
    ],
)
def test_fields_are_compared_by_what_they_are(
    output: str, expected: Any, options: dict[str, Any], value: float
) -> None:
    assert score_of("json_fields", output, expected, **options).value == pytest.approx(value)


def test_only_the_named_fields_count() -> None:
    expected = {"a": 1, "b": {"c": 2, "d": 3}, "e": [4, 5]}
    sample = Sample(
        output='{"a": 1, "e": [4], "z": 0}',
        expected=expected,
        case=Case(id="c", fields={}),
        completion=Completion(output=""),
    )
    score = build("json_fields", {"fields": ["a", "b.c", "e", "y"], "extra": "penalise"}).score(sample)
    assert (score.value, score.reason) == (0.5, "b.c missing; e[1] missing")


def test_no_field_of_a_large_object_is_passed_over() -> None:
    wanted = {f"f{n}": n for n in range(20_000)}
    score = score_of("json_fields", json.dumps({**wanted, "f19999": "x"}), wanted)
    assert score.value == 1 - 1 / 20_000
    assert score.reason == 'f19999: expected 19999, got "x"'


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


@pytest.mark.parametrize(
    ("output", "measure", "value"),
    [("a\nb\na", "exact", 1), ("a\nb", "exact", 0), ("b\na\na", "pairs", 2 / 3), ("a\nb\na\nc", "pairs", 1)],
)
def test_an_item_that_stands_twice_is_expected_twice(output: str, measure: str, value: float) -> None:
    found = score_of("list_order", output, ["a", "b", "a"], measure=measure).value
    assert found == pytest.approx(value)


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
        ("Here it is, as asked:\n\na,b\n1,2", "a,b\n1,2", 1),
        ("a | b\n--- | ---\n1 | 2\n\nThat is all, folks", "a,b\n1,2", 1),
        ("| a | b |\n| 1 | 2 |", "a,b\n1,2", 1),
        ("| a | b |\n|---|---|\n| **1** | x\\|y |", [{"a": 1, "b": "x|y"}], 1),
        ('[["a", "b"], [1, 2]]', "a,b\n1,2", 1),
        ("a,b\n1,2", [["a", "b"], [1, 2]], 1),
        ('a\n"1,250.0"', "a\n1250", 1),
        ("a,a\n1,3", "a,a\n2,3", 0.5),
        ("a,b\n1,2,3", "a,b\n1,2", 2 / 3),
        ("a\tb\n1\t", "a,b\n1,", 1),
        ('a\n"x\n\ny"', 'a\n"x\n\ny"', 1),
        ("a;b\n1;2", "a,b\n1,2", 1),
        ("a,b", "a,b", 1),
        ("a,b\n1,2", "a,b", 0),
        ("[]", [], 1),
        ("there are none", [], 0),
        ("a\n1\n2", "a\n2\n1", 0),
    ],
)
def test_tables_in_every_form(output: str, expected: Any, value: float) -> None:
    assert score_of("table_match", output, expected).value == pytest.approx(value)


def test_rows_without_order_have_their_right_cells_counted() -> None:
    score = score_of("table_match", "a,b\n1,2\n3,5", "a,b\n3,4\n1,2", ignore_order=True)
    assert (score.value, score.reason) == (0.75, "3 of 4 cells; 2 rows, 2 expected")


def test_many_rows_within_a_tolerance_take_no_quadratic_time() -> None:
    said = "a\n" + "\n".join(map(str, range(20_000)))
    wanted = "a\n" + "\n".join(f"{n}.01" for n in reversed(range(20_000)))
    score = score_of("table_match", said, wanted, ignore_order=True, tolerance=0.1)
    assert score.value is not None


@pytest.mark.parametrize(
    ("output", "expected", "value"),
    [
        ("first 3 m, then 1,500 m", "1.5 km", 1),
        ("25 °C", "77 °F", 1),
        ("60 km/h", "16.6667 m/s", 0),
        ("100 m²", "1000000 cm^2", 1),
        ("2 hours", "120 min", 1),
        ("42", "42 m", 0),
        ("60 kilometers per hour", "60 km/h", 1),
        ("5 square meters", "5 m²", 1),
        ("9.81 m s⁻²", "9.81 m/s^2", 1),
        ("3 × 10^8 m/s", "3e8 m/s", 1),
        ("10^5 m", "5 m", 0),
        ("20 degrees Celsius", "68 °F", 1),
        ("5 Hours", "300 min", 1),
        ("10 Mbps", "10 megabit/s", 1),
        ("10 KB", "10000 byte", 1),
        (".5 km", "500 m", 1),
        ("1,5 km", "5 km", 0),
        ("2 m at 5 pm, as 3 a day, 5 in total", "2 m", 1),
        ("12 in", "1 ft", 1),
        ("5 A", "5000 mA", 1),
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
