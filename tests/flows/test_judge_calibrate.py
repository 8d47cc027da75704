"""A live judge, played by a loopback server, measured against labels; then it gates."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from promptops.errors import ExitCode
from promptops.files.labels import label_line
from promptops.model.judging import Label
from tests.flows.test_judge import SUITE, answer, judge, project
from tests.support.cli import Cli
from tests.support.gated import gate, metric_of
from tests.support.project import ProjectFolder
from tests.support.service import Reply

JUDGED = SUITE.replace("    question", "    evidence: false\n    question")
CASES = 60
FOLDER = "labels/s/grounded"


def labels(said: Sequence[str], by: str = "ann", word: str = "fine") -> str:
    """A person's labels of the outputs `fine 0`, `fine 1`, …; the output names what its label is."""
    rows = [
        Label(
            case=f"c{n}",
            output=f"{word} {each} {n}",
            label=each,
            by=by,
            at="2026-01-01T00:00:00Z",
            version="v1",
        )
        for n, each in enumerate(said)
    ]
    return "".join(map(label_line, rows))


HALF = ["pass" if n % 2 else "fail" for n in range(CASES)]


def good_judge(body: Any) -> str:
    """Agrees with people but for every tenth output."""
    asked = body["messages"][-1]["content"]
    passes = "fine pass" in asked
    wrong = any(f" {n}\n" in asked for n in range(0, CASES, 10))
    return answer("yes" if passes != wrong else "no")


def calibrated(folder: ProjectFolder, cli: Cli, *options: str) -> tuple[int, Any]:
    result = cli("judge", "calibrate", "s", "--format", "json", *options, at=folder.root)
    assert result.code in (ExitCode.YES, ExitCode.NO), result.err
    return result.code, result.json


def on_main(folder: ProjectFolder, url: str, *people: tuple[str, str]) -> None:
    project(folder, url, JUDGED, cases=CASES)
    folder.write({f"{FOLDER}/{name}.jsonl": lines for name, lines in people})


def outputs(folder: ProjectFolder, said: str) -> ProjectFolder:
    rows = [{"id": f"c{n}", "output": f"fine {said} {n}"} for n in range(CASES)]
    return folder.write_rows("evals/outputs.jsonl", rows)


def test_a_judge_that_earned_its_vote_is_written_down_and_gates(folder: ProjectFolder, cli: Cli) -> None:
    with judge(good_judge) as server:
        on_main(folder, server.url, ("ann", labels(HALF)))
        code, found = calibrated(folder, cli)
        asked = len(server.calls)
        assert (code, found["why_not"]) == (ExitCode.YES, [])
        wrong = len(range(0, CASES, 10))
        table = found["calibration"]["table"]
        assert table["tp"] + table["tn"] == CASES - wrong
        assert {each["case"] for each in found["disagreements"]} == {f"c{n}" for n in range(0, CASES, 10)}
        assert (found["calibration"]["asked_again"], found["calibration"]["flipped"]) == (50, 0)
        # Nothing is paid twice: the same calibration asks nobody.
        again = calibrated(folder, cli, "--offline")[1]
        assert again["calibration"]["table"] == table
        assert (again["calls"]["calls"], again["calls"]["cached"]) == (0, asked)
        assert len(server.calls) == asked
        outputs(folder, "pass").commit("calibrated")
        folder.git("switch", "--quiet", "--create", "branch")
        outputs(folder, "fail").commit("worse")
        result = gate(folder, cli)
    assert (result.code, metric_of(result)["verdict"]) == (ExitCode.NO, "regressed")


def test_people_who_disagree_and_who_are_not_sure(folder: ProjectFolder, cli: Cli) -> None:
    with judge(good_judge) as server:
        rows = [json.loads(line) for line in labels(HALF).splitlines()]
        other = {"pass": "fail", "fail": "pass"}
        bob = [
            {**row, "by": "bob", "label": other[row["label"]] if n < 5 else row["label"]}
            for n, row in enumerate(rows)
        ]
        eve = [{**row, "by": "eve", "label": "cannot_tell"} for row in rows]
        people = (("ann", rows), ("bob", bob), ("eve", eve))
        lines = [(name, "".join(f"{json.dumps(row)}\n" for row in theirs)) for name, theirs in people]
        on_main(folder, server.url, *lines)
        _, found = calibrated(folder, cli)
    assert found["split"] == 5
    assert found["labels"] == CASES - 5
    (pair,) = found["human"]
    assert (pair["one"], pair["other"], pair["agreed"]["n"]) == ("ann", "bob", CASES)
    assert pair["agreed"]["agreement"] == pytest.approx((CASES - 5) / CASES)


def test_what_it_cannot_tell_and_what_it_cannot_answer_are_told_apart(
    folder: ProjectFolder, cli: Cli
) -> None:
    def unsure(body: Any) -> str:
        asked = body["messages"][-1]["content"]
        if " 1\n" in asked:
            return answer("cannot_tell")
        return "no JSON at all" if " 3\n" in asked else good_judge(body)

    with judge(unsure) as server:
        on_main(folder, server.url, ("ann", labels(HALF)))
        _, found = calibrated(folder, cli)
    assert (found["calibration"]["unscored"], found["calibration"]["missing"]) == (1, 1)


def test_one_that_cannot_be_reached_is_not_measured(folder: ProjectFolder, cli: Cli) -> None:
    with judge(lambda _: Reply(status=503)) as server:
        on_main(folder, server.url, ("ann", labels(HALF)))
        result = cli("judge", "calibrate", "s", at=folder.root)
    assert result.code == ExitCode.NO_VERDICT, result.err
    assert not (folder.root / FOLDER / "calibration.json").exists()


def test_one_that_contradicts_itself_may_not_gate(folder: ProjectFolder, cli: Cli) -> None:
    seen: set[str] = set()

    def fickle(body: Any) -> str:
        asked = body["messages"][-1]["content"]
        first = asked not in seen
        seen.add(asked)
        return answer("yes" if ("fine pass" in asked) == first else "no")

    with judge(fickle) as server:
        on_main(folder, server.url, ("ann", labels(HALF)))
        code, found = calibrated(folder, cli)
    assert code == ExitCode.NO
    assert found["why_not"] == ["contradicts itself in 100%, at most 10%"]


def test_nothing_is_written_where_that_is_not_wanted(folder: ProjectFolder, cli: Cli) -> None:
    with judge(good_judge) as server:
        on_main(folder, server.url, ("ann", labels(HALF)))
        assert calibrated(folder, cli, "--dry-run")[1]["written"] is None
        assert not (folder.root / FOLDER / "calibration.json").exists()


@pytest.mark.parametrize(
    ("written", "words", "code"),
    [
        ("", "nobody has labelled anything in `labels/s/grounded/`", ExitCode.NOTHING_SELECTED),
        (labels(["splendid"]), "as `splendid`, which this judge cannot say", ExitCode.MEND_FIRST),
        ('{"case": "c0"}\n', "ann.jsonl:1", ExitCode.MEND_FIRST),
    ],
)
def test_bad_labels_are_told(
    written: str, words: str, code: ExitCode, folder: ProjectFolder, cli: Cli
) -> None:
    on_main(folder, "http://127.0.0.1:9", *([("ann", written)] if written else []))
    result = cli("judge", "calibrate", "s", at=folder.root)
    assert (result.code, words in result.err + result.out) == (code, True), result.err


def test_labels_of_cases_that_are_gone_are_counted(folder: ProjectFolder, cli: Cli) -> None:
    with judge(good_judge) as server:
        on_main(folder, server.url, ("ann", labels(HALF)))
        folder.write_rows("evals/datasets/d.jsonl", [{"id": "c0", "context": "c", "expected": "x"}])
        _, found = calibrated(folder, cli)
    assert (found["gone"], found["labels"]) == (CASES - 1, 1)


def test_the_rate_of_the_newest_run_is_corrected(folder: ProjectFolder, cli: Cli) -> None:
    with judge(good_judge) as server:
        on_main(folder, server.url, ("ann", labels(HALF)))
        folder.write_rows(
            "evals/outputs.jsonl", [{"id": f"c{n}", "output": f"fine {HALF[n]} {n}x"} for n in range(CASES)]
        )
        assert cli("eval", at=folder.root).code == ExitCode.YES
        rate = calibrated(folder, cli)[1]["rate"]
        assert (rate["n"], rate["labelled"], rate["method"]) == (CASES, 0, "rogan_gladen")
        assert rate["corrected"]["low"] < 0.5 < rate["corrected"]["high"]
        text = cli("judge", "calibrate", "s", at=folder.root).out
    assert "Rogan–Gladen" in text
    assert Path(folder.root, FOLDER, "calibration.json").is_file()


def test_the_rate_is_of_what_the_judge_passes_though_the_metric_is_of_what_it_fails(
    folder: ProjectFolder, cli: Cli
) -> None:
    with judge(good_judge) as server:
        on_main(folder, server.url, ("ann", labels(HALF)))
        folder.write({"evals/s.yaml": f"{JUDGED}    not: true\n"})
        folder.write_rows(
            "evals/outputs.jsonl", [{"id": f"c{n}", "output": f"fine pass {n}x"} for n in range(CASES)]
        )
        assert cli("eval", at=folder.root).code == ExitCode.YES
        rate = calibrated(folder, cli)[1]["rate"]
    assert rate["raw"] == 1
    assert rate["corrected"]["low"] > 0.5


def test_what_passes_is_what_the_threshold_of_the_scorer_says(folder: ProjectFolder, cli: Cli) -> None:
    def grading(body: Any) -> str:
        return answer(5 if "fine pass" in body["messages"][-1]["content"] else 3)

    graded = f"{JUDGED}    range: {{low: 1, high: 5, anchors: {{'5': all}}}}\n"
    rows = [json.loads(line) for line in labels(HALF).splitlines()]
    numbers = "".join(json.dumps({**row, "label": 5 if row["label"] == "pass" else 2}) + "\n" for row in rows)
    with judge(grading) as server:
        on_main(folder, server.url, ("ann", numbers))
        tables = []
        for suite in (graded, f"{graded}    threshold: 0.8\n"):
            folder.write({"evals/s.yaml": suite})
            tables.append(calibrated(folder, cli)[1]["calibration"]["table"])
    half = CASES // 2
    assert [(each["tn"], each["fp"]) for each in tables] == [(0, half), (half, 0)]


def test_nobody_can_put_words_into_a_persons_mouth_in_another_file(folder: ProjectFolder, cli: Cli) -> None:
    with judge(good_judge) as server:
        other = labels(["pass", *HALF[1:]])
        on_main(
            folder, server.url, ("ann", labels(HALF)), ("zed", other.replace("fine pass 0", "fine fail 0"))
        )
        result = cli("judge", "calibrate", "s", at=folder.root)
    assert result.code == ExitCode.MEND_FIRST
    told = f"`ann` labelled this output of `c0` otherwise in `{FOLDER}/ann.jsonl`"
    assert f"{FOLDER}/zed.jsonl:1: {told}" in " ".join(result.err.split())


def test_a_label_cannot_say_what_stands_in_a_case_of_the_dataset(folder: ProjectFolder, cli: Cli) -> None:
    rows = [json.loads(line) for line in labels(HALF).splitlines()]
    own = "".join(json.dumps({**row, "fields": {"context": "made up"}}) + "\n" for row in rows)
    with judge(good_judge) as server:
        on_main(folder, server.url, ("ann", own))
        calibrated(folder, cli)
        asked = [call.json["messages"][-1]["content"] for call in server.calls]
    assert asked
    assert not any("made up" in each for each in asked)
