from __future__ import annotations

import json
from xml.etree.ElementTree import Element, fromstring

import pytest

from promptops.model.history import History
from promptops.model.result import Scale
from promptops.reporters.badge import badge_text
from promptops.reporters.history import history_text, sparkline
from promptops.reporters.history_svg import history_svg
from tests.support.histories import history, series
from tests.support.hostile import HOSTILE, STEERING

SVG = "{http://www.w3.org/2000/svg}"


def drawn(of: History) -> Element:
    return fromstring(history_svg(of).encode("utf-8"))


def test_the_line_of_blocks_spans_the_scores() -> None:
    assert sparkline(series(0.5, 0.75, 1.0, 0.5)) == "▁▅█▁"
    assert sparkline(series(0.5, 0.5)) == "▅▅"
    assert sparkline(series(0.5, 1.0, 0.75, unlike={1: ("dataset",)})) == "▁│█▅"


def test_the_newest_commit_stands_on_top_and_what_is_not_alike_is_named() -> None:
    of = series(0.5, 0.75, unlike={1: ("dataset", "scorers")}, ci_low=0.4, ci_high=0.9, runs=3)
    lines = history_text(history(of), 100).splitlines()
    assert lines[0] == "route on main @ 000000000"
    row = "000000000 2026-01-02 0.750 [0.400, 0.900] 300 3 a change"
    assert " ".join(lines[-3].split()) == row
    assert lines[-2].endswith("not alike: dataset, scorers")
    assert lines[-1].startswith("000000000  2026-01-01  0.500")


def test_scores_that_are_not_alike_are_not_joined() -> None:
    joined = drawn(history(series(0.1, 0.2, 0.3, 0.4, 0.5)))
    assert [len(each.get("points", "").split()) for each in joined.iter(f"{SVG}polyline")] == [5]
    torn = drawn(history(series(0.1, 0.2, 0.3, 0.4, 0.5, unlike={2: ("dataset",), 4: ("model",)})))
    assert [len(each.get("points", "").split()) for each in torn.iter(f"{SVG}polyline")] == [2, 2]
    dashed = [each for each in torn.iter(f"{SVG}line") if each.get("stroke-dasharray")]
    assert [each.findtext(f"{SVG}title") for each in dashed] == [
        "not alike: dataset changed", "not alike: model changed"
    ]  # fmt: skip


def test_a_point_lies_where_its_score_is_and_says_it() -> None:
    picture = drawn(history(series(0.2, 0.6, 0.4, ci_low=0.0, ci_high=1.0, runs=2)))
    dots = list(picture.iter(f"{SVG}circle"))
    xs, ys = ([float(dot.get(axis, "")) for dot in dots] for axis in ("cx", "cy"))
    assert xs == sorted(xs)
    assert ys[0] - ys[2] == pytest.approx(ys[2] - ys[1], abs=0.2)
    assert dots[1].findtext(f"{SVG}title") == "000000000: accuracy 0.600 [0.000, 1.000], 2 runs of 300"
    assert picture.get("aria-label") == picture.findtext(f"{SVG}title") == "route on main"


def test_every_cell_has_a_colour_and_a_name() -> None:
    picture = drawn(history(series(0.1, 0.2, name="p · a"), series(0.3, 0.4, name="p · b")))
    lines = [each.get("stroke") for each in picture.iter(f"{SVG}polyline")]
    assert len(set(lines)) == 2
    words = [each.text for each in picture.iter(f"{SVG}text")]
    assert {"p · a", "p · b"} <= set(words)


def test_one_commit_is_a_picture_too() -> None:
    picture = drawn(history(series(1.0)))
    assert len(list(picture.iter(f"{SVG}circle"))) == 1
    assert not list(picture.iter(f"{SVG}polyline"))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_name_gets_out_of_the_picture_or_the_table(text: str) -> None:
    of = history(series(0.1, 0.2, name=text, metric=text, unlike={1: (text,)}), suite=text, subject=text)
    written = history_svg(of)
    shown = history_text(of, 100)
    assert not any(char in written or char in shown for char in STEERING)
    tags = {each.tag.removeprefix(SVG) for each in fromstring(written.encode("utf-8", "replace")).iter()}
    assert tags <= {"svg", "title", "line", "polyline", "circle", "text"}
    assert len(written) < 20_000


@pytest.mark.parametrize(
    ("mean", "colour"),
    [
        (1.0, "brightgreen"),
        (0.91, "green"),
        (0.8, "yellowgreen"),
        (0.7, "yellow"),
        (0.6, "orange"),
        (0.2, "red"),
    ],
)
def test_a_badge_has_the_colour_of_its_score(mean: float, colour: str) -> None:
    assert json.loads(badge_text(history(series(0.0, mean))))["color"] == colour


def test_a_badge_of_several_cells_spans_them() -> None:
    found = json.loads(badge_text(history(series(0.5, 0.925, name="a"), series(0.5, 0.75, name="b"))))
    assert (found["message"], found["color"]) == ("accuracy 75.0–92.5 %", "yellow")


def test_a_badge_of_counts_is_not_rated() -> None:
    found = json.loads(badge_text(history(series(3.25, metric="words", scale=Scale.COUNT))))
    assert (found["message"], found["color"]) == ("words 3.25", "blue")
