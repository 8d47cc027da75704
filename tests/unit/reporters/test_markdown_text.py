"""Nothing that comes from outside can be more than text in a comment."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.reporters.markdown_layout import Section, alert, bullets, fitted, listed, table
from promptops.reporters.markdown_text import EMPTY, block, code, html_code, one_line, prose
from tests.support.attacks import ATTACKS
from tests.support.hostile import STEERING
from tests.support.rendered import RENDERERS, Rendered, rendered

anything = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="`|\\<>@#!\n[]()*_~:&-=.$^ aw1", max_size=40),
    st.text(alphabet="`:#[<!- \n", max_size=40),
    st.sampled_from([each for each in ATTACKS.values() if len(each) < 1000]),
)
attack = pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS.keys())
everywhere = pytest.mark.parametrize("renderer", RENDERERS)


def assert_steers_nothing(markdown: str) -> None:
    assert not any(char in markdown for char in STEERING)
    assert "<!--" not in markdown
    assert not re.search(r"#\w*#\w*\[", markdown)
    assert not any(line.lstrip().startswith("::") for line in markdown.split("\n"))
    markdown.encode("utf-8")


def assert_is_text(markdown: str, renderer: str, elements: list[str]) -> Rendered:
    """It is made of exactly these elements, and no text is more than text."""
    assert_steers_nothing(markdown)
    found = rendered(markdown, renderer)
    assert found.names == elements
    found.assert_refers_to_nothing()
    return found


def in_span(text: str, most: int = 80) -> list[str]:
    return ["code"] if one_line(text, most) else []


@everywhere
@pytest.mark.parametrize(
    "name",
    [
        "mentions a person",
        "mentions by entity",
        "mentions by escape",
        "refers to an issue",
        "refers to a commit",
        "refers to a ticket",
        "links",
        "links by reference",
        "links by itself",
        "loads an image",
        "opens HTML",
        "ends a very long span",
        "is a heading",
        "is a heading by underline",
        "is a quote",
        "is a task",
        "is an emoji",
        "is a formula",
    ],
)
def test_what_is_not_made_text_is_noticed(name: str, renderer: str) -> None:
    with pytest.raises(AssertionError):
        assert_is_text(ATTACKS[name], renderer, ["p"])


@everywhere
@attack
def test_an_attack_in_a_code_span(text: str, renderer: str) -> None:
    found = assert_is_text(f"x {code(text)} y", renderer, ["p", *in_span(text)])
    assert found.inside("code") == one_line(text, 80)
    assert_is_text(code(text), renderer, ["p", *in_span(text)])


@everywhere
@attack
def test_an_attack_in_a_sentence(text: str, renderer: str) -> None:
    for markdown in (prose(text), f"x {prose(text)} y", f"- {prose(text)}".removeprefix("- ")):
        found = rendered(markdown, renderer)
        assert set(found.names) <= {"p", "code"}
        found.assert_refers_to_nothing()
        assert_steers_nothing(markdown)


@everywhere
@attack
def test_an_attack_in_a_block(text: str, renderer: str) -> None:
    short = text[:2000]
    for lines in (short.split("\n"), [f"-{line}" for line in short.split("\n")], [f" {short}"]):
        markdown = f"a\n\n{block(lines, 'diff')}\n\nb"
        found = assert_is_text(markdown, renderer, ["p", "pre", "code", "p"])
        assert found.outside_code.split() == ["a", "b"]


@everywhere
@attack
def test_an_attack_in_a_table(text: str, renderer: str) -> None:
    markdown = table(("a", "b", "c"), [(code(text), prose(text, 80), "ours")] * 2)
    assert_steers_nothing(markdown)
    found = rendered(markdown, renderer)
    rows = ["tr", "td", *in_span(text), "td"]
    assert [name for name in found.names if name != "code"] == [
        "table", "thead", "tr", "th", "th", "th", "tbody", *(["tr", "td", "td", "td"] * 2),
    ]  # fmt: skip
    assert found.names[8 : 8 + len(rows) - 1] == rows[1:]
    assert found.inside("td").count("ours") == 2
    found.assert_refers_to_nothing()


@everywhere
@attack
def test_an_attack_in_the_title_of_a_section(text: str, renderer: str) -> None:
    section = Section(name="x", title=f"Changed: {html_code(text)}", body="ours")
    found = assert_is_text(section.markdown(), renderer, ["details", "summary", "code", "p"])
    assert found.inside("code") == (one_line(text, 80) or EMPTY)
    assert found.inside("p") == "ours"


@everywhere
@attack
def test_an_attack_in_an_alert_and_in_a_list(text: str, renderer: str) -> None:
    markdown = alert("NOTE", [prose(text), code(text), bullets([code(text), f"x {prose(text)}"])])
    assert_steers_nothing(markdown)
    found = rendered(markdown, renderer)
    assert [name for name in found.names if name not in ("code", "p")] == ["blockquote", "ul", "li", "li"]
    found.assert_refers_to_nothing()


@given(anything)
def test_any_text_is_one_code_span(text: str) -> None:
    for renderer in RENDERERS:
        assert_is_text(f"x {code(text)} y", renderer, ["p", *in_span(text)])


@given(anything)
def test_any_text_is_a_sentence(text: str) -> None:
    for renderer in RENDERERS:
        found = rendered(prose(text), renderer)
        assert set(found.names) <= {"p", "code"}
        found.assert_refers_to_nothing()
    assert_steers_nothing(prose(text))


@given(anything)
def test_any_text_stays_in_its_block(text: str) -> None:
    for renderer in RENDERERS:
        assert_is_text(f"a\n\n{block(text.split(chr(10)), 'diff')}\n\nb", renderer, ["p", "pre", "code", "p"])


@given(anything, anything)
def test_any_text_stays_in_its_cell(name: str, other: str) -> None:
    for renderer in RENDERERS:
        found = rendered(table(("a", "b", "c"), [(code(name), prose(other), "ours")]), renderer)
        assert found.names.count("td") == 3
        assert found.inside("td").endswith("ours")


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("worse by 0.6 to 7.8 pts, within the budget of 10 pts", None),
        ("reliably sees only drops >= 32 pts", None),
        ("drop, not counted among 3 suites (Benjamini-Hochberg)", None),
        ("of −50.0 pts the retriever makes −30.0 pts [−44.8, −15.2]", None),
        ("case-17, c2 must pass, but broke", "`case-17, c2` must pass, but broke"),
        ("expected none → {{ case.lang }}", "expected none → `{{ case.lang }}`"),
        ("run it with `promptops gate s`; then (`x`).", "run it with `promptops gate s`; then (`x`)."),
        ("model a/b → c/d", "model `a/b` → `c/d`"),
        ("1. one", "`1.` one"),
        ("a 1. one", None),
        ("= =", "`=` ="),
        ("the `odd", "the `` `odd ``"),
        ("", ""),
    ],
)
def test_a_sentence_reads_as_it_was_written(text: str, markdown: str | None) -> None:
    assert prose(text) == (text if markdown is None else markdown)


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("support/triage", "`support/triage`"),
        ("a`b", "``a`b``"),
        ("``a`", "``` ``a` ```"),
        ("```", "` ``` `"),
        (" a \n b ", "`a ⏎ b`"),
        ("x" * 100, f"`{'x' * 79}…`"),
        ("##[error]", "`\\u0023#[error]`"),
        ("\x1b", "`\\u001b`"),
        (" ", EMPTY),
    ],
)
def test_a_code_span_reads_as_it_was_written(text: str, markdown: str) -> None:
    assert code(text) == markdown


def test_a_bar_in_a_cell_is_a_bar() -> None:
    found = rendered(table(("a",), [(code("x|y"),)]))
    assert found.inside("code") == "x|y"


def test_a_long_line_of_a_diff_is_wrapped_behind_its_sign() -> None:
    lines = block([f"-{'word ' * 50}", "+short"], "diff").split("\n")[1:-1]
    assert len(lines) == 4
    assert [line[0] for line in lines] == ["-", "-", "-", "+"]
    assert "".join(line[1:] for line in lines[:-1]) == "word " * 50
    command = "promptops gate " + "suite " * 50
    assert block([command], "sh", is_wrapped=False) == f"```sh\n{command}\n```"


def test_the_blank_lines_and_indents_of_a_block_stay() -> None:
    assert block(["a", "", "  b"]) == "```\na\n\n  b\n```"


def test_what_has_no_room_is_left_out_from_the_bottom_and_named() -> None:
    sections = [Section(name=f"part {number}", title="t", body="x" * 400) for number in range(4)]
    whole = fitted("head", sections, "foot", 10_000)
    assert whole.count("<details>") == 4
    assert "Left out" not in whole
    cut = fitted("head", sections, "foot", len(whole) - 1)
    assert cut.count("<details>") == 3
    assert "Left out, since a comment has an end: part 3." in cut
    assert cut.endswith("\n\nfoot\n")
    without = "head\n\n_Left out, since a comment has an end: part 0, part 1, part 2, part 3._\n\nfoot\n"
    assert fitted("head", sections, "foot", len(without)) == without
    assert fitted("head\nand more", sections, "foot", 10) == "head\n"


def test_rows_and_names_that_are_too_many_are_counted() -> None:
    assert table(("a",), [("1",), ("2",), ("3",)], most=1) == "| a |\n| --- |\n| 1 |\n\n… and 2 more"
    assert listed(["a", "b", "c"], 2) == "`a`, `b` and 1 more"
    assert bullets(["a", "b", "c"], most=2) == "- a\n- b\n- … and 1 more"
