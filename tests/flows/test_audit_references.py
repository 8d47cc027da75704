"""Faults in the references that a suite measures by."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.cli import Cli, Result
from tests.support.project import NO_SHARED_DATA, SHARED_DATA, ProjectFolder, reference

SUITE = """\
target: {recorded: outputs.jsonl}
dataset: datasets/d.jsonl
scorers: {right: {type: exact_match}}
"""
Row = dict[str, Any]


def project(folder: ProjectFolder, cases: list[Row], suite: str = SUITE) -> ProjectFolder:
    folder.write({"evals/s.yaml": suite}).write_rows("evals/datasets/d.jsonl", cases)
    return folder.write_rows("evals/outputs.jsonl", [{"id": row["id"], "output": "x"} for row in cases])


def case(id_: str, text: str, expected: Any = "yes", **more: Any) -> Row:
    return {"id": id_, "text": text, "expected": expected, **more}


def audited(folder: ProjectFolder, cli: Cli, *arguments: str) -> tuple[Result, dict[str, list[Row]]]:
    result = cli("audit", "references", *arguments, "--format", "json", at=folder.root)
    (suite,) = result.json["suites"]
    by_kind: dict[str, list[Row]] = {}
    for finding in suite["findings"]:
        by_kind.setdefault(finding["kind"], []).append(finding)
    return result, by_kind


def test_references_without_fault(folder: ProjectFolder, cli: Cli) -> None:
    project(folder, [case("a", "Where is my card?"), case("b", "How do I close my account?", "no")])
    result = cli("audit", "references", at=folder.root)
    assert (result.code, result.out) == (0, "s: 2 cases, 2 references (datasets/d.jsonl)\n  nothing found\n")


def test_a_reference_that_fails_its_own_suite_is_a_bug(folder: ProjectFolder, cli: Cli) -> None:
    suite = SUITE + 'answer: {after: "Answer:"}\n'
    suite = suite.replace("{type: exact_match}", "{type: max_words, value: 2}")
    project(folder, [case("a", "One question", "Answer: yes it is"), case("b", "Another one", "yes")], suite)
    result, found = audited(folder, cli)
    assert result.code == 1
    (finding,) = found["fails_own_suite"]
    assert (finding["cases"], finding["reason"]) == (["a"], "right 0: 3 words")


def test_every_accepted_answer_is_tried(folder: ProjectFolder, cli: Cli) -> None:
    suite = SUITE.replace("{type: exact_match}", "{type: regex, pattern: '^[A-Z]'}")
    project(folder, [case("a", "Which city is it?", ["Paris", "paris"])], suite)
    _, found = audited(folder, cli)
    assert [finding["text"] for finding in found["fails_own_suite"]] == ["paris"]


def test_a_graded_score_below_one_is_worth_a_look(folder: ProjectFolder, cli: Cli) -> None:
    members = "{a: {type: exact_match}, b: {type: contains, value: please}}"
    suite = SUITE.replace("{type: exact_match}", f"{{type: weighted, scorers: {members}}}")
    project(folder, [case("a", "Where is my card?")], suite)
    result, found = audited(folder, cli)
    assert (result.code, list(found)) == (0, ["imperfect"])
    assert found["imperfect"][0]["reason"].startswith("right 0.5: b: 0")


def test_one_question_with_two_answers_is_a_bug_and_with_one_answer_twice_is_not(
    folder: ProjectFolder, cli: Cli
) -> None:
    rows = [
        case("a", "Where is my card?"),
        case("b", "where is  my CARD?", "no"),
        case("c", "How do I pay by phone?"),
        case("d", "How do I pay by phone?"),
    ]
    result, found = audited(project(folder, rows), cli)
    assert result.code == 1
    assert [(each["cases"], each["reason"]) for each in found["contradicting"]] == [(["a", "b"], "yes ≠ no")]
    assert [each["cases"] for each in found["repeated"]] == [["c", "d"]]


def test_cases_that_differ_in_a_second_field_are_other_questions(folder: ProjectFolder, cli: Cli) -> None:
    rows = [case("a", "Is this polite?", mail="Dear Ada"), case("b", "Is this polite?", "no", mail="Hey")]
    _, found = audited(project(folder, rows), cli)
    assert "contradicting" not in found


def test_a_case_in_another_dataset_is_a_leak_whatever_its_field_is_called(
    folder: ProjectFolder, cli: Cli
) -> None:
    project(folder, [case("a", "Where is my new card?"), case("b", "How do I close my account?")])
    train = [
        {"id": "t1", "input": {"question": "where is my  new card?"}, "label": "x"},
        {"id": "t2", "input": {"question": "How do I close my accounts?"}, "label": "x"},
    ]
    folder.write_rows("evals/datasets/train.jsonl", train)
    result, found = audited(folder, cli)
    assert result.code == 1
    (leak,) = found["leak"]
    assert (leak["cases"], leak["where"]) == (["a"], "`evals/datasets/train.jsonl`")
    assert "`t1`" in leak["reason"]
    assert [each["cases"] for each in found["near_leak"]] == [["b"]]


def test_a_case_among_the_examples_of_a_prompt_is_a_leak(folder: ProjectFolder, cli: Cli) -> None:
    project(folder, [case("a", "Where is my new card?")])
    prompt = """\
model: promptops/nearest-example
examples:
  - {input: {text: "Where is my new card?"}, output: card}
messages:
  - {role: user, content: "{{ text }}"}
"""
    folder.write({"prompts/support/route.yaml": prompt})
    _, found = audited(folder, cli)
    assert found["leak"][0]["where"] == "the examples of prompt `support/route`"


def rated(folder: ProjectFolder, good: list[tuple[bool, bool]]) -> ProjectFolder:
    """Answers that are right or wrong by the reference, and good or bad to people."""
    rows = [case(f"c{n}", f"What is the number {n} in words?") for n in range(len(good))]
    suite = SUITE.replace("}}", "}, people: {type: recorded, field: liked}}")
    project(folder, rows, suite)
    outputs = [
        {"id": row["id"], "output": "yes" if right else "no", "liked": liked}
        for row, (right, liked) in zip(rows, good, strict=True)
    ]
    return folder.write_rows("evals/outputs.jsonl", outputs)


def test_references_that_people_contradict_are_told(folder: ProjectFolder, cli: Cli) -> None:
    verdicts = [(True, False)] * 12 + [(False, True)] * 12 + [(True, True)] * 2
    result, found = audited(rated(folder, verdicts), cli)
    assert result.code == 1
    assert "`right` prefers what `people` rejects" in found["against_feedback"][0]["reason"]


def test_references_that_people_share_are_shown_with_how_far(folder: ProjectFolder, cli: Cli) -> None:
    verdicts = [(True, True)] * 12 + [(False, False)] * 12 + [(True, False)] * 2
    result, found = audited(rated(folder, verdicts), cli)
    assert "against_feedback" not in found
    (feedback,) = result.json["suites"][0]["feedback"]
    assert (feedback["both_good"], feedback["both_bad"], feedback["only_metric"]) == (12, 12, 2)
    assert 0 < feedback["ci_low"] < feedback["agreement"] < feedback["ci_high"]
    assert "right against people: phi 0.8" in cli("audit", "references", at=folder.root).out


def test_what_cannot_judge_a_reference_is_named(folder: ProjectFolder, cli: Cli) -> None:
    suite = SUITE.replace("}}", "}, found: {type: hit_at_k, k: 3}, rated: {type: recorded, field: x}}")
    project(folder, [case("a", "Where is my card?", relevant={"d1": 1})], suite)
    skipped = cli("audit", "references", "--format", "json", at=folder.root).json["suites"][0]["skipped"]
    assert skipped == [
        "`found`: judges documents, not answers",
        "`rated`: the recorded row has no number at `x`",
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [(("nothing",), 5, "no suite is called `nothing`"), (("--al",), 2, "No such option")],
)
def test_wrong_command_lines(
    arguments: tuple[str, ...], code: int, message: str, folder: ProjectFolder, cli: Cli
) -> None:
    project(folder, [case("a", "Where is my card?")])
    result = cli("audit", "references", *arguments, at=folder.root)
    assert result.code == code
    assert message in result.err


def test_wrong_files_are_told_before_anything_is_audited(folder: ProjectFolder, cli: Cli) -> None:
    project(folder, [case("a", "Where is my card?")], SUITE.replace("exact_match", "exact_mach"))
    result = cli("audit", "references", at=folder.root)
    assert (result.code, result.out) == (3, "")
    assert "did you mean `exact_match`" in result.err


def test_findings_are_shortened_unless_all_are_wanted(folder: ProjectFolder, cli: Cli) -> None:
    rows = [case(f"c{n}", f"This is question number {n} of many others that look alike") for n in range(9)]
    project(folder, rows)
    short = cli("audit", "references", at=folder.root).out
    assert "more: --all shows them" in short
    assert "more: --all" not in cli("audit", "references", "--all", at=folder.root).out


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason=NO_SHARED_DATA)
def test_leaks_and_repeats_of_banking77_are_found(folder: ProjectFolder, cli: Cli) -> None:
    wanted = reference("banking77")
    suite = (
        "target: {recorded: outputs.jsonl}\ndataset: datasets/FILE\nscorers: {right: {type: exact_match}}\n"
    )
    folder.write({f"evals/{name}.yaml": suite.replace("FILE", f"{name}.jsonl") for name in ("test", "train")})
    for name in ("test", "train"):
        folder.write({f"evals/datasets/{name}.jsonl": (SHARED_DATA / f"banking77/{name}.jsonl").read_bytes()})
    folder.write({"evals/outputs.jsonl": ""})
    result = cli("audit", "references", "--format", "json", at=folder.root)
    findings = {suite["suite"]: suite["findings"] for suite in result.json["suites"]}
    leaked = [finding["cases"][0] for finding in findings["test"] if finding["kind"] == "leak"]
    assert sorted(leaked) == sorted(wanted["leaks_test_text_in_train"])
    repeats = [each for each in findings["train"] if each["kind"] in ("repeated", "contradicting")]
    assert sum(len(each["cases"]) - 1 for each in repeats) == wanted["repeated_train_texts"]


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason=NO_SHARED_DATA)
@pytest.mark.parametrize("task", ["causal_judgement", "sports_understanding", "hyperbaton"])
def test_repeated_inputs_of_bbh_are_found(task: str, folder: ProjectFolder, cli: Cli) -> None:
    project(folder, [case("a", "x")])
    cases = (SHARED_DATA / f"bbh/{task}/cases.jsonl").read_bytes()
    ids = [json.loads(line)["id"] for line in cases.splitlines()]
    folder.write({"evals/datasets/d.jsonl": cases})
    folder.write_rows("evals/outputs.jsonl", [{"id": id_, "output": "x"} for id_ in ids])
    _, found = audited(folder, cli)
    repeats = [*found.get("repeated", ()), *found.get("contradicting", ())]
    assert (
        sum(len(each["cases"]) - 1 for each in repeats) == reference("bbh")["tasks"][task]["repeated_inputs"]
    )


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason=NO_SHARED_DATA)
def test_people_and_a_string_grader_on_real_answers(folder: ProjectFolder, cli: Cli) -> None:
    cases = [json.loads(line) for line in (SHARED_DATA / "human_nq/cases.jsonl").read_text().splitlines()]
    suite = SUITE.replace(
        "{type: exact_match}}",
        "{type: contains, ignore_case: true}, people: {type: recorded, field: human.correct}}",
    )
    project(folder, cases, suite)
    folder.write({"evals/outputs.jsonl": (SHARED_DATA / "human_nq/outputs/chatgpt.jsonl").read_bytes()})
    result, _ = audited(folder, cli)
    (feedback,) = result.json["suites"][0]["feedback"]
    assert feedback["n"] > 1000
    assert 0.4 < feedback["agreement"] < 0.8
    # The string grader is stricter than people, as the reference says.
    assert feedback["only_people"] > 5 * feedback["only_metric"]
