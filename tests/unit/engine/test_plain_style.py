from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.commands.reference_pairs import are_alike
from promptops.engine.plain_style import without_style

PLAIN = "Refund\n\n- 40 euros\n- within a week\n\nSee our page."


@pytest.mark.parametrize(
    "dressed",
    [
        PLAIN,
        "# Refund\n\n* 40 euros\n* within a week\n\nSee [our page](https://example.org).",
        "**Refund**\n\n• *40 euros*\n• within `a week`\n\n\n\nSee our page.  \n",
        "## Refund ##\r\n\r\n+ __40 euros__\r\n+ within a week\r\n\r\n> See _our page_.",
        "```text\nRefund\n\n- 40 euros\n- within a week\n```\n\nSee our page.",
        "Refund\n\n---\n\n- 40 euros\n- within a week\n\nSee our page.",
    ],
)
def test_the_same_text_in_another_dress_is_the_same(dressed: str) -> None:
    assert without_style(dressed) == PLAIN
    assert are_alike(without_style(dressed), PLAIN)


@pytest.mark.parametrize(
    "text", ["2 * 3 * 4", "snake_case_name", "a*b*c", "x_1 and y_2", "#1 of 3", "5 > 3", "[1] (2)"]
)
def test_what_is_no_dress_stays(text: str) -> None:
    assert without_style(text) == text


@given(st.text(st.sampled_from("ab *_#`>-\n[]()!~“’"), max_size=80))
def test_no_word_is_lost(text: str) -> None:
    kept = [char for char in without_style(text) if char in "ab"]
    removed_links = "(" in text
    fenced = "```" in text or "~~~" in text
    if not removed_links and not fenced:
        assert kept == [char for char in text if char in "ab"]


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (
            "You get 40 euros back within a week of your call.",
            "you get 40 euros back within a week of your call",
            True,
        ),
        ("You get 40 euros back.", "You get 20 euros back, but only if you call us.", False),
        ("yes", "no", False),
        ("", "", True),
    ],
)
def test_alike_is_what_differs_in_a_few_characters(one: str, other: str, alike: bool) -> None:
    assert are_alike(one, other) == alike
