"""When a judge may fail a build: measured against people, on the base, itself, lately, and well enough."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from promptops.errors import ExitCode
from tests.flows.test_judge import SUITE, by_output, judge, project
from tests.support.calibrated import FEW, GOOD, calibrate
from tests.support.cli import Cli, Result
from tests.support.gated import gate, metric_of, suite_of
from tests.support.project import ProjectFolder
from tests.support.service import Service

CASES = 30
JUDGED = SUITE.replace("    question", "    evidence: false\n    question")
BETTER, WORSE = "40 euros, all fine", "40 euros, is worse"
"""As long as each other, so that nothing but what they say differs."""
CALIBRATION = "labels/s/grounded/calibration.json"


@pytest.fixture
def server() -> Iterator[Service]:
    with judge(by_output) as running:
        yield running


def on_main(folder: ProjectFolder, server: Service, suite: str = JUDGED) -> None:
    project(folder, server.url, suite, cases=CASES, output=BETTER)


def worse_on_a_branch(folder: ProjectFolder, server: Service, suite: str = JUDGED) -> None:
    """Commits what is there to main, and worse outputs to a branch."""
    folder.commit()
    folder.git("switch", "--quiet", "--create", "worse")
    project(folder, server.url, suite, cases=CASES, output=WORSE)
    folder.commit()


def why_not(result: Result) -> str:
    """Why the judge may not gate, in words; the gate passes and proves nothing."""
    assert (result.code, suite_of(result)["verdict"]) == (ExitCode.YES, "inconclusive")
    reason: str = metric_of(result)["reason"]
    return reason.partition("; not gating ")[2]


def test_a_calibrated_judge_fails_a_build(folder: ProjectFolder, cli: Cli, server: Service) -> None:
    on_main(folder, server)
    calibrate(folder)
    worse_on_a_branch(folder, server)
    result = gate(folder, cli)
    assert (result.code, suite_of(result)["verdict"]) == (ExitCode.NO, "regressed")


@pytest.mark.parametrize("more", ["gate: {floor: 0.9}\n", "gate: {must_pass: [c3]}\n"])
def test_its_floor_and_its_requirements_hold(
    more: str, folder: ProjectFolder, cli: Cli, server: Service
) -> None:
    on_main(folder, server, JUDGED + more)
    calibrate(folder)
    worse_on_a_branch(folder, server, JUDGED + more)
    checks = suite_of(gate(folder, cli))["checks"]
    assert {check["verdict"] for check in checks} & {"below_floor", "must_pass_failed"}


@pytest.mark.parametrize(
    ("calibration", "why"),
    [
        ({"table": FEW}, "only 32 labels, need 50"),
        ({"days": 131}, ", 131 days ago)"),
        ({"days": -30}, "which is yet to come"),
        ({"judge": "0" * 64}, "(grounded: changed since its calibration)"),
        ({"asked_again": 50, "flipped": 10}, "contradicts itself in 20%"),
    ],
)
def test_a_judge_that_was_not_measured_well_or_lately_does_not(
    calibration: dict[str, Any], why: str, folder: ProjectFolder, cli: Cli, server: Service
) -> None:
    on_main(folder, server)
    made = calibrate(folder, calibration.pop("table", GOOD), days=calibration.pop("days", 1))
    path = folder.root / CALIBRATION
    path.write_text(json.dumps(json.loads(path.read_text()) | calibration))
    worse_on_a_branch(folder, server)
    found = why_not(gate(folder, cli))
    assert why in found
    assert ("days" in found) == (f"calibrated {made.at[:10]}, 131" in found)


WITH_EXPECTED = JUDGED.replace("Does {{ output }}", "Unlike {{ expected }}, does {{ output }}")


@pytest.mark.parametrize(
    ("before", "edited"),
    [
        (JUDGED, JUDGED.replace("Does", "Does now")),
        (JUDGED, f"{JUDGED}    threshold: 0.9\n"),
        (JUDGED, f"{JUDGED}answer: {{line: last}}\n"),
        (WITH_EXPECTED, f"{WITH_EXPECTED}expected: '{{{{ case.context }}}}'\n"),
    ],
)
def test_what_another_verdict_would_be_made_from_is_another_judge(
    before: str, edited: str, folder: ProjectFolder, cli: Cli, server: Service
) -> None:
    on_main(folder, server, before)
    calibrate(folder)
    on_main(folder, server, edited)
    worse_on_a_branch(folder, server, edited)
    assert why_not(gate(folder, cli)) == "(grounded: changed since its calibration)"


GROUP = """\
target: {recorded: outputs.jsonl}
dataset: datasets/d.jsonl
scorers:
  both:
    type: all_of
    scorers:
      short: {type: max_words, value: 9}
      one: {type: judge, models: [hosted_vllm/judge], evidence: false, question: "Is {{ output }} so?"}
      two: {type: judge, models: [hosted_vllm/other], evidence: false, question: "Is {{ output }} so?"}
"""


@pytest.mark.parametrize(
    ("calibrated", "why"),
    [
        ((), "(both.one: not calibrated; both.two: not calibrated)"),
        (("both.one",), "(both.two: not calibrated)"),
        (("both.one", "both.two"), ""),
    ],
)
def test_a_group_is_trusted_as_its_least_trusted_judge(
    calibrated: tuple[str, ...], why: str, folder: ProjectFolder, cli: Cli, server: Service
) -> None:
    on_main(folder, server, GROUP)
    for each in calibrated:
        calibrate(folder, judge=each)
    worse_on_a_branch(folder, server, GROUP)
    result = gate(folder, cli)
    if why:
        assert why_not(result) == why
    else:
        assert suite_of(result)["verdict"] == "regressed"


def test_a_metric_that_joins_a_judge_with_others_is_advisory_too(
    folder: ProjectFolder, cli: Cli, server: Service
) -> None:
    suite = f"{JUDGED}  right: {{type: contains, value: euros, weight: 1}}\n"
    on_main(folder, server, suite)
    worse_on_a_branch(folder, server, suite)
    assert why_not(gate(folder, cli)) == "(grounded: not calibrated)"


def test_a_branch_cannot_calibrate_its_own_judge(folder: ProjectFolder, cli: Cli, server: Service) -> None:
    on_main(folder, server)
    worse_on_a_branch(folder, server)
    calibrate(folder)
    not_committed = gate(folder, cli)
    folder.commit()
    for result in (not_committed, gate(folder, cli)):
        assert why_not(result) == "(grounded: not calibrated)"
        (change,) = suite_of(result)["ruler"]["changes"]
        assert change.startswith("judge grounded: not calibrated → calibrated ")
    folder.git("switch", "--quiet", "main")
    folder.git("merge", "--quiet", "worse")
    folder.git("switch", "--quiet", "--create", "next")
    on_main(folder, server)
    folder.commit()
    improved = gate(folder, cli)
    assert (suite_of(improved)["verdict"], suite_of(improved)["ruler"]["changes"]) == ("improved", [])


@pytest.mark.parametrize("how", ["removed", "spoiled", "few"])
def test_a_branch_cannot_silence_a_judge(how: str, folder: ProjectFolder, cli: Cli, server: Service) -> None:
    on_main(folder, server)
    calibrate(folder)
    worse_on_a_branch(folder, server)
    if how == "removed":
        (folder.root / CALIBRATION).unlink()
    elif how == "few":
        calibrate(folder, FEW)
    else:
        folder.write({CALIBRATION: '{"judge": 3}'})
    folder.commit()
    result = cli("gate", "--format", "json", at=folder.root)
    if how == "spoiled":
        assert result.code == ExitCode.MEND_FIRST
        assert CALIBRATION in result.err
        return
    assert (result.code, suite_of(result)["verdict"]) == (ExitCode.NO, "regressed")
    (change,) = suite_of(result)["ruler"]["changes"]
    assert change.startswith("judge grounded: calibrated ")


def test_a_calibration_alone_is_told_of_and_asks_nothing(
    folder: ProjectFolder, cli: Cli, server: Service
) -> None:
    on_main(folder, server)
    folder.commit()
    folder.git("switch", "--quiet", "--create", "labels")
    calibrate(folder)
    folder.commit()
    found = suite_of(gate(folder, cli))
    assert found["verdict"] == "unchanged"
    assert "calibrated" in found["ruler"]["changes"][0]
    assert not server.calls


def test_a_new_suite_cannot_vouch_for_its_judge(folder: ProjectFolder, cli: Cli, server: Service) -> None:
    on_main(folder, server)
    (folder.root / "evals/s.yaml").unlink()
    folder.commit()
    folder.git("switch", "--quiet", "--create", "new")
    on_main(folder, server, f"{JUDGED}gate: {{floor: 1}}\n")
    project(folder, server.url, f"{JUDGED}gate: {{floor: 1}}\n", cases=CASES, output=WORSE)
    calibrate(folder)
    folder.commit()
    found = suite_of(gate(folder, cli))
    assert (found["verdict"], found["checks"]) == ("new", [])
    assert found["ruler"]["changes"][0].startswith("judge grounded: not calibrated → calibrated ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "calibration.json"),
        ('{"judge": 3}', "calibration.json"),
        (None, "`at` is not a time"),
    ],
)
def test_a_calibration_that_cannot_be_read_stops_everybody(
    content: str | None, message: str, folder: ProjectFolder, cli: Cli, server: Service
) -> None:
    on_main(folder, server)
    calibrate(folder, at="yesterday")
    if content is not None:
        folder.write({CALIBRATION: content})
    validated = cli("validate", at=folder.root)
    assert validated.code == ExitCode.NO
    assert message in validated.out
    worse_on_a_branch(folder, server)
    (folder.root / CALIBRATION).unlink()
    folder.commit()
    result = gate(folder, cli)
    found = suite_of(result)
    assert (result.code, found["verdict"]) == (ExitCode.NO_VERDICT, "invalid")
    assert message in found["reason"]
    assert not server.calls


def test_the_judge_is_asked_by_the_question_of_the_base(
    folder: ProjectFolder, cli: Cli, server: Service
) -> None:
    on_main(folder, server)
    calibrate(folder)
    softer = JUDGED.replace("Does", "Does (be kind)")
    worse_on_a_branch(folder, server, softer)
    found = suite_of(gate(folder, cli))
    assert found["verdict"] == "regressed"


def test_a_branch_cannot_bring_the_answers_of_judges(
    folder: ProjectFolder, cli: Cli, server: Service
) -> None:
    on_main(folder, server)
    calibrate(folder)
    worse_on_a_branch(folder, server)
    assert gate(folder, cli).code == ExitCode.NO
    folder.git("add", "--force", ".promptops")
    folder.commit("answers")
    result = cli("gate", at=folder.root)
    assert result.code == ExitCode.MEND_FIRST
    assert "`.promptops/` is committed" in result.err
    assert "git rm -r --cached .promptops" in result.err
