"""Texts that an output should contain, or begin or end with."""

from __future__ import annotations

from dataclasses import dataclass

from promptops.plugin import CaseFailure, Record, Sample
from promptops.scorers._texts import folded


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedTexts(Record):
    """Base of `contains`, `starts_with` and `ends_with`: which texts are wanted."""

    value: str | None = None
    values: tuple[str, ...] = ()
    ignore_case: bool = False

    def __post_init__(self) -> None:
        if self.value is not None and self.values:
            raise ValueError("`value` and `values` exclude each other")
        if self.value == "" or "" in self.values:
            raise ValueError("every output contains an empty text")

    def wanted(self, sample: Sample) -> tuple[str, ...]:
        """The texts of the options, else the expected ones.

        Raises:
            CaseFailure: the case expects nothing, or only empty texts.
        """
        own = self.values if self.value is None else (self.value,)
        texts = own or tuple(text for text in sample.expected_texts() if text.strip())
        if not texts:
            raise CaseFailure("no_expected", "the expected value is empty")
        return texts

    def folded(self, text: str) -> str:
        """The text as it is compared."""
        return folded(text, ignore_case=self.ignore_case)
