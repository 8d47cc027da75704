"""`promptops audit references`: what it says, and how it ends."""

from __future__ import annotations

import os

import pytest

from promptops.commands.audit_leaks import MOST_PAIRS
from promptops.errors import ExitCode
from tests.support.audited import RIGHT, SUITE, asking, audit, audited, case, recorded
from tests.support.cli import Cli
from tests.support.project import ProjectFolder


def test_references_without_fault(folder: ProjectFolder, cli: Cli) -> None:
    recorded(folder, [case("a", "Where is my card?"), case("b", "How do I close my account?", "no")])
    result = cli("audit", "references", at=folder.root)
    assert (result.code, result.out) == (0, "s: 2 cases, 2 references (datasets/d.jsonl)\n  nothing found\n")


def test_one_question_with_two_answers_is_a_bug_and_with_one_answer_twice_is_not(
    folder: ProjectFolder, cli: Cli
) -> None:
    cases = [
        case("a", "Where is my card?"),
        case("b", "where is  my CARD?", "no"),
        case("c", "How do I pay by phone?"),
        case("d", "How do I pay by phone?", "Yes "),
        case("e", "Who came to the party?", ["Ada", "Ada L."]),
        case("f", "Who came to the party?", ["Ada"]),
        case("g", "Whose reference is lacking?", None),
        case("h", "Whose reference is lacking?"),
    ]
    result, found = audited(recorded(folder, cases), cli)
    assert result.code == ExitCode.NO
    assert [(each["cases"], each["reason"]) for each in found["contradicting"]] == [(["a", "b"], "yes ≠ no")]
    assert [each["cases"] for each in found["repeated"]] == [["c", "d"], ["e", "f"], ["g", "h"]]
    assert (result.json["suites"][0]["cases"], result.json["suites"][0]["references"]) == (8, 7)


def test_what_only_one_scorer_expects_contradicts_too(folder: ProjectFolder, cli: Cli) -> None:
    scorers = "{right: {type: exact_match, expected: '{{ case.label }}'}}"
    cases = [{"id": label, "text": "Where is my card?", "label": label} for label in ("arrival", "lost")]
    _, found = audited(asking(folder, cases, "{{ text }}", scorers), cli)
    assert [each["reason"] for each in found["contradicting"]] == ["arrival ≠ lost"]


def test_cases_that_differ_in_any_input_are_other_questions(folder: ProjectFolder, cli: Cli) -> None:
    politely = [case("a", "Is this polite?", mail="Dear Ada"), case("b", "Is this polite?", "no", mail="Hey")]
    assert "contradicting" not in audited(recorded(folder, politely), cli)[1]
    sums = [case(str(n), "What is the sum of both?", str(n), a=n, b=0) for n in range(3)]
    assert audited(asking(folder, sums, "{{ text }} {{ a }} {{ b }}"), cli)[1] == {}
    into = [case(to, "Where is my card?", to, lang=to) for to in ("fr", "de")]
    assert audited(asking(folder, into, "To {{ lang }}: {{ text }}", more="slices: [lang]\n"), cli)[1] == {}


def test_cases_that_one_prompt_of_a_grid_tells_apart_are_other_questions(
    folder: ProjectFolder, cli: Cli
) -> None:
    cases = [
        case(who, "What is the answer?", who, context=f"It is {who}, as everybody knows") for who in "xy"
    ]
    asking(folder, cases, "{{ text }}")
    prompt = (folder.root / "prompts/p.yaml").read_text(encoding="utf-8")
    suite = (folder.root / "evals/s.yaml").read_text(encoding="utf-8")
    assert "contradicting" in audited(folder, cli)[1]
    folder.write(
        {
            "prompts/q.yaml": prompt.replace("{{ text }}", "{{ context }} {{ text }}"),
            "evals/s.yaml": suite.replace("prompt: p", "prompts: [p, q]"),
        }
    )
    assert "contradicting" not in audited(folder, cli)[1]


def test_what_the_prompt_is_not_given_makes_no_difference(folder: ProjectFolder, cli: Cli) -> None:
    cases = [case("a", "Where is my card?", ticket="T1"), case("b", "Where is my card?", "no", ticket="T2")]
    _, found = audited(asking(folder, cases, "{{ text }}"), cli)
    assert [each["cases"] for each in found["contradicting"]] == [["a", "b"]]


def test_near_duplicates_say_whether_their_answers_differ_and_are_shown_where_they_do(
    folder: ProjectFolder, cli: Cli
) -> None:
    beginning = "You are asked by a customer of a large bank, who is in a hurry and writes: "
    cases = [
        case("a", f"{beginning}where is my new card?"),
        case("b", f"{beginning}where is my old card?", "no"),
        case("c", f"{beginning}where is my new card, please?"),
        case("d", "How do I close the account that I opened last year?"),
    ]
    result, found = audited(recorded(folder, cases), cli)
    assert result.code == ExitCode.YES
    pairs = {tuple(each["cases"]): each for each in found["near_duplicate"]}
    assert set(pairs) == {("a", "b"), ("a", "c"), ("b", "c")}
    assert (pairs["a", "b"]["reason"], pairs["a", "c"]["reason"]) == ("with different answers", "")
    similarities = [each["similarity"] for each in found["near_duplicate"]]
    assert similarities == sorted(similarities, reverse=True)
    assert pairs["a", "b"]["text"].endswith("my new card?")
    assert pairs["a", "b"]["other_text"].startswith("…")
    assert len(pairs["a", "b"]["text"]) < 60


def test_a_dataset_of_near_duplicates_is_not_told_pair_by_pair_for_ever(
    folder: ProjectFolder, cli: Cli
) -> None:
    names = [f"{one}{other}" for one in "abcdefghijkl" for other in "abcdefghijklm"]
    text = "Please answer this question about the customer of ours who is called {} with one word"
    recorded(folder, [case(name, text.format(name)) for name in names])
    pairs = len(names) * (len(names) - 1) // 2
    result, found = audited(folder, cli)
    assert len(found["near_duplicate"]) == MOST_PAIRS < pairs
    assert "more than 10,000 near pairs among its own cases" in result.json["suites"][0]["notes"][0]


def test_conversations_are_compared_by_all_that_the_user_says(folder: ProjectFolder, cli: Cli) -> None:
    def said(id_: str, last: str, expected: str) -> dict[str, object]:
        turns = [{"user": "Who came to the party?", "expected": "Ada"}, {"user": last, "expected": expected}]
        return {"id": id_, "turns": turns}

    cases = [said("a", "And who left?", "Bob"), said("b", "And who left?", "Eve"), said("c", "Who?", "Bob")]
    asking(folder, cases, "{{ message }}", more='turns: "{{ case.turns }}"\n')
    _, found = audited(folder, cli)
    assert [each["cases"] for each in found["contradicting"]] == [["a", "b"]]


def test_hostile_texts_cannot_steer_the_terminal(folder: ProjectFolder, cli: Cli) -> None:
    bad = "\x1b[2J\u202e"
    cases = [case(f"{n}{bad}", f"Where is my card?{bad}", f"{n}{bad}") for n in range(2)]
    result = cli("audit", "references", at=recorded(folder, cases).root)
    assert result.code == ExitCode.NO
    assert not {"\x1b", "\u202e"} & set(result.out)


@pytest.mark.parametrize("columns", ["60", "80", "140"])
def test_no_line_is_longer_than_the_terminal_where_texts_are_long(
    columns: str, folder: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    cases = [case(str(n), "Where is my card? " * 20, str(n)) for n in range(2)]
    lines = cli("audit", "references", at=recorded(folder, cases).root).out.splitlines()
    assert max(len(line) for line in lines if line.startswith("      ")) == int(columns)


def test_findings_are_shortened_unless_all_are_wanted(folder: ProjectFolder, cli: Cli) -> None:
    recorded(
        folder, [case(str(n), f"This is question {'x' * n} of many others that look alike") for n in range(9)]
    )
    short = cli("audit", "references", at=folder.root).out
    assert "more: --all shows them" in short
    full = cli("audit", "references", "--all", at=folder.root).out
    assert "more: --all" not in full
    assert full.count("% alike") == len(audited(folder, cli)[1]["near_duplicate"])


def test_the_object_of_a_program_begins_as_every_other(folder: ProjectFolder, cli: Cli) -> None:
    result = audit(recorded(folder, [case("a", "Where is my card?")]), cli)
    assert list(result.json)[:3] == ["format", "verb", "exit_code"]
    assert (result.json["verb"], result.json["exit_code"]) == ("audit references", 0)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("nothing",), ExitCode.NOTHING_SELECTED, "no suite is called `nothing`"),
        (("--al",), ExitCode.USAGE, "No such option"),
    ],
)
def test_wrong_command_lines(
    arguments: tuple[str, ...], code: int, message: str, folder: ProjectFolder, cli: Cli
) -> None:
    recorded(folder, [case("a", "Where is my card?")])
    result = cli("audit", "references", *arguments, at=folder.root)
    assert (result.code, result.out) == (code, "")
    assert message in result.err


def test_only_the_suites_that_are_named_are_audited(folder: ProjectFolder, cli: Cli) -> None:
    recorded(folder, [case("a", "Where is my card?")])
    folder.write({"evals/t.yaml": SUITE, "evals/broken.yaml": "scorers: ["})
    assert audit(folder, cli).code == ExitCode.MEND_FIRST
    result = audit(folder, cli, "[st]")
    assert [each["suite"] for each in result.json["suites"]] == ["s", "t"]
    assert "evals/broken.yaml:2:1" in result.json["notes"][0]


def test_wrong_files_are_told_before_anything_is_audited(folder: ProjectFolder, cli: Cli) -> None:
    recorded(folder, [case("a", "Where is my card?")], RIGHT.replace("exact_match", "exact_mach"))
    result = cli("audit", "references", at=folder.root)
    assert (result.code, result.out) == (ExitCode.MEND_FIRST, "")
    assert "did you mean `exact_match`" in result.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_project_that_nobody_may_write_to_can_be_audited(folder: ProjectFolder, cli: Cli) -> None:
    recorded(folder, [case("a", "Where is my card?")])
    folder.root.chmod(0o555)
    try:
        assert audit(folder, cli).code == ExitCode.YES
    finally:
        folder.root.chmod(0o755)


def test_nothing_is_written(folder: ProjectFolder, cli: Cli) -> None:
    recorded(folder, [case("a", "Where is my card?")])
    before = {path: path.stat().st_mtime_ns for path in folder.root.rglob("*")}
    audit(folder, cli)
    assert {path: path.stat().st_mtime_ns for path in folder.root.rglob("*")} == before
