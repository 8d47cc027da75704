from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

from promptops.model.fenced import without_fenced
from promptops.plugin import CaseFailure, Example, Record, Sample, Scale, Score, Scorer, pass_or_fail
from promptops.scorers._extras import require_library

LEAST_PROBABILITY = 0.8
"""Of 30,000 short texts in 40 languages half are that clear, and 99.6 % of these are named rightly."""
LONGEST_OUTPUT = 20_000

_CODES = (
    "af am an ar as az ba be bg bn br bs ca cs cy da de dz el en eo es et eu fa fi fo fr fy ga gd gl gu ha he hi hr ht "  # codespell:ignore fo
    "hu hy id ig is it ja jv ka kk km kn ko ku ky la lb lg ln lo lt lv mg mk ml mn mr ms mt my ne nl nn no oc om or pa "
    "pl ps pt qu ro ru rw sa se si sk sl sn so sq sr st sv sw ta te tg th tk tl tr tt ug uk ur uz vi vo wa xh yo zh zu"  # codespell:ignore te
)
LANGUAGES = frozenset(_CODES.split())
"""What the library can tell."""
_MEMBER_OF = {
    "nb": "no", "nn": "no", "yue": "zh", "wuu": "zh", "ary": "ar", "arz": "ar", "uzs": "uz", "sdh": "ku",
}  # fmt: skip
"""The macrolanguages of ISO 639-3: Bokmål and Nynorsk are Norwegian, Cantonese is Chinese."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language(Record):
    """1 when the output is written in the language `value`, or in the expected one (ISO 639-1: `en`, `de`).

    A region (`de-AT`) does not matter, nor does code in fenced blocks. Where no language has a probability of
    80 %, as with most outputs of one or two words, there is no score. Needs the extra `language`.
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
        if self.value is not None and _language(self.value) not in LANGUAGES:
            raise ValueError(f"`{self.value}` is no language (ISO 639-1) that can be told")

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        wanted = {_language(text) for text in ((self.value,) if self.value else sample.expected_texts())}
        if not wanted & LANGUAGES:
            named = ", ".join(f"`{each}`" for each in sorted(wanted))
            raise CaseFailure("no_expected_language", f"{named or 'nothing'} is no language that can be told")
        found, probability = _found(without_fenced(sample.output[:LONGEST_OUTPUT]))
        if probability < LEAST_PROBABILITY or found not in LANGUAGES:
            return Score(value=None, reason=f"no language is clear, `{found}` has {probability:.0%}")
        return pass_or_fail(found in wanted, f"is written in `{found}`")


def _language(code: str) -> str:
    language = code.strip().lower().replace("_", "-").partition("-")[0]
    return _MEMBER_OF.get(language, language)


def _found(text: str) -> tuple[str, float]:
    probabilities: Counter[str] = Counter()
    for language, probability in _identifier().rank(text):
        probabilities[_MEMBER_OF.get(language, language)] += probability
    return probabilities.most_common(1)[0]


@cache
def _identifier() -> Any:
    """The library's model: loading it takes half a second."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


PLUGIN: type[Scorer] = Language
