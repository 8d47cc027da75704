from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from io import StringIO
from typing import Any, ClassVar

from promptops.model.fenced import fenced
from promptops.plugin import Example, Record, Sample, Scale, Score, Scorer, pass_or_fail
from promptops.scorers._extras import require_library

LONGEST_OUTPUT = 500_000
MOST_LEVELS = 500
"""Browsers stop at 512; the parser takes quadratic time."""
MOST_SIGNS_IN_TAG = 20_000
"""Characters and quoted values; the parser compares each attribute with those before it."""

_DOCTYPE = re.compile(r"\s*<!doctype", re.IGNORECASE)
_START_TAG = re.compile(r"<([A-Za-z][^\s/>]*)")
_LONG_TAG = re.compile(rf"<[A-Za-z](?:[^<>\"']|\"[^\"]*+\"|'[^']*+'){{{MOST_SIGNS_IN_TAG}}}")
_DOCUMENT = frozenset({"html", "head", "body", "title", "meta", "link", "base"})
_CONTAINERS = {
    "tr": "tbody", "td": "tr", "th": "tr", "tbody": "table", "thead": "table", "tfoot": "table",
    "caption": "table", "colgroup": "table", "col": "colgroup",
}  # fmt: skip
"""Where a part of a table may begin; everything else may stand in a `div`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IsHtml(Record):
    """1 when the output, or a fenced block in it, is HTML without an error: a document, or a part of one.

    Errors are those of the HTML standard's parser; tags that may be left open are none, nor is a missing
    doctype. A text without any element is no HTML. `strict` accepts no words around a fenced block. Needs the
    extra `html`.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="<p>Dear <b>Ada</b></p>", score=1.0),
        Example(output="<ul><li>one<li>two</ul>", score=1.0),
        Example(output="<tr><td>1</td></tr>", score=1.0),
        Example(output="<b><i>crossed</b></i>", score=0.0),
        Example(output="<div>cut off", score=0.0),
        Example(output="just words", score=0.0),
        Example(output="Here:\n```html\n<p>x</p>\n```", score=1.0),
        Example(output="Here:\n```html\n<p>a</b>\n```", options={"strict": True}, score=0.0),
    )

    strict: bool = False

    def __post_init__(self) -> None:
        require_library("tinyhtml5", "html")

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        block = None if self.strict else fenced(sample.output, "html")
        text = sample.output if block is None else block
        first = _START_TAG.search(text)
        if first is None:
            return pass_or_fail(False, "no element in the text")
        if len(text) > LONGEST_OUTPUT:
            return Score(value=None, reason=f"HTML of more than {LONGEST_OUTPUT:,} characters is not checked")
        problem = _first_problem(text, first[1].lower())
        return pass_or_fail(problem is None, problem or "")


def _first_problem(text: str, first_tag: str) -> str | None:
    if _LONG_TAG.search(text):
        return "a tag is too long"
    parser = _parser()()
    try:
        # A text would be taken for a file's name where there is such a file.
        if first_tag in _DOCUMENT or _DOCTYPE.match(text):
            parser.parse(StringIO(text))
        else:
            parser.parse_fragment(StringIO(text), container=_CONTAINERS.get(first_tag, "div"))
    except ValueError as error:
        return str(error)
    return None


@cache
def _parser() -> Any:
    from tinyhtml5.parser import HTMLParser

    class FirstProblem(HTMLParser):  # type: ignore[misc]  # untyped
        """Raises ValueError for the first error, instead of mending it."""

        def reset(self) -> None:
            super().reset()
            self.tree.open_elements = _Levels(self.tree.open_elements)

        def parse_error(self, errorcode: str, datavars: Any = None) -> None:
            if not errorcode.startswith("expected-doctype"):
                line, column = self.tokenizer.stream.position()
                raise ValueError(f"line {line}, column {column}: {errorcode}")

    return FirstProblem


class _Levels(list[Any]):
    """The elements that are open."""

    def append(self, element: Any) -> None:
        if len(self) >= MOST_LEVELS:
            raise ValueError("nested too deeply")
        super().append(element)


PLUGIN: type[Scorer] = IsHtml
