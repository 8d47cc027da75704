from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from promptops.plugin import CaseFailure, Example, Record, Sample, Scale, Score, Scorer, pass_or_fail


@dataclass(frozen=True, slots=True, kw_only=True)
class Contains(Record):
    """1 when the output contains a text; without `value` and `values`, the expected one.

    With several texts `mode` says whether `any` of them or `all` must be there. Empty expected texts,
    which every output contains, do not count; a case that has no other is lost.
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
        if self.value == "" or "" in self.values:
            raise ValueError("every output contains an empty text")

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        wanted = self._wanted(sample)
        output = self._folded(sample.output)
        missing = [text for text in wanted if self._folded(text) not in output]
        if not missing or (self.mode == "any" and len(missing) < len(wanted)):
            return pass_or_fail(True)
        named = ", ".join(f"`{text}`" for text in missing)
        return pass_or_fail(False, f"does not contain {named}")

    def _wanted(self, sample: Sample) -> tuple[str, ...]:
        own = self.values if self.value is None else (self.value,)
        wanted = own or tuple(text for text in sample.expected_texts() if text.strip())
        if not wanted:
            raise CaseFailure("no_expected", "the expected value is empty")
        return wanted

    def _folded(self, text: str) -> str:
        return text.casefold() if self.ignore_case else text


PLUGIN: type[Scorer] = Contains
