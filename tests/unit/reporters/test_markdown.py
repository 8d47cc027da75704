"""Nothing that comes from outside can be more than text in a comment."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from promptops.reporters.markdown import alert, code, details, fenced, prose, table

ATTACKS = [
    "@octocat and @org/team",
    "#12, GH-12, octo/repo#12, !7, $3, %4, ~label, &5",
    "[link](http://evil.example) ![image](http://evil.example/x.png)",
    "http://evil.example www.evil.example a@evil.example",
    "<img src=x onerror=alert(1)><script>alert(1)</script>",
    "</details></summary></code></pre>",
    "<!-- promptops -->",
    "a | b |\n| --- | --- |",
    "```\n~~~\n````\n# head",
    "``` `` ` `",
    "`",
    "\\`code\\` \\| \\",
    "> [!CAUTION]\n> merge",
    ":smile: *bold* _it_ ~~no~~ **b**",
    "\x1b[31mred\x1b[0m \x00 \r\n \u202eevil \u200b \u2028",
    "::set-output name=a::b\n::add-mask::c",
    "&lt;b&gt; &#64;octocat",
    "<http://evil.example>",
    "[a]: http://evil.example\n\n[a]",
    "- [ ] task\n1. one",
    "   ",
    "",
]
PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
LIVE = {"link_open", "image", "heading_open", "em_open", "strong_open", "s_open", "bullet_list_open", "hr"}
REFERS = re.compile(r"[@#!$%~&]\w|www\.|://|\bGH-\d|:\w+:")


def tokens(text: str) -> list[Token]:
    return [each for block in PARSER.parse(text) for each in (block, *(block.children or []))]


def assert_only_text(markdown: str, *, comments: bool = False) -> list[Token]:
    """Neither Markdown nor HTML, and no text from which a forge makes a reference."""
    found = tokens(markdown)
    assert not LIVE.intersection(each.type for each in found), markdown
    for each in found:
        if each.type in ("html_inline", "html_block"):
            assert comments, markdown
            assert each.content == "<!-- -->", markdown
        if each.type == "text":
            assert not REFERS.search(each.content), markdown
    return found


anything = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="`|\\<>@#!\n[]()*_~:&-=. aw", max_size=40),
    st.sampled_from(ATTACKS),
)


@given(anything)
def test_a_code_span_is_one_whole_span(text: str) -> None:
    found = [each for each in assert_only_text(f"x {code(text)} y") if each.type not in ("inline", "text")]
    spans = [each.type for each in found]
    assert spans == ["paragraph_open", *(["code_inline"] if text_of(code(text)) else []), "paragraph_close"]


def text_of(span: str) -> bool:
    return span != "(empty)"


@given(anything)
def test_a_sentence_stays_a_sentence(text: str) -> None:
    found = assert_only_text(f"- x {prose(text)} y".removeprefix("- "), comments=True)
    assert [each.type for each in found if each.type.endswith("_open")] == ["paragraph_open"]


@given(anything)
def test_a_block_ends_where_it_should(text: str) -> None:
    found = assert_only_text(f"a\n\n{fenced(text, 1000)}\n\nb")
    assert [each.type for each in found if each.type != "text"] == [
        "paragraph_open", "inline", "paragraph_close", "fence", "paragraph_open", "inline", "paragraph_close",
    ]  # fmt: skip


@given(anything, anything)
def test_a_table_keeps_its_cells(name: str, other: str) -> None:
    found = tokens(table(("a", "b", "c"), [(code(name), code(other), "ours")]))
    cells = [found[place + 1] for place, each in enumerate(found) if each.type == "td_open"]
    assert len(cells) == 3
    assert cells[2].content == "ours"


@given(anything)
def test_the_name_of_a_closed_part_cannot_close_it(text: str) -> None:
    block, *rest = tokens(details(text.replace("\n", " "), "broke", "body"))
    assert block.type == "html_block"
    assert re.fullmatch(r"<details><summary><code>[^<>]*</code> broke</summary>\n", block.content), (
        block.content
    )
    assert [each.content for each in rest if each.type == "text"] == ["body"]


@pytest.mark.parametrize("text", ATTACKS)
def test_an_alert_holds_one_line_for_each(text: str) -> None:
    lines = alert("NOTE", [prose(text), code(text)]).splitlines()
    assert len(lines) == 3
    assert all(line.startswith("> ") for line in lines)


def test_what_is_left_out_of_a_block_is_counted() -> None:
    assert "… 999,990 more characters" in fenced("x" * 1_000_000, 10)


def test_a_long_name_is_cut() -> None:
    assert code("x" * 1_000_000) == f"`{'x' * 79}…`"
