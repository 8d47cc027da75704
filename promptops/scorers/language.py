from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from promptops.plugin import CaseFailure, Example, Record, Sample, Scale, Score, Scorer, pass_or_fail
from promptops.scorers._extras import require_library

ENOUGH_BYTES = 20
"""Letters in UTF-8; of shorter texts every detector guesses."""
LONGEST_OUTPUT = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Language(Record):
    """1 when the output is written in the language `value`, or in the expected one (ISO 639-1: `en`, `de`).

    Outputs with fewer than 20 bytes of letters (seven characters of Chinese) cannot be told and are not scored.
    Needs the extra `language`.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="Your refund is on its way to your account.", options={"value": "en"}, score=1.0),
        Example(output="Ihre Erstattung kommt bald auf Ihr Konto.", options={"value": "en"}, score=0.0),
        Example(output="Votre remboursement est en route.", expected="fr", score=1.0),
        Example(output="OK", options={"value": "en"}, score=None),
    )

    value: str | None = None

    def __post_init__(self) -> None:
        require_library("py3langid", "language")

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        from py3langid import classify

        wanted = (self.value,) if self.value else sample.expected_texts()
        text = sample.output[:LONGEST_OUTPUT].encode("utf-8", "replace").decode("utf-8")
        letters = "".join(filter(str.isalpha, text))
        if len(letters.encode()) < ENOUGH_BYTES:
            return Score(value=None, reason="too short to tell its language")
        if not wanted:
            raise CaseFailure("no_expected", "no language is expected")
        found, _ = classify(text)
        is_wanted = found in {language.strip().casefold().partition("-")[0] for language in wanted}
        return pass_or_fail(True) if is_wanted else pass_or_fail(False, f"is written in `{found}`")


PLUGIN: type[Scorer] = Language
