"""A judge's question, taken apart as far as the rules need it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

AUXILIARIES = (
    "is", "are", "was", "were", "do", "does", "did", "has", "have", "had", "can", "could", "will", "would", "should",
    "must", "may", "might",
)  # fmt: skip
COMMON = frozenset(
    ("the", "is", "are", "was", "does", "do", "did", "of", "to", "and", "or", "that", "it", "what", "which", "how", "with",
    "for", "this", "has", "have", "any", "from", "be", "by", "at", "as", "you", "your", "not", "than", "should", "can",
    "without", "doesn't", "isn't", "don't", "explain", "answer", "response")
)  # fmt: skip
_FIELD = re.compile(r"\{\{[^}]*\}\}")
_SHUT = re.compile(r"\{\{[^}]*\}\}|“[^”]*”|\"[^\"]*\"")
_SENTENCE = re.compile(r"[^.?!]*[.?!]+[\"')\]]*|[^.?!]+$")
_OPENING = re.compile(r"^[^,?]*,\s*|^\W+")
_AUXILIARY = re.compile(rf"^\W*({'|'.join(AUXILIARIES)})(n['’]t)?\b", re.IGNORECASE)
_SAID = r"(?=\W*$|\s*[,;.?!]|\s+(and|or|in|for|enough|given|based|according|of|answer|response|output|summary|reply)\b)"
_SECOND_QUESTION = re.compile(
    rf"(,|;)?\s*\b(and|or|but)( also)?(?:,? if (?:so|not),?)?\s+({'|'.join(AUXILIARIES)})\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Question:
    """A question as it is written."""

    text: str

    @cached_property
    def plain(self) -> str:
        """Small letters and single blanks, as words are looked for."""
        return " ".join(self.text.lower().split())

    @cached_property
    def names_a_field(self) -> bool:
        """Whether it says which text it is about."""
        return _FIELD.search(self.text) is not None

    @cached_property
    def is_english(self) -> bool:
        """Whether it holds a word that hardly any English question does without."""
        return any(word in COMMON for word in _FIELD.sub(" ", self.plain).replace("?", " ").split())

    @cached_property
    def asked(self) -> list[str]:
        """The sentences that end with a question mark."""
        # Dots of a field, or of what is quoted, end no sentence.
        shut_in: list[str] = _SHUT.findall(self.text)
        shut = _SHUT.sub("\0", self.text)
        sentences = [found[0].strip() for found in _SENTENCE.finditer(shut)]
        left = iter(shut_in)
        opened = [re.sub("\0", lambda _: next(left), sentence) for sentence in sentences]
        return [sentence for sentence in opened if sentence.rstrip("\"')]").endswith("?")]

    @cached_property
    def is_yes_or_no(self) -> bool:
        """Whether something that it asks can be answered with yes or no."""
        return any(map(_begins_with_an_auxiliary, self.asked))

    @cached_property
    def parts(self) -> list[str]:
        """The questions within it, one by one, where there are several."""
        found = []
        for sentence in self.asked:
            split = _SECOND_QUESTION.split(sentence.rstrip("? \"')]"))
            found.append(split[0])
            found += [f"{split[at + 3]} {split[at + 4].strip()}" for at in range(1, len(split), 5)]
        return [f"{part[:1].upper()}{part[1:]}?" for part in map(str.strip, found) if part]

    def predicates(self, known: Iterable[str]) -> list[str]:
        """Those of some words that end what is said, or are said of an answer."""
        return [word for word in self.words(known) if re.search(rf"\b{re.escape(word)}{_SAID}", self.plain)]

    def words(self, known: Iterable[str]) -> list[str]:
        """Those of some words and phrases that it holds, in its own order."""
        places = ((_place(word, self.plain), word) for word in known)
        return [word for place, word in sorted(places) if place >= 0]

    def holds(self, known: Sequence[str]) -> bool:
        """Whether it holds one of them."""
        return any(_place(word, self.plain) >= 0 for word in known)


def _begins_with_an_auxiliary(sentence: str) -> bool:
    if _AUXILIARY.match(sentence):
        return True
    # "Given the context, does …?"
    rest = sentence
    while (opening := _OPENING.match(rest)) is not None and opening[0]:
        rest = rest[opening.end() :]
        if _AUXILIARY.match(rest):
            return True
    return False


def _place(word: str, text: str) -> int:
    found = re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text)
    return found.start() if found else -1
