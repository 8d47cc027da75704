"""References that are put before their own suite's scorers, as if they were outputs."""

from __future__ import annotations

import pytest

from promptops.errors import ExitCode
from tests.support.audited import Row, asking, audit, audited, case, recorded
from tests.support.cli import Cli
from tests.support.project import ProjectFolder


def failing(folder: ProjectFolder, cli: Cli) -> list[tuple[str, str]]:
    """The cases whose reference fails, with what a scorer says of it."""
    result, found = audited(folder, cli)
    failed = [(each["cases"][0], each["reason"]) for each in found.get("fails_own_suite", ())]
    assert result.code == (ExitCode.NO if failed else ExitCode.YES)
    return failed


def test_a_reference_that_fails_its_own_suite_is_a_bug(folder: ProjectFolder, cli: Cli) -> None:
    cases = [case("a", "One question", "Answer: yes it is"), case("b", "Another one", "yes")]
    recorded(folder, cases, "{short: {type: max_words, value: 2}}", 'answer: {after: "Answer:"}\n')
    assert failing(folder, cli) == [("a", "short 0: 3 words")]


def test_the_options_of_every_scorer_count(folder: ProjectFolder, cli: Cli) -> None:
    scorers = "{none: {type: contains, value: sorry, not: true}, near: {type: levenshtein, expected: abcd, threshold: 0.7}}"
    cases = [
        case("a", "One question", "sorry"),
        case("b", "Another one", "abcx"),
        case("c", "A third", "axyd"),
    ]
    recorded(folder, cases, scorers)
    assert [(id_, reason.split()[0]) for id_, reason in failing(folder, cli)] == [("a", "none")]


def test_every_accepted_answer_is_tried(folder: ProjectFolder, cli: Cli) -> None:
    recorded(folder, [case("a", "Which city?", ["Paris", "paris"])], "{r: {type: regex, pattern: '^[A-Z]'}}")
    _, found = audited(folder, cli)
    assert [finding["text"] for finding in found["fails_own_suite"]] == ["paris"]


@pytest.mark.parametrize(
    "scorer",
    [
        "{type: contains, mode: all}",
        "{type: classification, multiple: true}",
        "{type: f1, multiple: true}",
        "{type: list_order}",
        "{type: list_overlap}",
        "{type: exact_match}",
    ],
)
def test_a_list_is_also_tried_as_one_answer(scorer: str, folder: ProjectFolder, cli: Cli) -> None:
    recorded(
        folder, [case("a", "Which two?", ["tea", "milk"]), case("b", "Which?", "tea")], f"{{s: {scorer}}}"
    )
    assert audited(folder, cli)[1] == {}


def test_what_a_scorer_expects_for_itself_is_a_reference_too(folder: ProjectFolder, cli: Cli) -> None:
    scorers = "{right: {type: exact_match, expected: '{{ case.label }}'}, plain: {type: regex, pattern: '^[a-z]+$'}}"
    cases: list[Row] = [
        {"id": label, "text": f"Is it {label}?", "label": label} for label in ("card", "Fees")
    ]
    asking(folder, cases, "{{ text }}", scorers)
    assert failing(folder, cli) == [("Fees", "plain 0")]
    assert audit(folder, cli).json["suites"][0]["references"] == 2


def test_scorers_of_parts_get_the_whole_reference(folder: ProjectFolder, cli: Cli) -> None:
    part = "{type: exact_match, answer: {json_path: a}, expected: '{{ case.expected.a }}'}"
    members = f"{{a: {part}, whole: {{type: exact_match}}}}"
    recorded(
        folder,
        [case("a", "One question", {"a": "x", "b": 1})],
        f"{{a: {part}, both: {{type: all_of, scorers: {members}}}}}",
    )
    assert audited(folder, cli)[1] == {}


def test_a_scorer_that_expects_what_the_reference_lacks_is_content_with_its_own(
    folder: ProjectFolder, cli: Cli
) -> None:
    scorers = "{right: {type: exact_match}, country: {type: contains, expected: '{{ case.country }}'}}"
    recorded(folder, [case("a", "Which city?", "Paris", country="France")], scorers)
    assert audited(folder, cli)[1] == {}


def test_a_graded_score_below_one_is_worth_a_look(folder: ProjectFolder, cli: Cli) -> None:
    members = "{a: {type: exact_match}, b: {type: contains, value: please}}"
    recorded(folder, [case("a", "Where is my card?")], f"{{right: {{type: weighted, scorers: {members}}}}}")
    result, found = audited(folder, cli)
    assert (result.code, list(found)) == (0, ["imperfect"])
    assert found["imperfect"][0]["reason"].startswith("right 0.5: b: 0")


def test_a_reference_that_no_run_could_score_is_a_bug(folder: ProjectFolder, cli: Cli) -> None:
    cases = [case("a", "How many?", "7"), case("b", "How many then?", "twelve")]
    recorded(folder, cases, "{n: {type: numeric_match}}")
    assert failing(folder, cli) == [("b", "n cannot score it: the expected value holds no number")]
    recorded(folder, cases[1:], "{n: {type: numeric_match}}")
    assert len(failing(folder, cli)) == 1


def test_a_reference_that_a_scorer_takes_for_ever_over_is_told(folder: ProjectFolder, cli: Cli) -> None:
    folder.write({"promptops.toml": "[run]\ntimeout_s = 2\n"})
    cases = [case("a", "Which one?", "a" * 40 + "!"), case("b", "Which then?", "aa")]
    recorded(folder, cases, "{slow: {type: regex, pattern: '^(a+)+$'}}")
    assert failing(folder, cli) == [("a", "slow cannot score it: `slow` gave no score within 2 s")]


def test_where_every_reference_fails_the_scorer_is_named(folder: ProjectFolder, cli: Cli) -> None:
    cases = [case("a", "One question"), case("b", "Another one")]
    result = audit(recorded(folder, cases, "{never: {type: contains, value: no}}"), cli)
    note = "`never` fails every reference: look at it, and at `answer`, first"
    assert result.json["suites"][0]["notes"] == [note]


def test_conversations_are_scored_as_their_references_have_them(folder: ProjectFolder, cli: Cli) -> None:
    scorers = """\
{last: {type: exact_match}, first: {type: max_words, value: 1, turn: first},
 each: {type: exact_match, turn: each}, all: {type: contains, value: Ada, turn: all}}"""
    turns = [{"user": "Who came?", "expected": "Ada"}, {"user": "And who left?", "expected": "Bob"}]
    cases: list[Row] = [{"id": "a", "turns": turns}]
    asking(folder, cases, "{{ message }}", scorers, 'turns: "{{ case.turns }}"\n')
    assert audited(folder, cli)[1] == {}
    turns[0]["expected"] = "Ada and Eve"
    folder.write_rows("evals/datasets/d.jsonl", cases)
    assert failing(folder, cli) == [("a", "first 0: 3 words")]
    cases[0]["turns"] = [{"user": "Who came?"}, turns[1]]
    folder.write_rows("evals/datasets/d.jsonl", cases)
    result, found = audited(folder, cli)
    assert found == {}
    assert result.json["suites"][0]["skipped"] == [
        "`first`: no case has a reference for it",
        "`all`: no case has a reference for it",
    ]


def test_expected_calls_of_tools_are_calls_and_no_text(folder: ProjectFolder, cli: Cli) -> None:
    scorers = "{calls: {type: tool_calls}, f1: {type: tool_f1}, valid: {type: tool_valid}, few: {type: max_tool_calls, value: 0}}"
    cases = [
        case("a", "Find seven", [{"name": "find", "arguments": {"id": 7}}]),
        case("b", "Find something", "find"),
        case("c", "Pay the bill", [{"name": "pay", "arguments": {}}]),
    ]
    asking(folder, cases, "{{ text }}", scorers)
    tools = "tools:\n  - {type: function, function: {name: find, parameters: {type: object}}}\n"
    prompt = (folder.root / "prompts/p.yaml").read_text(encoding="utf-8")
    folder.write({"prompts/p.yaml": prompt + tools})
    assert failing(folder, cli) == [("c", "valid 0: there is no tool `pay`")]


def test_what_cannot_judge_a_reference_is_named(folder: ProjectFolder, cli: Cli) -> None:
    scorers = """\
{right: {type: exact_match}, found: {type: hit_at_k, k: 3}, rated: {type: recorded, field: x},
 near: {type: embedding_similarity, model: openai/text-embedding-3-small}, sure: {type: calibration},
 fast: {type: max_latency_ms, value: 1}}"""
    recorded(folder, [case("a", "Where is my card?", relevant={"d1": 1})], scorers)
    assert audit(folder, cli).json["suites"][0]["skipped"] == [
        "`found`: judges documents, not answers",
        "`rated`: reads recorded rows, not answers",
        "`near`: asks others, which costs",
        "`sure`: the answer has no number at `confidence`",
    ]


def test_a_suite_of_the_rendered_prompt_has_no_answers_to_judge(folder: ProjectFolder, cli: Cli) -> None:
    asking(
        folder, [case("a", "Where?")], "{{ text }}", "{m: {type: contains, value: Hello}}", "target: render\n"
    )
    result, found = audited(folder, cli)
    assert found == {}
    assert result.json["suites"][0]["skipped"] == [
        "every scorer: they judge the rendered prompt, not an answer"
    ]


def test_scorers_of_the_repository_run_only_where_they_may(folder: ProjectFolder, cli: Cli) -> None:
    check = "def polite(sample):\n    print('noise')\n    return sample.output.endswith('please')\n"
    folder.write({"checks.py": check})
    recorded(folder, [case("a", "One question")], "{p: {type: python, function: 'checks.py:polite'}}")
    assert audit(folder, cli).code == ExitCode.MEND_FIRST
    folder.write({"promptops.toml": "[plugins]\nlocal = true\n"})
    assert failing(folder, cli) == [("a", "p 0")]
