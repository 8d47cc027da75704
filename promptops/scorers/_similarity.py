"""What the scorers that compare texts with texts have in common."""

from __future__ import annotations

from promptops.plugin import CaseFailure, Sample

EXTRA = "similarity"
LONGEST_TEXT = 10_000
"""So many characters of a text count: the work of some metrics grows with the product of two lengths."""


def compared(sample: Sample) -> tuple[str, list[str]]:
    """The output, and the expected texts that are not empty, each cut to `LONGEST_TEXT`.

    Raises:
        CaseFailure: nothing is expected.
    """
    expected = [_cut(text) for text in sample.expected_texts() if text.strip()]
    if not expected:
        raise CaseFailure("no_expected", "the expected value is empty")
    return _cut(sample.output), expected


def _cut(text: str) -> str:
    # Half of a character, which JSON can spell, is none that a library has to know.
    return text[:LONGEST_TEXT].encode("utf-8", "replace").decode("utf-8")
