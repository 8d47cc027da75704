from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from promptops.plugin import Example, Sample, Scale, Score, Scorer, pass_or_fail
from promptops.scorers._named_texts import NamedTexts


@dataclass(frozen=True, slots=True, kw_only=True)
class Contains(NamedTexts):
    """1 when the output contains a text; without `value` and `values`, the expected one.

    With several texts `mode` says whether `any` of them or `all` must be there. Empty expected texts,
    which every output contains, do not count; a case that has no other is lost.
    """

    version: ClassVar[int] = 2
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="It is in Paris.", expected="Paris", score=1.0),
        Example(output="It is in paris.", options={"value": "Paris"}, score=0.0),
        Example(output="It is in paris.", options={"value": "Paris", "ignore_case": True}, score=1.0),
        Example(output="tea", options={"values": ["tea", "milk"]}, score=1.0),
        Example(output="tea", options={"values": ["tea", "milk"], "mode": "all"}, score=0.0),
    )

    mode: Literal["any", "all"] = "any"

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        wanted = self.wanted(sample)
        output = self.folded(sample.output)
        missing = [text for text in wanted if self.folded(text) not in output]
        if not missing or (self.mode == "any" and len(missing) < len(wanted)):
            return pass_or_fail(True)
        named = ", ".join(f"`{text}`" for text in missing)
        return pass_or_fail(False, f"does not contain {named}")


PLUGIN: type[Scorer] = Contains
