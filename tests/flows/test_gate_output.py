"""The JSON of `diff` and `gate` has every field that the contract names."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.model.comparison import Verdict
from tests.support.cli import Cli
from tests.support.gated import SUITE, case_rows, gate, on_main, outputs
from tests.support.project import ProjectFolder

TOP = {"format", "verb", "exit_code", "verdict", "base", "head", "overall", "suites", "prompts"}
BASE = {"ref", "sha", "how", "commits_behind"}
HEAD = {"sha", "branch", "dirty"}
SUITE_FIELDS = {
    "suite", "verdict", "reason", "changed", "ruler", "metrics", "slices", "case_ids", "cost_usd", "latency_ms"
}  # fmt: skip
METRIC = {
    "metric", "primary", "test", "n", "base_mean", "head_mean", "delta", "ci_low", "ci_high", "broke", "fixed",
    "lower", "higher", "missing", "p_worse", "p_adjusted", "mde80", "verdict",
}  # fmt: skip
CASE_IDS = {"broke", "fixed", "lower", "higher", "added", "removed", "edited", "errored", "stable_breaks"}
LATENCY = {"p50", "p95"}
SLICED = f"{SUITE}slices: [lang]\n"


@pytest.fixture
def branch(folder: ProjectFolder) -> ProjectFolder:
    """Three suites, so that there is an overall verdict; one prompt, of which the branch edits a message."""
    for name in ("t", "u"):
        folder.write({f"evals/{name}.yaml": SLICED})
    folder.write({"prompts/p.yaml": "messages: [{role: user, content: a}]\n"})
    on_main(folder, suite=SLICED)
    folder.write({"prompts/p.yaml": "messages: [{role: user, content: b}]\n"})
    folder.write_rows("evals/outputs.jsonl", outputs(range(12)))
    folder.write({"evals/s.yaml": SLICED + "gate: {floor: 0.5}\n"})
    return folder


def assert_has(record: Any, names: set[str], where: str) -> None:
    assert names <= set(record), f"{where} lacks {names - set(record)}"


@pytest.mark.parametrize(("verb", "code"), [("diff", 0), ("gate", 1)])
def test_every_field_is_there(verb: str, code: int, branch: ProjectFolder, cli: Cli) -> None:
    result = gate(branch, cli, verb=verb)
    document = result.json
    assert list(document)[:3] == ["format", "verb", "exit_code"]
    assert (document["format"], document["verb"], document["exit_code"]) == (1, verb, code)
    assert result.code == code
    assert_has(document, TOP, "the object")
    assert_has(document["base"], BASE, "base")
    assert_has(document["head"], HEAD, "head")
    assert_has(document["overall"], METRIC, "overall")
    assert len(document["suites"]) == 3
    for suite in document["suites"]:
        assert_has(suite, SUITE_FIELDS, suite["suite"])
        assert_has(suite["ruler"], {"changes", "branch_metrics"}, "ruler")
        assert_has(suite["case_ids"], CASE_IDS, "case_ids")
        assert_has(suite["cost_usd"], {"base", "head"}, "cost_usd")
        for side in ("base", "head"):
            assert_has(suite["latency_ms"][side], LATENCY, "latency_ms")
        for metric in suite["metrics"]:
            assert_has(metric, METRIC, "a metric")
        assert {each["value"] for each in suite["slices"]} == {row["lang"] for row in case_rows()}
    (prompt,) = document["prompts"]
    assert_has(prompt, {"prompt", "changes"}, "a prompt")


@pytest.mark.parametrize("verb", ["diff", "gate"])
def test_names_are_those_of_the_contract(verb: str, branch: ProjectFolder, cli: Cli) -> None:
    document = gate(branch, cli, verb=verb).json
    verdicts = {suite["verdict"] for suite in document["suites"]} | {document["verdict"]}
    assert verdicts <= set(Verdict)
    assert document["base"]["how"] in ("ledger", "cache", "evaluated", "none")
    for suite in document["suites"]:
        for metric in suite["metrics"]:
            assert metric["test"] in ("tango", "paired_t", "golden", "bootstrap")


def test_a_comparison_without_a_run_has_them_too(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    document = gate(folder, cli).json
    assert_has(document, TOP, "the object")
    assert document["base"]["how"] == "none"
    (suite,) = document["suites"]
    assert_has(suite, SUITE_FIELDS, "the suite")
    assert_has(suite["case_ids"], CASE_IDS, "case_ids")


def test_suites_stand_worst_first(branch: ProjectFolder, cli: Cli) -> None:
    branch.write({"evals/a.yaml": SUITE})
    document = gate(branch, cli).json
    ranks = [Verdict(suite["verdict"]).rank for suite in document["suites"]]
    assert ranks == sorted(ranks)
    assert document["verdict"] == document["suites"][0]["verdict"]
