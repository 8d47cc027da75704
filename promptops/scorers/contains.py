from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from promptops.plugin import Example, Record, Sample, Scale, Score, Scorer


@dataclass(frozen=True, slots=True, kw_only=True)
class Contains(Record):
    """1 when the output contains a text; without `value` and `values`, the expected one.

    With several texts `mode` says whether `any` of them or `all` must be there.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="It is in Paris.", expected="Paris", score=1.0),
        Example(output="It is in paris.", options={"value": "Paris"}, score=0.0),
        Example(output="It is in paris.", options={"value": "Paris", "ignore_case": True}, score=1.0),
        Example(output="tea", options={"values": ["tea", "milk"]}, score=1.0),
        Example(output="tea", options={"values": ["tea", "milk"], "mode": "all"}, score=0.0),
    )

    value: str | None = None
    values: tuple[str, ...] = ()
    mode: Literal["any", "all"] = "any"
    ignore_case: bool = False

    def __post_init__(self) -> None:
        if self.value is not None and self.values:
            raise ValueError("`value` and `values` exclude each other")

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        own = self.values or (() if self.value is None else (self.value,))
        output = self._folded(sample.output)
        missing = [text for text in own or sample.expected_texts() if self._folded(text) not in output]
        wanted = len(own or sample.expected_texts())
        found = not missing if self.mode == "all" else len(missing) < wanted
        return Score(value=float(found), reason="" if found else f"does not contain {', '.join(missing)}")

    def _folded(self, text: str) -> str:
        return text.casefold() if self.ignore_case else text


PLUGIN: type[Scorer] = Contains
