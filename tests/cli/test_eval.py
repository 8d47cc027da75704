"""`promptops eval`: what is checked before anything runs, and what is kept apart."""

from __future__ import annotations

import pytest

from promptops.errors import ExitCode
from tests.support.cli import Cli
from tests.support.project import ProjectFolder

CASES = [{"id": "a", "message": "one", "lang": "en"}, {"id": "b", "message": "two"}]
SUITE = "target: {python: 'app.py:answer'}\ndataset: datasets/d.jsonl\nexpected: \"{{ case.message }}\"\n"
SCORERS = "scorers: {same: {type: exact_match}}\n"
APP = "def answer(inputs):\n    print('thinking')\n    return inputs['message']\n"


@pytest.fixture
def project(folder: ProjectFolder) -> ProjectFolder:
    files = {"promptops.toml": "[plugins]\nlocal = true\n", "app.py": APP, "evals/s.yaml": SUITE + SCORERS}
    return folder.write(files).write_rows("evals/datasets/d.jsonl", CASES)


def test_what_the_code_under_test_prints_is_not_among_the_data(project: ProjectFolder, cli: Cli) -> None:
    result = cli("eval", "--format", "json", at=project.root)
    assert result.code == ExitCode.YES
    assert result.json["suites"][0]["metrics"][0]["mean"] == 1.0
    assert result.err.count("thinking") == len(CASES)


@pytest.mark.parametrize(
    ("suite", "told"),
    [
        ('scorers: {same: {type: exact_match, expected: "{{ case.nope }}"}}\n', "nope"),
        (f"cluster: longe\n{SCORERS}", "there is no field `longe` to cluster by"),
        (f"slices: [langue]\n{SCORERS}", "no case has the field `langue` to slice by"),
    ],
    ids=["expected of a scorer", "cluster", "slices"],
)
def test_a_field_that_no_case_has_is_told_before_anything_runs(
    project: ProjectFolder, cli: Cli, suite: str, told: str
) -> None:
    project.write({"evals/s.yaml": SUITE + suite})
    for verb, code in (("eval", ExitCode.MEND_FIRST), ("validate", ExitCode.NO)):
        result = cli(verb, at=project.root)
        assert result.code == code
        assert told in result.out + result.err
        assert "evals/s.yaml" in result.out + result.err
    assert not (project.root / ".promptops").exists()


def test_a_slice_holds_the_cases_that_have_its_field(project: ProjectFolder, cli: Cli) -> None:
    project.write({"evals/s.yaml": f"{SUITE}slices: [lang]\n{SCORERS}"})
    (measured,) = cli("eval", "--format", "json", at=project.root).json["suites"]
    assert [(each["value"], each["n"]) for each in measured["slices"]] == [("en", 1)]


def test_a_missing_key_is_told_where_the_model_is_named(folder: ProjectFolder, cli: Cli) -> None:
    prompt = "messages:\n  - {role: user, content: '{{ message }}'}\n"
    suite = f"prompt: p\nmodels: [promptops/nearest-example, openai/gpt-4o-mini]\ndataset: datasets/d.jsonl\n{SCORERS}"
    folder.write({"prompts/p.yaml": prompt, "evals/s.yaml": suite})
    folder.write_rows("evals/datasets/d.jsonl", [{**case, "expected": "x"} for case in CASES])
    result = cli("eval", at=folder.root)
    assert result.code == ExitCode.MEND_FIRST
    assert "evals/s.yaml:2:" in result.err
    assert "`OPENAI_API_KEY`" in result.err


@pytest.mark.parametrize("verb", ["runs", "report"])
@pytest.mark.parametrize("content", [b"{", b"[]", b'{"format": 1}', b'{"format": 1, "run": {}}', b"\xff"])
def test_a_damaged_record_of_a_run_is_told(
    project: ProjectFolder, cli: Cli, verb: str, content: bytes
) -> None:
    assert cli("eval", at=project.root).code == ExitCode.YES
    (record,) = project.root.glob(".promptops/runs/*/run.json")
    record.write_bytes(content)
    result = cli(verb, at=project.root)
    assert result.code == (ExitCode.YES if verb == "runs" else ExitCode.MEND_FIRST)
    assert f"the record of run `{record.parent.name}` is damaged" in result.err


def test_the_results_of_a_damaged_run_are_told(project: ProjectFolder, cli: Cli) -> None:
    assert cli("eval", at=project.root).code == ExitCode.YES
    (results,) = project.root.glob(".promptops/runs/*/results.jsonl")
    results.write_bytes(results.read_bytes()[:-20])
    result = cli("report", "--failures", at=project.root)
    assert result.code == ExitCode.MEND_FIRST
    assert "is damaged" in result.err


def test_without_a_run_there_is_nothing_to_report(project: ProjectFolder, cli: Cli) -> None:
    result = cli("report", at=project.root)
    assert result.code == ExitCode.NOTHING_SELECTED
    assert "there are no runs yet" in result.err
