"""Cases that stand elsewhere in the repository too."""

from __future__ import annotations

from promptops.errors import ExitCode
from tests.support.audited import (
    RIGHT,
    SUITE,
    WITH_EXAMPLE,
    Row,
    asking,
    audit,
    audited,
    by_kind,
    case,
    recorded,
)
from tests.support.cli import Cli
from tests.support.project import ProjectFolder

CASES = [case("a", "Where is my new card?"), case("b", "How do I close my account?")]


def places(found: dict[str, list[Row]]) -> list[str]:
    """Where leaks are."""
    return [leak["where"] for leak in found.get("leak", ())]


def test_a_case_in_another_dataset_is_a_leak_whatever_its_field_is_called(
    folder: ProjectFolder, cli: Cli
) -> None:
    train = [
        {"id": "t1", "input": {"question": "where is my  new card?"}, "label": "x"},
        {"id": "t2", "input": {"question": "How do I close my accounts?"}, "label": "x"},
    ]
    recorded(folder, CASES).write_rows("evals/datasets/train.jsonl", train)
    result, found = audited(folder, cli)
    assert result.code == ExitCode.NO
    (leak,) = found["leak"]
    assert (leak["cases"], leak["where"], leak["other"]) == (["a"], "`evals/datasets/train.jsonl`", "t1")
    (near,) = found["near_leak"]
    assert (near["cases"], near["other"]) == (["b"], "t2")
    assert 0.9 <= near["similarity"] < 1
    shown = cli("audit", "references", at=folder.root).out
    assert "a in `evals/datasets/train.jsonl` as `t1`" in shown


def test_near_leaks_alone_are_only_worth_a_look(folder: ProjectFolder, cli: Cli) -> None:
    recorded(folder, CASES).write_rows("evals/datasets/train.jsonl", [{"text": "Where is my new card"}])
    result, found = audited(folder, cli)
    assert (result.code, list(found)) == (ExitCode.YES, ["near_leak"])


def test_rows_without_ids_and_with_ids_that_occur_twice_leak_too(folder: ProjectFolder, cli: Cli) -> None:
    rows = [{"text": row["text"], "expected": row["expected"]} for row in CASES]
    recorded(folder, CASES).write_rows("evals/datasets/d.jsonl", rows)
    folder.write_rows("evals/datasets/train.jsonl", rows)
    assert len(audited(folder, cli)[1]["leak"]) == 2
    folder.write_rows("evals/datasets/train.jsonl", [{**row, "id": 1} for row in rows])
    assert {leak["other"] for leak in audited(folder, cli)[1]["leak"]} == {"1"}


def test_questions_about_a_passage_that_both_have_are_no_leaks(folder: ProjectFolder, cli: Cli) -> None:
    passage = "Cards are sent by mail within ten days, wherever the customer happens to live. " * 3
    recorded(folder, [{**row, "context": passage} for row in CASES])
    other = [{"id": "t", "context": passage, "text": "Which of the customers live abroad?"}]
    folder.write_rows("evals/datasets/train.jsonl", other)
    assert audited(folder, cli)[1] == {}
    other[0]["text"] = CASES[0]["text"]
    folder.write_rows("evals/datasets/train.jsonl", other)
    assert [leak["cases"] for leak in audited(folder, cli)[1]["leak"]] == [["a"]]


def test_the_same_cases_in_a_smaller_suite_are_no_leaks(folder: ProjectFolder, cli: Cli) -> None:
    recorded(folder, CASES).write({"evals/smoke.yaml": SUITE.replace("d.jsonl", "smoke.jsonl")})
    folder.write_rows("evals/datasets/smoke.jsonl", CASES[:1])
    result = audit(folder, cli)
    assert (result.code, [suite["findings"] for suite in result.json["suites"]]) == (0, [[], []])
    folder.write_rows("evals/datasets/smoke.jsonl", [{**CASES[0], "id": "other"}])
    result = audit(folder, cli)
    assert [len(by_kind(suite)["leak"]) for suite in result.json["suites"]] == [1, 1]


def test_suites_of_one_dataset_leak_nothing_to_each_other(folder: ProjectFolder, cli: Cli) -> None:
    recorded(folder, CASES).write({"evals/again.yaml": SUITE})
    assert audit(folder, cli).code == ExitCode.YES


def test_outputs_runs_and_hidden_files_beside_a_dataset_are_no_datasets(
    folder: ProjectFolder, cli: Cli
) -> None:
    suite = "target: {recorded: outputs.jsonl}\ndataset: d.jsonl\n" + f"scorers: {RIGHT}\n"
    folder.write({"evals/s.yaml": suite}).write_rows("evals/d.jsonl", CASES)
    copies = [{"id": row["id"], "output": "x", "text": row["text"]} for row in CASES]
    folder.write_rows("evals/outputs.jsonl", copies).write_rows("evals/.kept.jsonl", copies)
    folder.write_rows("evals/deep/er.jsonl", copies)
    assert audited(folder, cli)[1] == {}
    folder.write_rows("evals/train.jsonl", copies)
    assert places(audited(folder, cli)[1]) == ["`evals/train.jsonl`"] * 2


def test_past_runs_of_a_dataset_at_the_root_are_no_datasets(folder: ProjectFolder, cli: Cli) -> None:
    recorded(folder, CASES)
    folder.write({"promptops.toml": "", "evals/s.yaml": SUITE.replace("datasets/d.jsonl", "/d.jsonl")})
    folder.write_rows("d.jsonl", CASES)
    (folder.root / "evals/datasets/d.jsonl").unlink()
    assert cli("eval", at=folder.root).code == ExitCode.YES
    assert list(folder.root.glob(".promptops/runs/*/results.jsonl"))
    assert audited(folder, cli)[1] == {}


def test_folders_below_that_of_the_datasets_are_looked_at_too(folder: ProjectFolder, cli: Cli) -> None:
    recorded(folder, CASES).write_rows("evals/datasets/train/part.jsonl", CASES)
    assert places(audited(folder, cli)[1]) == ["`evals/datasets/train/part.jsonl`"] * 2


def test_a_file_that_cannot_be_read_is_named(folder: ProjectFolder, cli: Cli) -> None:
    recorded(folder, CASES).write({"evals/datasets/train.jsonl": '{"text": "x"}\n{oops\n'})
    folder.write({"evals/datasets/labels.json": '{"a": 1}'})
    result, found = audited(folder, cli)
    assert (result.code, found) == (ExitCode.YES, {})
    assert [note.split(": ")[:2] for note in result.json["notes"]] == [
        ["not looked at", "evals/datasets/train.jsonl:2:2"],
        ["not looked at", "evals/datasets/labels.json"],
    ]


def test_what_stands_twice_in_a_dataset_to_train_on_is_told_and_no_bug(
    folder: ProjectFolder, cli: Cli
) -> None:
    train = [
        case("t1", "May I pay by phone?"),
        case("t2", "may I pay by phone?"),
        case("t3", "May I pay by phone?", "no"),
    ]
    recorded(folder, CASES).write_rows("evals/datasets/train.jsonl", train[:2])
    result = audit(folder, cli)
    (dataset,) = result.json["datasets"]
    assert (result.code, dataset["rows"]) == (ExitCode.YES, 2)
    assert [each["cases"] for each in by_kind(dataset)["repeated"]] == [["t1", "t2"]]
    folder.write_rows("evals/datasets/train.jsonl", train)
    result = audit(folder, cli)
    assert (result.code, list(by_kind(result.json["datasets"][0]))) == (ExitCode.YES, ["contradicting"])
    shown = cli("audit", "references", at=folder.root).out
    assert "evals/datasets/train.jsonl: 3 rows, which no suite evaluates" in shown


def test_a_case_among_the_examples_of_a_prompt_is_a_leak(folder: ProjectFolder, cli: Cli) -> None:
    recorded(folder, CASES).write({"prompts/support/route.yaml": WITH_EXAMPLE})
    _, found = audited(folder, cli)
    (leak,) = found["leak"]
    assert leak["where"] == "the examples of prompt `support/route`"
    assert leak["other"] == "prompts/support/route.yaml:3:5"


def test_examples_in_a_file_leak_too_and_those_of_prompts_that_the_suite_does_not_ask_do_not(
    folder: ProjectFolder, cli: Cli
) -> None:
    asking(folder, CASES, "{{ text }}").write({"prompts/other.yaml": WITH_EXAMPLE})
    assert audited(folder, cli)[1] == {}
    own = WITH_EXAMPLE.replace('  - {input: {text: "Where is my new card?"}, output: card}\n', "")
    folder.write(
        {
            "prompts/p.yaml": own.replace("examples:", "examples: {file: p.examples.yaml}"),
            "prompts/p.examples.yaml": '- {input: {text: "where is my new card?"}, output: card}\n',
        }
    )
    assert [leak["other"] for leak in audited(folder, cli)[1]["leak"]] == ["prompts/p.examples.yaml:1:3"]


def test_tests_of_a_prompt_file_among_its_own_examples_are_leaks(folder: ProjectFolder, cli: Cli) -> None:
    tests = """\
testData:
  - {text: "Where is my new card?", expected: card}
  - {text: "How do I close my account?", expected: other}
evaluators:
  - {name: same, string: {equals: "{{expected}}"}}
"""
    folder.write({"prompts/route.prompt.yml": WITH_EXAMPLE + tests})
    assert places(audited(folder, cli)[1]) == ["the examples of prompt `route`"]
