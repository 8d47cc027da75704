from __future__ import annotations

import pytest

from promptops.errors import InvalidFilesError, Location
from promptops.files.codec import decode_value
from promptops.plugin import CaseFailure
from promptops.registry import plugin
from promptops.scorers._measure import characters, lines, sentences
from promptops.scorers.language import LANGUAGES, _identifier
from tests.unit.scorers.conftest import score_of


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One. Two! Three?", 3),
        ("It costs $3.50. See www.example.org for more", 2),
        ("Mr. Smith met Dr. No. They talked.", 2),
        ("Wait... and see.", 1),
        ("He said “Stop.” Then he left.", 2),
        ("今日は。元気ですか？はい！", 3),
        ("e.g. this one, i.e. that", 1),
        ("no end", 1),
        ("...", 0),
        ("", 0),
        ("A list:\n- one\n- two.", 3),
        ("1. One\n2. Two", 2),
        ("# Title\n\nA text. And more", 3),
        ("See p. 5 and No. 7. U.S. law applies.", 2),
        ("J. R. R. Tolkien wrote it. So do I. Good.", 3),
        ("Really? yes, he said", 1),
        ("यह ठीक है। वह गया।", 2),
        ("هل أنت بخير؟ نعم.", 2),
    ],
)
def test_sentences(text: str, count: int) -> None:
    assert sentences(text) == count


def test_characters_are_those_that_people_see_composed() -> None:
    assert characters("e\u0301te\u0301") == 3
    assert lines("a\n\n \nb\r\nc") == 3


@pytest.mark.parametrize("name", ["exact_match", "contains", "starts_with", "ends_with"])
def test_an_accent_of_its_own_is_the_same_letter(name: str) -> None:
    assert score_of(name, "Cafe\u0301", "Café").value == 1


def test_marks_out_of_order_do_not_take_quadratic_time() -> None:
    output = "\u0301\u0323" * 500_000
    assert score_of("length", output, unit="characters", min=1).value == 1
    assert score_of("contains", output, "é").value == 0


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("length", {}, "`min` or `max` is needed"),
        ("length", {"min": 3, "max": 2}, "`min` must not be more than `max`"),
        ("length", {"max": -1}, "`max`"),
        ("length", {"max": 1, "unit": "pages"}, "`unit`"),
        ("starts_with", {"value": ""}, "an empty text"),
        ("ends_with", {"value": "a", "values": ["b"]}, "exclude each other"),
        ("is_sql", {"dialect": "klingon"}, "there is no dialect `klingon`"),
        ("is_sql", {"statements": ["selct"]}, "there is no statement `selct`"),
        ("language", {"value": "gr"}, "`gr` is no language"),
    ],
)
def test_options_that_make_no_sense(name: str, options: dict[str, object], message: str) -> None:
    where = Location("evals/s.yaml")
    with pytest.raises(InvalidFilesError, match=message):
        decode_value(plugin("scorers", name, where), options, where)


def test_a_language_is_named_when_it_is_another() -> None:
    score = score_of("language", "Ihre Erstattung ist unterwegs auf Ihr Konto.", value="en")
    assert (score.value, score.reason) == (0, "is written in `de`")


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("您的退款正在处理中，请耐心等待。", "zh"),
        ("我哋今日去邊度食飯呀？佢哋話唔知。", "zh-HK"),
        ("Heisann! Jeg har dessverre ikke fått svar fra deg ennå, så nå spør jeg igjen.", "nb"),
        (
            "Das ist der Code:\n```python\nfor item in collection:\n    print(item.value, item.name)\n```",
            "de",
        ),
        ("hello there my dear friend", ["de", "en_US"]),
    ],
)
def test_languages_with_regions_members_and_code(output: str, expected: str | list[str]) -> None:
    assert score_of("language", output, expected).value == 1


@pytest.mark.parametrize(
    "output",
    ["", "OK", "Yes, of course.", "Der Kunde", "42 17 2024", "Restaurant Hotel Taxi", "```\nx = 1\n```"],
)
def test_what_could_be_many_languages_has_no_score(output: str) -> None:
    score = score_of("language", output, value="de")
    assert score.value is None
    assert "no language is clear" in score.reason


def test_an_expected_language_that_is_none_loses_the_case() -> None:
    with pytest.raises(CaseFailure, match="`german` is no language"):
        score_of("language", "hello there my dear friend", "German")


def test_the_languages_are_those_that_the_library_knows() -> None:
    assert {label for label in _identifier().labels if len(label) == 2} == LANGUAGES


def test_max_words_is_a_length() -> None:
    assert score_of("max_words", "one two", value=1).reason == score_of("length", "one two", max=1).reason
