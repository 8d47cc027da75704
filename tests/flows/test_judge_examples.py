"""What people said of some outputs, as examples for a judge; never of the output that is judged."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from promptops.commands.judge_examples import example_cases
from promptops.commands.prepare import prepare_all
from promptops.commands.project import open_project
from promptops.commands.suite_plan import Selection
from promptops.engine.judge_digest import judge_digest
from promptops.engine.plan import SuitePlan
from tests.flows.test_judge import SUITE, YES, judge, judged, project
from tests.support.cli import Cli, only_suite
from tests.support.project import ProjectFolder
from tests.support.service import Service

LABELS = "labels/s/grounded/ann.jsonl"
Row = dict[str, Any]


def label(case: str, verdict: str, *, at: int = 0, **more: Any) -> Row:
    """A label of a case that no dataset holds."""
    row = {"case": case, "output": f"output of {case}", "label": verdict, "by": "ann"}
    return {**row, "at": f"2026-01-01T00:00:{at:02}Z", "fields": {"context": f"context of {case}"}, **more}


def labels(*verdicts: str) -> list[Row]:
    return [label(f"l{n}", verdict, at=n) for n, verdict in enumerate(verdicts)]


def with_labels(folder: ProjectFolder, url: str, rows: Iterable[Row], options: str = "") -> ProjectFolder:
    suite = f"{SUITE}    few_shot: {{from: labels{options}}}\n"
    return project(folder, url, suite).write_rows(LABELS, rows)


def shown(server: Service) -> list[tuple[str, str]]:
    """The case whose texts each example shows, and its answer."""
    _, *turns, _ = server.calls[-1].json["messages"]
    pairs = zip(turns[::2], turns[1::2], strict=True)
    return [
        (question["content"].partition("output of ")[2].split()[0], json.loads(answer["content"])["answer"])
        for question, answer in pairs
    ]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (", k: 2", ["l0", "l2"]),
        (", k: 3", ["l0", "l2", "l1"]),
        (", k: 2, balance: false", ["l0", "l1"]),
        ("", ["l0", "l2", "l1", "l3"]),
        (", k: 25", ["l0", "l2", "l1", "l3", "l4"]),
    ],
)
def test_the_oldest_labels_are_shown_in_turn_of_their_answers(
    options: str, wanted: list[str], folder: ProjectFolder, cli: Cli
) -> None:
    rows = labels("pass", "pass", "fail", "fail", "pass")
    with judge(lambda _: YES) as server:
        judged(with_labels(folder, server.url, reversed(rows), options), cli)
    answers = {row["case"]: "yes" if row["label"] == "pass" else "no" for row in rows}
    assert shown(server) == [(case, answers[case]) for case in wanted]


def test_all_texts_stand_between_one_marker_and_the_judge_is_told_whose_answers_these_are(
    folder: ProjectFolder, cli: Cli
) -> None:
    with judge(lambda _: YES) as server:
        judged(with_labels(folder, server.url, labels("pass", "fail")), cli)
    system, first, _, second, _, asked = server.calls[-1].json["messages"]
    (marker,) = {line for line in asked["content"].splitlines() if line.startswith("===")}
    assert all(marker in each["content"] for each in (system, first, second))
    assert "people's, who gave no evidence" in system["content"]


@pytest.mark.parametrize(
    "row",
    [
        # The case that is judged, with another output.
        label("c0", "pass", output="output of c0, earlier", fields=None),
        # Another case with the same texts.
        label(
            "l0",
            "pass",
            output="You get 40 euros back.",
            fields={"context": "Refunds:  40 euros\nwithin a week."},
        ),
    ],
)
def test_what_is_judged_is_never_shown_beside_its_label(row: Row, folder: ProjectFolder, cli: Cli) -> None:
    with judge(lambda _: YES) as server:
        judged(with_labels(folder, server.url, [row, label("l1", "fail", at=1)]), cli)
    assert shown(server) == [("l1", "no")]


def test_labels_on_which_people_differ_or_that_are_no_answer_are_not_shown(
    folder: ProjectFolder, cli: Cli
) -> None:
    rows = [
        *labels("pass", "cannot_tell", "fail"),
        label("l3", "half", at=3),
        label("l4", "pass", fields=None),
    ]
    with judge(lambda _: YES) as server:
        with_labels(folder, server.url, rows)
        other = label("l0", "fail", by="bob")
        folder.write_rows("labels/s/grounded/bob.jsonl", [other, label("l2", "fail", by="bob")])
        judged(folder, cli)
    assert shown(server) == [("l2", "no")]


def test_a_case_of_the_dataset_brings_its_own_fields(folder: ProjectFolder, cli: Cli) -> None:
    with judge(lambda _: YES) as server:
        with_labels(folder, server.url, [label("c1", "pass", fields=None)])
        folder.write_rows(
            "evals/datasets/d.jsonl", [{"id": f"c{n}", "context": f"40 euros {n}"} for n in range(2)]
        )
        folder.write_rows("evals/outputs.jsonl", [{"id": f"c{n}", "output": "40 euros"} for n in range(2)])
        cli("eval", at=folder.root)
    of_c0 = next(call for call in server.calls if "40 euros 0" in call.json["messages"][-1]["content"])
    assert "40 euros 1" in of_c0.json["messages"][1]["content"]
    of_c1 = next(call for call in server.calls if "40 euros 1" in call.json["messages"][-1]["content"])
    assert len(of_c1.json["messages"]) == 2


def test_without_labels_none_is_shown_and_a_new_one_is_another_ruler(folder: ProjectFolder, cli: Cli) -> None:
    with judge(lambda _: YES) as server:
        before = judged(with_labels(folder, server.url, []), cli)
        assert len(server.calls[-1].json["messages"]) == 2
        folder.write_rows(LABELS, labels("pass"))
        after = judged(folder, cli)
        assert shown(server) == [("l0", "yes")]
    assert before["digest"] != after["digest"]


def planned(folder: ProjectFolder) -> SuitePlan:
    ((prepared,),) = (each.cells for each in prepare_all(open_project(folder.root, {}), (), Selection()))
    return prepared.cell.plan


def digest(plan: SuitePlan) -> str:
    (judge,) = plan.scorers
    return judge_digest(judge, plan.suite)


def test_shown_labels_are_a_part_of_the_judge_and_no_others_are(folder: ProjectFolder) -> None:
    url = "http://127.0.0.1:1"
    before = planned(with_labels(folder, url, labels("pass", "fail"), ", k: 2"))
    assert example_cases(before.scorers[0]) == {"l0", "l1"}
    # What people say later, and of outputs that are not shown, changes nothing.
    later = planned(with_labels(folder, url, labels("pass", "fail", "pass"), ", k: 2"))
    assert digest(later) == digest(before)
    bounded = planned(with_labels(folder, url, labels("pass", "fail"), ", k: 2}\n    max_abstain: 0.5\n#"))
    assert digest(bounded) == digest(before)
    other = planned(with_labels(folder, url, labels("pass", "pass"), ", k: 2"))
    assert digest(other) != digest(before)


def test_the_answer_of_a_judge_that_fails_on_yes_is_turned(folder: ProjectFolder, cli: Cli) -> None:
    with judge(lambda _: YES) as server:
        judged(with_labels(folder, server.url, labels("pass", "fail"), "}\n    pass_when: false\n#"), cli)
    assert shown(server) == [("l0", "no"), ("l1", "yes")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (", k: 0", "`scorers.grounded.few_shot.k`"),
        (", k: 26", "`scorers.grounded.few_shot.k`"),
        (", more: 1", "unknown key `more`"),
    ],
)
def test_wrong_options_are_told(options: str, message: str, folder: ProjectFolder, cli: Cli) -> None:
    with judge(lambda _: YES) as server:
        result = cli("validate", at=with_labels(folder, server.url, [], options).root)
    assert (result.code, message in " ".join(result.out.split())) == (1, True), result.out


def test_a_label_that_cannot_be_read_is_told_with_its_line(folder: ProjectFolder, cli: Cli) -> None:
    with judge(lambda _: YES) as server:
        result = cli("eval", at=with_labels(folder, server.url, [*labels("pass"), {"case": "x"}]).root)
    assert (result.code, f"{LABELS}:2" in result.err) == (3, True)
    assert not server.calls


def test_a_judge_in_a_group_has_labels_of_its_own(folder: ProjectFolder, cli: Cli) -> None:
    member = SUITE.partition("  grounded:\n")[2].replace("    ", "          ")
    suite = f"""\
target: {{recorded: outputs.jsonl}}
dataset: datasets/d.jsonl
scorers:
  both:
    type: all_of
    scorers:
        grounded:
{member}          few_shot: {{from: labels}}
"""
    with judge(lambda _: YES) as server:
        project(folder, server.url, suite).write_rows("labels/s/both.grounded/ann.jsonl", labels("pass"))
        result = cli("eval", "--format", "json", at=folder.root)
        assert only_suite(result)["scored"] == 1
    assert shown(server) == [("l0", "yes")]


@pytest.mark.parametrize(("case", "messages"), [("c0", 2), ("c1", 4)])
def test_a_written_example_that_names_its_case_is_left_out_where_that_is_judged(
    case: str, messages: int, folder: ProjectFolder, cli: Cli
) -> None:
    texts = "{output: It is 5 euros, case.context: It is 6}"
    suite = f"{SUITE}    few_shot: [{{texts: {texts}, answer: false, case: {case}}}]\n"
    with judge(lambda _: YES) as server:
        judged(project(folder, server.url, suite), cli)
    assert len(server.calls[0].json["messages"]) == messages
