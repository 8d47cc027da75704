"""People compare references with outputs, blindly; where the outputs win, the references no longer decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from scipy.stats import binomtest
from sklearn.metrics import cohen_kappa_score

from tests.support.cli import Cli
from tests.support.gated import CASES, SUITE, break_it, case_rows, gate, metric_of, on_main, suite_of
from tests.support.labelled import labels_of
from tests.support.project import ProjectFolder
from tests.support.terminal import Terminal, terminal

HUMAN = ("audit", "references", "s", "--human")
Choose = Callable[[str, str], str]
"""The key for what is shown as A and as B."""


def compare(folder: ProjectFolder, name: str, choose: Choose, *arguments: str) -> tuple[str, int]:
    """A person compares all that is shown; returns all that was on the screen, and the exit code."""
    with terminal(*HUMAN, "--by", name, *arguments, at=folder.root, columns=100, lines=40) as person:
        person.wait_for("Which of the two answers is better?", " of ")
        number = 0
        while "─ A ─" in person.screen:
            person.press(choose(*sides(person)))
            number += 1
            person.wait_for(f"\n{number} of ")
        person.press("q")
        code = person.end()
        return person.said, code


def sides(person: Terminal) -> tuple[str, str]:
    """The texts that are shown as A and as B."""
    _, _, rest = person.screen.partition("─ A ")
    first, _, second = rest.partition("─ B ")
    return first.splitlines()[1].strip(), second.splitlines()[1].strip()


def prefers(words: str) -> Choose:
    """Whoever prefers the text that has these words."""
    return lambda a, b: (
        "a" if words in a and words not in b else "b" if words in b and words not in a else "t"
    )


def project(folder: ProjectFolder, cli: Cli, *, suite: str = SUITE) -> None:
    """References that say nothing, and outputs that are better, ran once on main."""
    on_main(folder, suite=suite)
    rows = [{**row, "expected": f"**No idea** about {row['id']}."} for row in case_rows()]
    folder.write_rows("evals/datasets/d.jsonl", rows)
    outputs = [{"id": row["id"], "output": f"Do *this* for {row['id']}: call us."} for row in rows]
    # Another dress and a dot do not make another answer.
    outputs[0]["output"] = f"# No idea about {rows[0]['id']}"
    folder.write_rows("evals/outputs.jsonl", outputs)
    folder.git("switch", "--quiet", "main")
    folder.commit("references")
    assert cli("eval", at=folder.root).code == 0


def audit(folder: ProjectFolder, cli: Cli) -> Any:
    result = cli("audit", "references", "s", "--format", "json", at=folder.root)
    assert result.out, result.err
    (suite,) = result.json["suites"]
    return suite


def test_blind_pairs_become_labels_and_a_result(folder: ProjectFolder, cli: Cli) -> None:
    project(folder, cli)
    said, code = compare(folder, "Ada", prefers("this"))
    labels = labels_of(folder, "ada", "references")
    # One of the pairs is the same but for its dress: nobody is asked.
    assert len(labels) == CASES - 1
    assert "1 output is nearly the same as the reference" in said
    # Neither side shows by its dress, by its place or by the case's own fields what it is.
    assert "**" not in said
    assert "*this*" not in said
    assert "expected" not in said.partition("\x1b[?1049l")[0]
    assert {row["label"] for row in labels} == {"second"}
    assert {row["output"] for row in labels} == {
        f"Do *this* for {row['id']}: call us." for row in case_rows()[1:]
    }
    assert all(row["fields"]["reference"] == f"**No idea** about {row['case']}." for row in labels)
    # Who looks at one side only would be wrong half of the time.
    assert code == 1
    preference = audit(folder, cli)["preference"]
    expected = binomtest(CASES - 1, CASES - 1)
    interval = expected.proportion_ci(method="wilson")
    assert preference["share"] == 1
    assert preference["ci_low"] == pytest.approx(interval.low, abs=1e-9)
    assert preference["p"] == pytest.approx(expected.pvalue)
    assert preference["references_are_worse"]
    assert "references are worse than the outputs" in said


def test_the_sides_are_drawn_for_each_person(folder: ProjectFolder, cli: Cli) -> None:
    project(folder, cli)
    for name in ("Ada", "Bo"):
        compare(folder, name, lambda a, b: "a")
    chosen = [
        {row["case"]: row["label"] for row in labels_of(folder, name, "references")} for name in ("ada", "bo")
    ]
    for each in chosen:
        assert set(each.values()) == {"first", "second"}
    assert chosen[0] != chosen[1]
    (agreement,) = audit(folder, cli)["preference"]["agreement"]
    ones, others = zip(*((chosen[0][case], chosen[1][case]) for case in chosen[0]), strict=True)
    assert agreement["people"] == ["Ada", "Bo"]
    assert agreement["kappa"] == pytest.approx(cohen_kappa_score(ones, others))
    assert agreement["alike"] == sum(a == b for a, b in zip(ones, others, strict=True))


def test_both_bad_is_no_vote_and_kept_as_such(folder: ProjectFolder, cli: Cli) -> None:
    project(folder, cli)
    _, code = compare(folder, "Ada", lambda a, b: "x")
    assert {row["label"] for row in labels_of(folder, "ada", "references")} == {"both_bad"}
    preference = audit(folder, cli)["preference"]
    assert (preference["both_bad"], preference["share"], preference["p"]) == (CASES - 1, None, 1)
    assert not preference["references_are_worse"]
    assert code == audit_code(folder, cli)


def audit_code(folder: ProjectFolder, cli: Cli) -> int:
    return cli("audit", "references", "s", at=folder.root).code


def test_a_reference_that_is_mended_is_another_one(folder: ProjectFolder, cli: Cli) -> None:
    project(folder, cli)
    compare(folder, "Ada", prefers("this"))
    mended = [{**row, "expected": f"Call us about {row['id']}."} for row in case_rows()]
    folder.write_rows("evals/datasets/d.jsonl", mended)
    preference = audit(folder, cli)["preference"]
    assert (preference["stale"], preference["pairs"]) == (CASES - 1, 0)
    assert not preference["references_are_worse"]
    compare(folder, "Ada", prefers("Call us about"))
    preference = audit(folder, cli)["preference"]
    assert preference["reference_better"] == CASES
    assert preference["output_better"] == 0


WITH_JUDGED_FORM = SUITE.replace("scorers: {", "scorers: {short: {type: max_words, value: 3}, ")


def test_the_gate_no_longer_fails_by_worse_references(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    break_it(folder)
    failing = gate(folder, cli)
    assert failing.code == 1
    assert metric_of(failing)["verdict"] == "regressed"
    folder.git("stash", "--quiet")
    labels = [
        {
            "case": row["id"],
            "output": "maybe",
            "label": "second",
            "by": "Ada",
            "at": "2026-01-01T00:00:00+00:00",
            "fields": {"reference": "yes"},
        }
        for row in case_rows()
    ]
    # On the branch they change nothing: what measures is the base's.
    folder.write_rows("labels/s/references/ada.jsonl", labels)
    break_it(folder)
    assert gate(folder, cli).code == 1
    folder.git("restore", "evals")
    folder.git("switch", "--quiet", "main")
    folder.commit("labels")
    folder.git("switch", "--quiet", "branch")
    folder.git("merge", "--quiet", "main")
    break_it(folder)
    passing = gate(folder, cli)
    metric = metric_of(passing)
    assert passing.code == 0
    assert metric["verdict"] == "inconclusive"
    assert metric["broke"] == metric_of(failing)["broke"]
    decided = f"people prefer the output in {CASES} of {CASES} decided pairs"
    assert f"the references are worse than the outputs ({decided})" in metric["reason"]
    assert "not gating" in metric["reason"]
    assert suite_of(passing)["verdict"] == "inconclusive"


def test_a_metric_without_references_still_decides(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder, suite=WITH_JUDGED_FORM)
    folder.git("switch", "--quiet", "main")
    labels = [
        {
            "case": row["id"],
            "output": "maybe",
            "label": "second",
            "by": "Ada",
            "at": "2026-01-01T00:00:00+00:00",
            "fields": {"reference": "yes"},
        }
        for row in case_rows()
    ]
    folder.write_rows("labels/s/references/ada.jsonl", labels)
    folder.commit("labels")
    folder.git("switch", "--quiet", "branch")
    folder.git("merge", "--quiet", "main")
    long = [{"id": row["id"], "output": "one two three four five"} for row in case_rows()]
    folder.write_rows("evals/outputs.jsonl", long)
    result = gate(folder, cli)
    assert result.code == 1
    verdicts = {each["metric"]: each["verdict"] for each in suite_of(result)["metrics"]}
    assert verdicts == {"short": "regressed", "right": "inconclusive"}


@pytest.mark.parametrize("suites", [(), ("s", "t")])
def test_one_suite_is_compared_at_a_time(suites: tuple[str, ...], folder: ProjectFolder, cli: Cli) -> None:
    result = cli("audit", "references", *suites, "--human", at=folder.root)
    assert result.code == 2
    assert "name the one suite" in result.err
