from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from promptops.plugin import Example, Record, Sample, Scale, Score, Scorer, pass_or_fail
from promptops.scorers._extras import require_library
from promptops.scorers._fenced import fenced

LONGEST_OUTPUT = 200_000
_ELEMENT = re.compile(r"<[A-Za-z][^<>]*>")
_DOCTYPE = "expected-doctype"


@dataclass(frozen=True, slots=True, kw_only=True)
class IsHtml(Record):
    """1 when the output, or a fenced block in it, is HTML without an error: a document, or a part of one.

    Errors are those of the HTML standard's parser; tags that may be left open are none. A text without any
    element is no HTML. `strict` accepts no words around a fenced block. Needs the extra `html`.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="<p>Dear <b>Ada</b></p>", score=1.0),
        Example(output="<ul><li>one<li>two</ul>", score=1.0),
        Example(output="<b><i>crossed</b></i>", score=0.0),
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
        if not _ELEMENT.search(text):
            return pass_or_fail(False, "no element in the text")
        if len(text) > LONGEST_OUTPUT:
            return Score(value=None, reason=f"HTML of more than {LONGEST_OUTPUT:,} characters is not checked")
        problem = _first_problem(text)
        return pass_or_fail(problem is None, problem or "")


def _first_problem(text: str) -> str | None:
    from tinyhtml5.parser import HTMLParser

    parser = HTMLParser()
    try:
        parser.parse(text.encode("utf-8", "replace").decode("utf-8"))
    except (RecursionError, ValueError, AssertionError, LookupError, AttributeError, TypeError):
        return "it cannot be parsed"
    for (line, column), code, _ in parser.errors:
        if not code.startswith(_DOCTYPE):
            return f"line {line}, column {column}: {code}"
    return None


PLUGIN: type[Scorer] = IsHtml
