from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from xml.parsers import expat

from promptops.model.fenced import fenced
from promptops.plugin import Example, Record, Sample, Scale, Score, Scorer, pass_or_fail


@dataclass(frozen=True, slots=True, kw_only=True)
class IsXml(Record):
    """1 when the output, or a fenced block in it, is well-formed XML; with `root`, with an element of that name.

    `strict` accepts no words around it. Entities that a document declares itself are refused, since they can
    grow without bound.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="<a><b/></a>", score=1.0),
        Example(output="<a><b></a>", score=0.0),
        Example(output="<a/>", options={"root": "answer"}, score=0.0),
        Example(output="Here:\n```xml\n<a/>\n```", score=1.0),
        Example(output="Here:\n```xml\n<a/>\n```", options={"strict": True}, score=0.0),
    )

    root: str | None = None
    strict: bool = False

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        block = None if self.strict else fenced(sample.output, "xml", "html", "svg")
        try:
            root = _root_of(sample.output if block is None else block)
        except (expat.ExpatError, ValueError) as error:
            return pass_or_fail(False, str(error))
        if self.root is not None and root != self.root:
            return pass_or_fail(False, f"the root is `{root}`")
        return pass_or_fail(True)


def _root_of(text: str) -> str:
    """The name of the outermost element; nothing is kept but that, however large the document."""
    names: list[str] = []

    def started(name: str, _attributes: dict[str, str]) -> None:
        if not names:
            names.append(name)

    def declared(*_declaration: object) -> None:
        raise ValueError("it declares entities of its own")

    parser = expat.ParserCreate()
    parser.StartElementHandler = started
    parser.EntityDeclHandler = declared
    parser.Parse(text.strip().encode("utf-8", "surrogatepass"), True)
    return names[0]


PLUGIN: type[Scorer] = IsXml
