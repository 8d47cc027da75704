"""The scorers that compare texts with texts, against their libraries and against counts by hand."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.translate.meteor_score import meteor_score
from rapidfuzz.distance import Levenshtein
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu import sentence_bleu, sentence_chrf

from promptops.plugin import Case, CaseFailure, Completion, Sample, Score
from promptops.scorers._similarity import LONGEST_TEXT
from promptops.scorers.levenshtein import Levenshtein as LevenshteinScorer
from promptops.scorers.meteor import _NoSynonyms

Scoring = Callable[..., Score]

ALL = ("levenshtein", "rouge", "bleu", "chrf", "meteor")
BY_LIBRARY = {"rouge": "rouge_score", "bleu": "sacrebleu", "chrf": "sacrebleu", "meteor": "nltk"}
PAIRS = [
    ("The cat sat on the mat.", "A cat was sitting on the mat."),
    ("It is a guide to action which obeys the party.", "It is a guide to action that the party obeys."),
    ("Order 4711 has shipped!", "Your order #4711 was shipped yesterday, by mail."),
    ("Grüße aus Köln", "Viele Grüße aus Köln"),
    ("one", "entirely different words"),
    ("a b c d e f g", "g f e d c b a"),
]
REFERENCES = ["The cat sat on a mat.", "There is a cat on the mat.", "Dogs bark."]
OUTPUT = "There is the cat on a mat."


@pytest.mark.parametrize(("output", "expected"), PAIRS)
def test_levenshtein_is_that_of_the_library(output: str, expected: str, score: Scoring) -> None:
    assert score("levenshtein", output, expected).value == Levenshtein.normalized_similarity(output, expected)


def edits(one: str, other: str) -> int:
    """The textbook's table."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


@given(st.text(max_size=12), st.text(min_size=1, max_size=12))
def test_levenshtein_counts_edits(output: str, expected: str) -> None:
    sample = Sample(
        output=output, expected=expected, case=Case(id="c", fields={}), completion=Completion(output="")
    )
    value = LevenshteinScorer().score(sample).value
    assert value == pytest.approx(1 - edits(output, expected) / max(len(output), len(expected)))


@pytest.mark.parametrize(("output", "expected"), PAIRS)
@pytest.mark.parametrize("variant", ["rouge1", "rouge2", "rougeL"])
@pytest.mark.parametrize("stem", [False, True])
def test_rouge_is_that_of_the_library(
    output: str, expected: str, variant: str, stem: bool, score: Scoring
) -> None:
    wanted = RougeScorer([variant], use_stemmer=stem).score(expected, output)[variant]
    for measure, value in (
        ("f1", wanted.fmeasure),
        ("precision", wanted.precision),
        ("recall", wanted.recall),
    ):
        assert score("rouge", output, expected, variant=variant, stem=stem, measure=measure).value == value


def test_rouge_counts_words_pairs_and_the_longest_subsequence(score: Scoring) -> None:
    output, expected = "the cat on the mat", "the cat sat on a mat"
    assert score("rouge", output, expected, variant="rouge1", measure="recall").value == 4 / 6
    assert score("rouge", output, expected, variant="rouge2", measure="precision").value == 1 / 4
    assert score("rouge", output, expected, variant="rougeL", measure="precision").value == 4 / 5


def test_of_several_references_rouge_takes_the_one_with_the_best_f1(score: Scoring) -> None:
    references = ["cat", "the cat sat on the mat today again"]
    each = [score("rouge", "the cat sat on the mat", text, variant="rouge1") for text in references]
    best = references[max(range(2), key=lambda place: each[place].value or 0)]
    together = score("rouge", "the cat sat on the mat", references, variant="rouge1", measure="recall")
    alone = score("rouge", "the cat sat on the mat", best, variant="rouge1", measure="recall")
    assert together.value == alone.value
    # The other one has the better recall.
    assert score("rouge", "the cat sat on the mat", "cat", variant="rouge1", measure="recall").value == 1.0


def test_a_text_that_rouge_cannot_read_loses_the_case(score: Scoring) -> None:
    with pytest.raises(CaseFailure, match="letters a to z"):
        score("rouge", "猫", "猫")


@pytest.mark.parametrize(("output", "expected"), PAIRS)
def test_bleu_is_that_of_the_library(output: str, expected: str, score: Scoring) -> None:
    wanted = sentence_bleu(output, [expected], use_effective_order=True).score / 100
    assert score("bleu", output, expected).value == wanted


def test_bleu_takes_several_references_at_once(score: Scoring) -> None:
    wanted = sentence_bleu(OUTPUT, REFERENCES, use_effective_order=True).score / 100
    together = score("bleu", OUTPUT, REFERENCES).value
    assert together == wanted
    # Sequences of all references count together, so that it is more than the best of them.
    assert together is not None
    assert together > max(score("bleu", OUTPUT, text).value or 0 for text in REFERENCES)


@pytest.mark.parametrize("tokenize", ["13a", "intl", "zh", "char"])
def test_bleu_splits_words_as_it_is_told(tokenize: str, score: Scoring) -> None:
    output, expected = "猫坐在红色的垫子上。", "猫坐在垫子上,睡着了。"
    wanted = sentence_bleu(output, [expected], tokenize=tokenize, use_effective_order=True).score / 100
    assert score("bleu", output, expected, tokenize=tokenize).value == wanted


@pytest.mark.parametrize(("output", "expected"), PAIRS)
@pytest.mark.parametrize("word_order", [0, 2])
def test_chrf_is_that_of_the_library(output: str, expected: str, word_order: int, score: Scoring) -> None:
    wanted = sentence_chrf(output, [expected], word_order=word_order).score / 100
    assert score("chrf", output, expected, word_order=word_order).value == wanted


def test_chrf_takes_the_best_of_several_references(score: Scoring) -> None:
    together = score("chrf", OUTPUT, REFERENCES).value
    assert together == sentence_chrf(OUTPUT, REFERENCES).score / 100
    assert together == max(score("chrf", OUTPUT, text).value or 0 for text in REFERENCES)


@pytest.mark.parametrize(("output", "expected"), PAIRS)
def test_meteor_is_that_of_the_library_without_synonyms(output: str, expected: str, score: Scoring) -> None:
    # The words and punctuation of these texts.
    words = [output.translate(SPACED).split(), expected.translate(SPACED).split()]
    wanted = meteor_score([words[1]], words[0], wordnet=_NoSynonyms())
    assert score("meteor", output, expected).value == wanted


SPACED = {ord(mark): f" {mark} " for mark in ".,!#"}


def test_meteor_matches_stems_and_breaks_cost(score: Scoring) -> None:
    whole, broken = (
        score("meteor", "two cats sat", "two cat sat"),
        score("meteor", "sat cats two", "two cat sat"),
    )
    assert whole.value == pytest.approx(1 - 0.5 * (1 / 3) ** 3)
    assert broken.value == pytest.approx(1 - 0.5 * (3 / 3) ** 3)


def test_meteor_takes_the_best_of_several_references(score: Scoring) -> None:
    values = [score("meteor", OUTPUT, text).value or 0 for text in REFERENCES]
    assert score("meteor", OUTPUT, REFERENCES).value == max(values)


@pytest.mark.parametrize("scorer", ["levenshtein", "bleu", "chrf"])
def test_case_matters_unless_it_shall_not(scorer: str, score: Scoring) -> None:
    assert score(scorer, "THE CAT SAT", "the cat sat", ignore_case=True).value == 1.0
    different = score(scorer, "THE CAT SAT", "the cat sat").value
    assert different is not None
    assert different < 1.0


@pytest.mark.parametrize("scorer", ALL)
@pytest.mark.parametrize("expected", [[], None])
def test_without_an_expected_text_the_case_is_lost(scorer: str, expected: None, score: Scoring) -> None:
    with pytest.raises(CaseFailure) as caught:
        score(scorer, "output", expected)
    assert caught.value.kind == "no_expected"


@pytest.mark.parametrize("scorer", ALL)
def test_an_empty_output_scores_0(scorer: str, score: Scoring) -> None:
    assert score(scorer, "", "the cat").value == 0.0


@pytest.mark.parametrize("scorer", BY_LIBRARY)
def test_only_the_beginning_of_a_long_text_counts(scorer: str, score: Scoring) -> None:
    text = ("word " * LONGEST_TEXT)[:LONGEST_TEXT]
    assert score(scorer, f"{text}and more", text) == score(scorer, text, text)


@pytest.mark.parametrize(("scorer", "library"), BY_LIBRARY.items())
def test_a_library_that_is_missing_is_told_when_the_suite_is_read(
    scorer: str,
    library: str,
    refusal: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    told = refusal(scorer)
    assert f"the library `{library}` is not installed" in told
    assert "pip install 'promptops-toolchain[similarity]'" in told
