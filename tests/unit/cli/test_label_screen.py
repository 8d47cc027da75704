"""The screen of a session: nothing is wider than the terminal, nothing steers it, and all of a text can be reached."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from promptops.cli._label_screen import LONGEST_SHOWN, screen_of, wrapped
from promptops.commands.label_place import LabelPlace
from promptops.commands.labelling import Labelling, Task
from promptops.commands.project import open_project
from promptops.engine.label_form import Form, Item, pair, yes_or_no
from promptops.files.label_file import LabelFile
from tests.support.hostile import HOSTILE, STEERING

YES_OR_NO = yes_or_no(pass_when=False)
PAIR = pair(("reference", "output"), with_both_bad=True)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> LabelPlace:
    project = open_project(tmp_path_factory.mktemp("project"), {})
    return LabelPlace(project=project, suite="s", scorer="grounded", person="Ada \x1b[31m漢字")


def session_of(place: LabelPlace, item: Item, form: Form = YES_OR_NO) -> Labelling:
    task = Task(
        title="s:\x1b[2Jgrounded",
        question="Does {{ output }} say \x1b]0;x\x07 what {{ case.context }} says?",
        form=form,
        items=(item,),
        known={},
        wanted=None,
    )
    file = LabelFile.open(Path(place.project.root) / "x.jsonl", "x.jsonl")
    file.close()
    return Labelling.begin(task, place, file)


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (140, 40), (20, 8), (33, 10)])
def test_no_text_breaks_out_or_floods(kind: str, columns: int, lines: int, place: LabelPlace) -> None:
    text = HOSTILE[kind]
    items = [Item(case="c", output="o", texts=((text[:300], text), ("output", text)))]
    items += [Item(case="c", output="o", pair=(text, text), swapped=True)]
    for item, form in zip(items, (YES_OR_NO, PAIR), strict=True):
        session = session_of(place, item, form)
        for key in ("", "e", "x", "enter", "?"):
            if key:
                session.press(key)
            for top in (0, 10**9):
                screen = screen_of(session, top, columns, lines)
                assert len(screen.lines) <= lines
                for line in screen.lines:
                    assert line.cell_len <= columns
                    assert not [char for char in STEERING if char in line.plain]
                    assert "\n" not in line.plain


@given(st.text(), st.integers(2, 60))
def test_wrapping_loses_nothing_but_blanks(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert all(cell_len(line) <= width for line in lines)
    unbroken = wrapped(text, 10**6)
    assert "".join("".join(lines).split()) == "".join("".join(unbroken).split())


def test_words_stay_whole_where_they_fit() -> None:
    assert wrapped("one two three", 7) == ["one two", "three"]
    assert wrapped("abcdefgh ij", 4) == ["abcd", "efgh", "ij"]
    assert wrapped("漢字漢字", 5) == ["漢字", "漢字"]
    assert wrapped("a\n\tb", 20) == ["a", "    b"]


def test_every_line_of_a_long_text_can_be_reached(place: LabelPlace) -> None:
    text = "\n".join(f"line {n}." for n in range(300))
    session = session_of(place, Item(case="c", output="o", texts=(("output", text),)))
    seen: set[str] = set()
    top = 0
    while True:
        screen = screen_of(session, top, 80, 24)
        seen |= {line.plain.strip() for line in screen.lines}
        if top >= screen.furthest:
            break
        top += screen.page
    assert {f"line {n}." for n in range(300)} <= seen


def test_a_text_beyond_what_a_judge_sees_is_cut_and_said_to_be(place: LabelPlace) -> None:
    session = session_of(place, Item(case="c", output="o", texts=(("output", "x" * (LONGEST_SHOWN + 7)),)))
    screen = screen_of(session, 10**9, 80, 24)
    assert any("7 more characters" in line.plain for line in screen.lines)


def test_two_texts_stand_beside_each_other_where_there_is_room(place: LabelPlace) -> None:
    item = Item(case="c", output="o", pair=("first text", "second text"))
    wide = [line.plain for line in screen_of(session_of(place, item, PAIR), 0, 140, 30).lines]
    narrow = [line.plain for line in screen_of(session_of(place, item, PAIR), 0, 80, 30).lines]
    assert any("first text" in line and "second text" in line for line in wide)
    assert not any("first text" in line and "second text" in line for line in narrow)


def test_who_compares_is_not_told_how_often_the_reference_won(place: LabelPlace) -> None:
    item = Item(case="c", output="o", pair=("a", "b"))
    shown = "\n".join(line.plain for line in screen_of(session_of(place, item, PAIR), 0, 100, 30).lines)
    assert "reference" not in shown


@pytest.mark.slow
def test_a_megabyte_on_one_line_is_drawn_soon(place: LabelPlace) -> None:
    session = session_of(place, Item(case="c", output="o", texts=(("output", "漢 " * 500_000),)))
    begun_s = time.process_time()
    for top in range(20):
        screen_of(session, top, 80, 24)
    assert time.process_time() - begun_s < 2
