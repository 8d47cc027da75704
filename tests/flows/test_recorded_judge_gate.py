"""Recorded verdicts belong to the ruler: a branch cannot bring its own, and an output without one has none."""

from __future__ import annotations

import pytest

from promptops.errors import ExitCode
from tests.support.calibrated import calibrate
from tests.support.cli import Cli
from tests.support.gated import ASKED, ASKED_CASES, BAD, asking, gate, metric_of, suite_of
from tests.support.project import ProjectFolder

SUITE = f"""\
{ASKED.partition("scorers")[0]}scorers:
  j: {{type: judge, recorded: [a.jsonl], question: "Is {{{{ output }}}} right?"}}
"""
RECORDED = """\
target: {recorded: outputs.jsonl}
dataset: datasets/d.jsonl
scorers:
  j: {type: judge, recorded: [a.jsonl], question: "Is {{ output }} right?"}
"""
CASES = 100


def verdicts(folder: ProjectFolder, *beginnings: str) -> None:
    """A yes on every output that begins in one of some ways."""
    folder.write_rows(
        "evals/a.jsonl",
        [
            {"id": f"c{n}", "output": f"{beginning}m{n}", "answer": "yes"}
            for n in range(ASKED_CASES)
            for beginning in beginnings
        ],
    )


def test_a_branch_cannot_bring_verdicts_where_the_base_is_in_the_ledger(
    folder: ProjectFolder, cli: Cli
) -> None:
    with asking(folder):
        folder.write({"evals/s.yaml": SUITE})
        verdicts(folder, "")
        calibrate(folder, judge="j")
        folder.commit()
        scored = cli("eval", "--format", "json", at=folder.root)
        assert scored.code == ExitCode.YES, scored.err
        assert cli("cache", "prune", "--max-megabytes", "0", at=folder.root).code == ExitCode.YES
        folder.git("switch", "--quiet", "--create", "branch")
        folder.write({"prompts/p.yaml": BAD})
        verdicts(folder, "", "Shout: ")
        folder.commit()
        result = gate(folder, cli)
        assert result.json["base"]["how"] == "ledger"
        assert (result.code, suite_of(result)["verdict"]) == (ExitCode.NO_VERDICT, "invalid")


def test_a_new_suite_is_measured_on_both_sides_by_the_verdicts_that_it_brings(
    folder: ProjectFolder, cli: Cli
) -> None:
    with asking(folder):
        folder.commit()
        folder.git("switch", "--quiet", "--create", "branch")
        folder.write({"evals/new.yaml": SUITE, "prompts/p.yaml": BAD})
        verdicts(folder, "", "Shout: ")
        folder.commit()
        result = gate(folder, cli, "new")
        metric = metric_of(result, "new")
        assert (metric["base_mean"], metric["head_mean"]) == (1, 1)


@pytest.mark.parametrize("says_output", [True, False])
def test_a_verdict_that_does_not_say_of_which_output_proves_nothing_of_another(
    says_output: bool, folder: ProjectFolder, cli: Cli
) -> None:
    ids = [f"c{n}" for n in range(CASES)]
    folder.write({"promptops.toml": "", ".gitignore": ".promptops/\n", "evals/s.yaml": RECORDED})
    folder.write_rows("evals/datasets/d.jsonl", [{"id": id_} for id_ in ids])
    outputs = ("sound", "wrong") if says_output else (None,)
    verdicts = [{"id": id_, "output": each, "answer": "yes"} for id_ in ids for each in outputs]
    folder.write_rows("evals/a.jsonl", verdicts)
    folder.write_rows("evals/outputs.jsonl", [{"id": id_, "output": "sound"} for id_ in ids])
    calibrate(folder, judge="j")
    folder.commit()
    folder.git("switch", "--quiet", "--create", "branch")
    folder.write_rows("evals/outputs.jsonl", [{"id": id_, "output": "wrong"} for id_ in ids])
    result = gate(folder, cli)
    reason = "not gating (outputs differ, and recorded verdicts do not say which output they are of)"
    assert (suite_of(result)["verdict"] == "no_worse") is says_output
    assert (reason in metric_of(result)["reason"]) is not says_output


def test_the_labels_of_a_judge_do_not_stand_among_those_of_references(
    folder: ProjectFolder, cli: Cli
) -> None:
    folder.write({"promptops.toml": "", "evals/s.yaml": RECORDED.replace("  j:", "  references:")})
    folder.write_rows("evals/datasets/d.jsonl", [{"id": "a"}])
    result = cli("validate", at=folder.root)
    told = "`references` is the name of the labels of `audit references` too"
    assert (result.code, told in " ".join(result.out.split())) == (ExitCode.NO, True)
