"""How SQuAD compares answers: Rajpurkar et al., SQuAD, 2016 (v1.1), and Know what you don't know, 2018 (v2.0)."""

from __future__ import annotations

import re
import string
from collections.abc import Collection

from promptops.plugin import CaseFailure, Sample

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")


def normalized(text: str) -> str:
    """In lower case, without ASCII punctuation, English articles and superfluous blanks."""
    return " ".join(_ARTICLE.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def answers(sample: Sample, no_answer: Collection[str]) -> tuple[str, list[str]]:
    """The given and the accepted answers, normalised; empty is the answer to what cannot be answered.

    Raises:
        CaseFailure: the case has no expected value; an empty list, or an empty text, is one.
    """
    if sample.expected is None:
        raise CaseFailure("no_expected", "the case has no expected value; of no answer it is `[]`")
    # As in SQuAD 2, an accepted answer of which nothing is left does not count beside others.
    accepted = [answer for text in sample.expected_texts() if (answer := normalized(text))]
    given = normalized(sample.output)
    if given in (normalized(text) for text in no_answer):
        given = ""
    return given, accepted or [""]
