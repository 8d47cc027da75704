"""Recorded judges beside real people, by the door that live ones go through."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from promptops.errors import ExitCode
from promptops.files.labels import label_line
from promptops.model.judging import Label
from tests.support.cli import Cli
from tests.support.project import NO_SHARED_DATA, SHARED_DATA, ProjectFolder, reference, rows

pytestmark = pytest.mark.skipif(not SHARED_DATA.is_dir(), reason=NO_SHARED_DATA)

PLACES = {"1": "first", "2": "second", None: None}
SWAPPED = {"1": "second", "2": "first", None: None}
"""The data name the output that won; a judge that saw the texts in the other order names the place."""
NEAR = 1e-6
"""The reference has six digits."""


def project(
    folder: ProjectFolder,
    options: str,
    labels: Iterable[Label],
    judges: Mapping[str, Iterable[Mapping[str, Any]]],
) -> ProjectFolder:
    """A suite with a scorer for each recorded judge, and the same labels for all."""
    labels = list(labels)
    lines = "".join(map(label_line, labels))
    names = {f"j{number}": name for number, name in enumerate(judges)}
    scorers = "".join(
        f"  {each}: {{type: judge, recorded: [verdicts/{each}.jsonl], {options}}}\n" for each in names
    )
    folder.write(
        {
            "promptops.toml": "",
            "evals/s.yaml": f"target: {{recorded: outputs.jsonl}}\ndataset: datasets/d.jsonl\nscorers:\n{scorers}",
            **{f"labels/s/{each}/people.jsonl": lines for each in names},
        }
    )
    cases = list(dict.fromkeys(label.case for label in labels))
    folder.write_rows("evals/datasets/d.jsonl", [{"id": case, "context": "c"} for case in cases])
    folder.write_rows("evals/outputs.jsonl", [{"id": case, "output": "o"} for case in cases])
    for each, name in names.items():
        folder.write_rows(f"evals/verdicts/{each}.jsonl", list(judges[name]))
    return folder


def calibrated(folder: ProjectFolder, cli: Cli, number: int) -> Any:
    result = cli("judge", "calibrate", f"s:j{number}", "--format", "json", at=folder.root)
    assert result.code in (ExitCode.YES, ExitCode.NO), result.err
    assert (result.code == ExitCode.YES) == (result.json["why_not"] == [])
    return result.json


def label(
    case: str, said: str, by: str = "person", *, output: str = "o", version: str | None = None
) -> Label:
    return Label(case=case, output=output, label=said, by=by, at="2026-01-01T00:00:00Z", version=version)


def test_three_people_and_two_judges_of_pandalm(folder: ProjectFolder, cli: Cli) -> None:
    wanted = reference("judge_pandalm")
    people = [
        label(row["id"], said, by)
        for row in rows(SHARED_DATA / "judge_pandalm/human.jsonl")
        for by, said in row["labels"].items()
    ]
    judges = {
        name: [
            {"id": row["id"], "answer": row["label"]}
            for row in rows(SHARED_DATA / f"judge_pandalm/judges/{name}.jsonl")
        ]
        for name in wanted["judges"]
    }
    options = 'question: "Which is {{ output }}?", choices: {"1": 1, "2": 0, "tie": 0.5}'
    project(folder, options, people, judges)
    for number, name in enumerate(judges):
        found, told = calibrated(folder, cli, number), wanted["judges"][name]
        human = {f"{each['one']}~{each['other']}": each["agreed"]["kappa"] for each in found["human"]}
        assert human == pytest.approx(wanted["human_kappa"], abs=NEAR)
        assert found["human_alpha"] == pytest.approx(wanted["krippendorff_alpha_nominal"], abs=NEAR)
        assert found["split"] == wanted["no_majority"]
        assert found["calibration"]["missing"] == told["unusable_verdicts"]
        assert found["classes"]["n"] == told["n_compared"]
        assert found["classes"]["agreement"] == pytest.approx(told["agreement"], abs=NEAR)
        assert found["classes"]["kappa"] == pytest.approx(told["kappa"], abs=NEAR)
        assert found["without_ties"]["n"] == told["n_without_ties"]
        assert found["without_ties"]["kappa"] == pytest.approx(told["kappa_without_ties"], abs=NEAR)


@pytest.mark.parametrize("part", ["natural", "mtbench"])
def test_judges_that_saw_two_texts_in_both_orders(part: str, folder: ProjectFolder, cli: Cli) -> None:
    wanted = reference("judge_llmbar")[part]
    people = [
        label(row["id"], PLACES[str(row["label"])] or "")
        for row in rows(SHARED_DATA / f"judge_llmbar/{part}/human.jsonl")
    ]
    judges = {
        name: [
            {"id": row["id"], "answer": PLACES[row["winner_ab"]], "swapped": SWAPPED[row["winner_ba"]]}
            for row in rows(SHARED_DATA / f"judge_llmbar/{part}/judges/{name}.jsonl")
        ]
        for name in wanted["judges"]
    }
    options = 'question: "Is {{ first }} or {{ second }}?", compare: [output, case.context]'
    project(folder, options, people, judges)
    for number, name in enumerate(judges):
        found, told = calibrated(folder, cli, number), wanted["judges"][name]
        unusable = [row for row in judges[name] if None in (row["answer"], row["swapped"])]
        assert found["calibration"]["missing"] == len(unusable)
        position = found["position"]
        if unusable:
            # The reference then also counts verdicts in one order alone.
            continue
        assert position["n"] == wanted["n"]
        assert position["same"] == told["same_in_both_orders"]
        assert position["kappa"] == pytest.approx(told["kappa_between_orders"], abs=NEAR)
        for order, name_of_it in (("straight", "ab"), ("turned", "ba")):
            assert position[order]["agreement"] * wanted["n"] == pytest.approx(told[f"right_{name_of_it}"])
            assert position[order]["kappa"] == pytest.approx(told[f"kappa_{name_of_it}"], abs=NEAR)
        assert position["first_rate"] == pytest.approx(told["first_rate"], abs=NEAR)
        table = found["calibration"]["table"]
        # A judge's tie is half right; who contradicts itself calls a tie.
        ties = wanted["n"] - told["same_in_both_orders"]
        assert sum(table.values()) == wanted["n"]
        assert abs(table["tp"] + table["tn"] - told["both_right"] - ties / 2) <= 1


def test_leniency_and_missing_verdicts_of_eleven_judges(folder: ProjectFolder, cli: Cli) -> None:
    wanted = reference("judge_triviaqa")
    answers = rows(SHARED_DATA / "judge_triviaqa/verdicts.jsonl")
    people = [label(row["id"], "pass" if row["human"] else "fail", version=row["system"]) for row in answers]
    said = {True: "yes", False: "no", None: None}
    judges = {
        name: [{"id": row["id"], "answer": said[row["judges"][name]]} for row in answers]
        for name in wanted["judges"]
    }
    project(folder, 'question: "Is {{ output }} right?"', people, judges)
    for number, name in enumerate(judges):
        found, told = calibrated(folder, cli, number), wanted["judges"][name]
        table, everything = found["calibration"]["table"], told["all"]
        assert found["calibration"]["missing"] == everything["missing"]
        assert (table["fp"], table["fn"]) == (everything["false_pass"], everything["false_fail"])
        assert found["agreement"] == pytest.approx(everything["agreement"], abs=NEAR)
        assert found["kappa"] == pytest.approx(everything["kappa"], abs=NEAR)
        assert found["sensitivity"]["value"] == pytest.approx(everything["recall"], abs=NEAR)
        rates = {each["version"]: (each["human_rate"], each["judge_rate"]) for each in found["versions"]}
        for system, of_system in told["by_system"].items():
            if not of_system["missing"]:
                expected = (of_system["human_rate"], of_system["judge_rate"])
                assert rates[system] == pytest.approx(expected, abs=NEAR)


def test_a_recorded_judge_is_shown_in_eighty_columns(
    folder: ProjectFolder, cli: Cli, monkeypatch: Any
) -> None:
    answers = rows(SHARED_DATA / "judge_triviaqa/verdicts.jsonl")
    people = [label(row["id"], "pass" if row["human"] else "fail", version=row["system"]) for row in answers]
    verdicts = [{"id": row["id"], "answer": "yes" if row["judges"]["GPT-4"] else "no"} for row in answers]
    project(folder, 'question: "Is {{ output }} right?"', people, {"GPT-4": verdicts})
    monkeypatch.setenv("COLUMNS", "80")
    result = cli("judge", "calibrate", "s", at=folder.root)
    lines = result.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[1] == "may fail a build"
    kept = json.loads((folder.root / "labels/s/j0/calibration.json").read_text())
    assert kept["people"] == ["person"]
