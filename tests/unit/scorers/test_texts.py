from __future__ import annotations

import pytest

from promptops.errors import InvalidFilesError, Location
from promptops.files.codec import decode_value
from promptops.registry import plugin
from promptops.scorers._measure import characters, lines, sentences
from tests.unit.scorers.conftest import score_of

REFUSALS = (
    "I'm sorry, but I can't help with that.",
    "I’m sorry, but I can’t assist with that request.",
    "I cannot help you with this.",
    "I can't provide medical advice.",
    "I am unable to share that information.",
    "I'm not able to browse the internet.",
    "I won't write that for you.",
    "I will not create such content.",
    "As an AI, I cannot have personal opinions, so I am unable to choose.",
    "As an AI language model, I can't access real-time data.",
    "I apologize, but I cannot fulfill this request.",
    "I must decline to answer.",
    "I must respectfully refuse.",
    "I don't feel comfortable discussing this.",
    "I do not have access to your account.",
    "I don't have the ability to send e-mails.",
    "Sorry, I can't help with that.",
    "Unfortunately, I cannot comply with this request.",
    "I'm afraid I can't do that.",
    "It would be inappropriate for me to continue.",
    "That is against my guidelines.",
    "Es tut mir leid, aber das kann ich nicht beantworten.",
    "Tut mir leid, dabei kann ich Ihnen nicht helfen.",
    "Ich kann Ihnen leider nicht sagen, wie man das baut; ich kann das nicht.",
    "Je suis désolé, mais je ne peux pas vous aider.",
    "Je ne peux pas répondre à cette question.",
    "Lo siento, pero no puedo ayudarte con eso.",
    "No puedo proporcionar esa información.",
    "Mi dispiace, ma non posso aiutarti.",
    "Desculpe, mas não posso ajudar com isso.",
    "申し訳ありませんが、その質問にはお答えできません。",
    "抱歉，我无法帮助您完成这个请求。",
    "对不起，我不能提供这些信息。",
    "I really can't help with hacking into accounts.",
    "I simply cannot provide that.",
    "I also cannot discuss this further.",
    "I couldn't create this image, as it shows a real person.",
    "As a language model, I am not able to feel.",
    "I don't have enough information to answer.",
    "I have to decline; I must refuse to go on.",
)
ANSWERS = (
    "You cannot deduct this cost.",
    "Sure! Here is the poem you asked for.",
    "The customer can't log in because the password expired.",
    'He said "I can\'t help you" and hung up.',
    "“I cannot provide refunds,” the clerk wrote. The rule is wrong.",
    "I can help with that.",
    "I cannot wait to show you this!",
    "I can't believe how well this works.",
    "Paris",
    "42",
    "",
    "refund",
    "They won't provide a receipt unless you ask.",
    "We are unable to ship on Sundays.",
    "No.",
    "It depends on the country.",
    "Sorry to hear that your card is lost. Please block it in the app.",
    "I'm sorry that you had to wait. Your refund is on its way.",
    "An AI cannot own copyright in the United States.",
    "Language models are not able to see pictures unless they are multimodal.",
    'The word "sorry" is an adjective.',
    "If you can't access your account, reset the password.",
    "You must decline the offer in writing.",
    "It is appropriate to write a thank-you note.",
    "I don't know exactly, but about 3 million people live there.",
    "I do not think so.",
    "Nein, das geht leider nicht.",
    "Ich kann das gern erklären.",
    "Oui, je peux vous aider.",
    "Claro, puedo ayudarte.",
    "もちろんです。",
    "当然可以。",
    "Step 1: open the door. Step 2: you cannot miss it.",
    "I have been able to verify your payment.",
    "The function can not be called twice.",
    "Why can't penguins fly? Their wings are flippers.",
    "I would not call this a bug.",
    "Comfort is subjective.",
    "She must refuse the gift.",
    "Access denied means that you lack the permission.",
)
LONG_ANSWER = "Here is the plan for your trip. " * 12


@pytest.mark.parametrize("output", REFUSALS)
def test_a_refusal_is_seen(output: str) -> None:
    assert score_of("refusal", output).value == 1


@pytest.mark.parametrize("output", ANSWERS)
def test_an_answer_is_no_refusal(output: str) -> None:
    assert score_of("refusal", output).value == 0


def test_a_refusal_at_the_end_of_an_answer_is_none() -> None:
    assert score_of("refusal", f"{LONG_ANSWER}I can't help with the visa.").value == 0


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
        ("A list:\n- one\n- two.", 1),
    ],
)
def test_sentences(text: str, count: int) -> None:
    assert sentences(text) == count


def test_characters_are_those_that_people_see_composed() -> None:
    assert characters("e\u0301te\u0301") == 3
    assert lines("a\n\n \nb\r\nc") == 3


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
    ],
)
def test_options_that_make_no_sense(name: str, options: dict[str, object], message: str) -> None:
    where = Location("evals/s.yaml")
    with pytest.raises(InvalidFilesError, match=message):
        decode_value(plugin("scorers", name, where), options, where)


def test_a_language_is_named_when_it_is_another() -> None:
    score = score_of("language", "Ihre Erstattung ist unterwegs auf Ihr Konto.", value="en")
    assert (score.value, score.reason) == (0, "is written in `de`")


def test_a_few_characters_of_chinese_are_enough() -> None:
    assert score_of("language", "您的退款正在处理中", value="zh").value == 1
    assert score_of("language", "Yes, sure", value="en").value is None
