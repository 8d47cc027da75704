"""Markdown as forges render it, taken apart: what is an element, and what is text outside of code.

GitHub renders with the parser behind `cmarkgfm`; others follow the same specification with code of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options
from markdown_it import MarkdownIt

EXTENSIONS = ["table", "autolink", "strikethrough", "tasklist"]
CODE = ("code", "pre")
VOID = ("br", "hr", "img", "input", "wbr")
REFERS = re.compile(
    r"""[@＠]\w | [#!$%~&^](?=[\w`/]) | \b(?:GH|[A-Z]+)-\d | \bwww\. | :// | mailto: | :[\w+-]+: | \b[0-9a-f]{7,40}\b
    | \[\^ | \[[ x]\] | `""",
    re.VERBOSE | re.IGNORECASE,
)
"""What a forge makes something of in text: mentions, references, links, emoji, commits, notes, tasks, formulas."""
OURS = re.compile(r"\$\d[\d.]*(?=\D|$)|\d%|\[!(?:CAUTION|WARNING|NOTE|TIP)\]")
"""Money, shares, and alerts."""


@dataclass
class Rendered(HTMLParser):
    """All elements in their order, with their attributes; the text of each that holds any; text outside of code."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    _open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1:] == [tag], f"</{tag}> in {self._open}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self.texts.append((next((tag for tag in self._open if tag in CODE), self.parent), data))

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    @property
    def parent(self) -> str:
        return self._open[-1] if self._open else ""

    @property
    def names(self) -> list[str]:
        """The elements by name."""
        return [name for name, _ in self.elements]

    @property
    def outside_code(self) -> str:
        """All text that is no code; code is a gap in it."""
        return " ".join(text for tag, text in self.texts if tag not in CODE)

    def inside(self, tag: str) -> str:
        """All text of an element."""
        return "".join(text for name, text in self.texts if name == tag)

    def assert_refers_to_nothing(self) -> None:
        """No text outside of code of which a forge makes more than text."""
        found = REFERS.search(OURS.sub("", self.outside_code))
        assert found is None, f"{found[0]!r} in {self.outside_code!r}"


def by_github(markdown: str) -> str:
    options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES | Options.CMARK_OPT_GITHUB_PRE_LANG
    html = cmarkgfm.markdown_to_html_with_extensions(markdown, options=options, extensions=EXTENSIONS)
    assert isinstance(html, str)
    return html


def by_another(markdown: str) -> str:
    return str(_PARSER.render(markdown))


_PARSER = MarkdownIt("gfm-like", {"html": True})
RENDERERS: Mapping[str, Callable[[str], str]] = {"GitHub's parser": by_github, "another parser": by_another}


def rendered(markdown: str, renderer: str = "GitHub's parser") -> Rendered:
    """What a forge makes of it."""
    found = Rendered()
    found.feed(RENDERERS[renderer](markdown))
    found.close()
    assert found._open == []
    return found
