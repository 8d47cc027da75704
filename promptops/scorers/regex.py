from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from promptops.plugin import Example, Record, Sample, Scale, Score, Scorer, pass_or_fail

LONGEST_OUTPUT = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Regex(Record):
    """1 when a regular expression of Python matches somewhere in the output, or all of it with `full`.

    Only the first 100,000 characters are searched. A pattern that backtracks without bound can hang
    a run: avoid nested repetitions.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="Order 4711 is late", options={"pattern": r"\b\d{4}\b"}, score=1.0),
        Example(output="Order 4711 is late", options={"pattern": r"\d{4}", "full": True}, score=0.0),
        Example(output="YES", options={"pattern": "yes", "ignore_case": True}, score=1.0),
    )

    pattern: str
    ignore_case: bool = False
    full: bool = False

    def __post_init__(self) -> None:
        try:
            re.compile(self.pattern)
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"`pattern` is not a regular expression: {error}") from None

    def score(self, sample: Sample) -> Score:
        """See Scorer; Python keeps compiled patterns."""
        flags = re.MULTILINE | (re.IGNORECASE if self.ignore_case else 0)
        match = re.fullmatch if self.full else re.search
        return pass_or_fail(match(self.pattern, sample.output[:LONGEST_OUTPUT], flags) is not None)


PLUGIN: type[Scorer] = Regex
