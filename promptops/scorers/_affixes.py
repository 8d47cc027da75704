"""Texts that an output begins or ends with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from promptops.plugin import CaseFailure, Record, Sample, Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Affix(Record):
    """Base of `starts_with` and `ends_with`: which texts are wanted, any of which is enough."""

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY

    value: str | None = None
    values: tuple[str, ...] = ()
    ignore_case: bool = False

    def __post_init__(self) -> None:
        if self.value is not None and self.values:
            raise ValueError("`value` and `values` exclude each other")
        if self.value == "" or "" in self.values:
            raise ValueError("every output begins and ends with an empty text")

    def wanted(self, sample: Sample) -> tuple[str, ...]:
        """The texts, folded like the output."""
        own = self.values if self.value is None else (self.value,)
        texts = own or tuple(text for text in sample.expected_texts() if text.strip())
        if not texts:
            raise CaseFailure("no_expected", "the expected value is empty")
        return tuple(map(self.folded, texts))

    def folded(self, text: str) -> str:
        """The text as it is compared."""
        return text.casefold() if self.ignore_case else text
