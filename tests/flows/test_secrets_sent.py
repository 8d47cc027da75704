"""A branch cannot send a secret of the environment elsewhere by editing a suite."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.cli import Cli, Result
from tests.support.gated import CASES, case_rows, gate, metric_of, on_main, outputs, start_branch, suite_of
from tests.support.project import ProjectFolder
from tests.support.service import Call, Reply, service

SECRET = "hunter2-correct-horse"


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JUDGE_SECRET", SECRET)
    monkeypatch.setenv("OTHER_SECRET", SECRET)


def judged(call: Call) -> Reply:
    sample = call.json
    return Reply({"score": float(sample["output"] == sample["expected"])})


def webhook(url: str, variable: str | None = "JUDGE_SECRET", *, grouped: bool = False) -> str:
    """A suite over recorded outputs whose scorer is a service."""
    headers = {"X-Key": f"${variable}"} if variable else {}
    scorer: dict[str, Any] = {"type": "webhook", "url": url, "headers": headers}
    if grouped:
        inner = {"inner": {"type": "weighted", "scorers": {"judge": scorer}}}
        scorer = {"type": "weighted", "scorers": inner}
    return (
        "target: {recorded: {path: outputs.jsonl}}\ndataset: datasets/d.jsonl\n"
        f"scorers: {json.dumps({'right': scorer})}\n"
    )


def judged_by(folder: ProjectFolder, cli: Cli, before: str, after: str) -> Result:
    """The gate over a branch that breaks every output and edits the suite."""
    on_main(folder, suite=before)
    folder.write({"evals/s.yaml": after})
    folder.write_rows("evals/outputs.jsonl", outputs(range(CASES)))
    return gate(folder, cli)


@pytest.mark.parametrize("grouped", [False, True])
def test_a_scorer_that_the_branch_moves_elsewhere_gets_nothing(
    grouped: bool, folder: ProjectFolder, cli: Cli
) -> None:
    with service(judged) as trusted, service(judged) as elsewhere:
        before, after = (webhook(each.url, grouped=grouped) for each in (trusted, elsewhere))
        result = judged_by(folder, cli, before, after)
    assert elsewhere.calls == []
    found = suite_of(result)
    # The base's scorer judges all the same.
    assert (result.code, metric_of(result)["lower"]) == (1, CASES)
    assert len(trusted.calls) == 2 * CASES
    (told,) = [each for each in found["ruler"]["changes"] if "not measured" in each]
    assert f"`$JUDGE_SECRET` would be sent to `{elsewhere.url}`" in told


def test_another_variable_for_the_same_place_is_not_sent(folder: ProjectFolder, cli: Cli) -> None:
    with service(judged) as served:
        judged_by(folder, cli, webhook(served.url), webhook(served.url, "OTHER_SECRET"))
    assert len(served.calls) == 2 * CASES
    assert {call.headers["X-Key"] for call in served.calls} == {SECRET}


@pytest.mark.parametrize("variable", ["JUDGE_SECRET", None])
def test_a_scorer_that_gets_no_new_secret_measures_for_the_branch(
    variable: str | None, folder: ProjectFolder, cli: Cli
) -> None:
    with service(judged) as served:
        result = judged_by(folder, cli, webhook(served.url), webhook(f"{served.url}/v2", variable))
    (branch,) = suite_of(result)["ruler"]["branch_metrics"]
    assert branch["mean"] == 0.0
    assert len([call for call in served.calls if call.path == "/v2"]) == CASES


def test_a_new_suite_of_the_branch_gets_no_secret(folder: ProjectFolder, cli: Cli) -> None:
    with service(judged) as served:
        on_main(folder)
        folder.write({"evals/new.yaml": webhook(served.url)})
        result = gate(folder, cli)
    assert served.calls == []
    (found,) = [each for each in result.json["suites"] if each["suite"] == "new"]
    assert found["verdict"] == "invalid"
    assert "`$JUDGE_SECRET` would be sent to" in found["reason"]


@pytest.mark.parametrize("key", ["target", "retriever"])
def test_what_is_evaluated_gets_no_secret_that_the_base_does_not_send(
    key: str, folder: ProjectFolder, cli: Cli
) -> None:
    def suite(url: str) -> str:
        asked = json.dumps({"http": {"url": url, "headers": {"X-Key": "$JUDGE_SECRET"}}})
        rest = "prompt: p\n" if key == "retriever" else ""
        return f"{key}: {asked}\n{rest}dataset: datasets/d.jsonl\nscorers: {{right: {{type: exact_match}}}}\n"

    def answer(_: Call) -> Reply:
        return Reply({"output": "yes", "documents": []})

    with service(answer) as trusted, service(answer) as elsewhere:
        prompt = 'model: promptops/nearest-example\nmessages: [{role: user, content: "{{ text }}"}]\n'
        folder.write({".gitignore": ".promptops/\n", "prompts/p.yaml": prompt})
        folder.write({"evals/s.yaml": suite(trusted.url)}).write_rows("evals/datasets/d.jsonl", case_rows())
        start_branch(folder)
        folder.write({"evals/s.yaml": suite(elsewhere.url)})
        result = gate(folder, cli)
    assert elsewhere.calls == []
    assert suite_of(result)["verdict"] == "invalid"
    assert f"would be sent to `{elsewhere.url}`" in suite_of(result)["reason"]
