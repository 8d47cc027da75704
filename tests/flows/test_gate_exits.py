"""The gate never passes because nothing ran."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.chat_project import Chat, case_rows, chat, settings
from tests.support.cli import Cli
from tests.support.gated import ASKED, CASES, SUITE, gate, metric_of, on_main, outputs, start_branch, suite_of
from tests.support.gated import case_rows as recorded_rows
from tests.support.project import ProjectFolder
from tests.support.service import Call, Reply, service

PROMPT = 'model: {model}\nmessages: [{{role: user, content: "{text}"}}]\n'


def asking(folder: ProjectFolder, model: str) -> None:
    """A suite that asks a model on main, and a branch that asks otherwise."""
    folder.write({".gitignore": ".promptops/\n", "evals/s.yaml": ASKED})
    folder.write({"prompts/p.yaml": PROMPT.format(model=model, text="{{ message }}")})
    folder.write_rows("evals/datasets/d.jsonl", case_rows(CASES))
    start_branch(folder)
    folder.write({"prompts/p.yaml": PROMPT.format(model=model, text="new {{ message }}")})


@pytest.fixture
def served(folder: ProjectFolder) -> Iterator[Chat]:
    with chat() as model:
        settings(folder, model.url)
        asking(folder, "hosted_vllm/small")
        yield model


def test_without_a_key(folder: ProjectFolder, cli: Cli) -> None:
    asking(folder, "openai/gpt-4o-mini")
    result = gate(folder, cli)
    assert (result.code, result.out) == (3, "")
    assert "OPENAI_API_KEY" in result.err


def test_without_a_repository(folder: ProjectFolder, cli: Cli) -> None:
    folder.write({"promptops.toml": "", "evals/s.yaml": SUITE})
    result = gate(folder, cli)
    assert (result.code, result.out) == (3, "")
    assert "git init" in result.err


def test_without_a_commit(folder: ProjectFolder, cli: Cli) -> None:
    folder.git("init", "--quiet", "--initial-branch=main")
    folder.write({"promptops.toml": "", "evals/s.yaml": SUITE})
    result = gate(folder, cli)
    assert (result.code, result.out) == (3, "")
    assert "git commit" in result.err


def test_without_a_base(folder: ProjectFolder, cli: Cli) -> None:
    folder.write({"promptops.toml": "", "evals/s.yaml": SUITE})
    folder.git("init", "--quiet", "--initial-branch=mine")
    folder.commit("first")
    result = gate(folder, cli)
    assert (result.code, result.out) == (3, "")
    assert "--against" in result.err


@pytest.mark.parametrize("arguments", [("nothing",), ("x*",)])
def test_without_a_suite_of_that_name(arguments: tuple[str, ...], folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    assert gate(folder, cli, *arguments).code == 5


def test_without_any_suite(folder: ProjectFolder, cli: Cli) -> None:
    folder.write({"promptops.toml": ""}).commit("main")
    assert gate(folder, cli).code == 5


def test_without_any_case(folder: ProjectFolder, cli: Cli) -> None:
    chosen = SUITE.replace("datasets/d.jsonl", "{path: datasets/d.jsonl, where: 'false'}")
    on_main(folder, suite=chosen)
    folder.write_rows("evals/outputs.jsonl", outputs([0]))
    assert gate(folder, cli).code == 5


def test_without_an_output_of_the_head(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    folder.write_rows("evals/outputs.jsonl", outputs()[:1])
    result = gate(folder, cli)
    assert (result.code, suite_of(result)["verdict"]) == (4, "invalid")
    assert metric_of(result)["missing"] == CASES - 1
    assert len(suite_of(result)["case_ids"]["errored"]) == CASES - 1


def test_without_any_output_of_the_head_where_scorers_have_weights(folder: ProjectFolder, cli: Cli) -> None:
    weighted = SUITE.replace("exact_match}", "exact_match, weight: 2}")
    on_main(folder, suite=weighted)
    folder.write_rows("evals/outputs.jsonl", [{"id": "other", "output": "yes"}])
    result = gate(folder, cli)
    assert (result.code, suite_of(result)["verdict"]) == (4, "invalid")


def test_offline_without_answers_it_says_what_is_missing_and_who_can_help(
    folder: ProjectFolder, cli: Cli, served: Chat
) -> None:
    result = gate(folder, cli, "--offline")
    assert (result.code, suite_of(result)["verdict"], served.messages) == (4, "invalid", [])
    assert f"{CASES} of {CASES} answers of the base (100%) are not recorded" in suite_of(result)["reason"]
    assert "`promptops gate s`" in suite_of(result)["reason"]


def test_offline_with_some_answers_it_names_the_share(folder: ProjectFolder, cli: Cli, served: Chat) -> None:
    gate(folder, cli)
    asked = len(served.messages)
    text = "{% if message == 'm0' %}newer{% else %}new{% endif %} {{ message }}"
    folder.write({"prompts/p.yaml": PROMPT.format(model="hosted_vllm/small", text=text)})
    result = gate(folder, cli, "--offline")
    assert f"1 of {CASES} answers of the head ({1 / CASES:.0%})" in suite_of(result)["checks"][0]["reason"]
    assert (result.code, len(served.messages)) == (4, asked)


def test_offline_with_every_answer_it_judges(folder: ProjectFolder, cli: Cli, served: Chat) -> None:
    asked = gate(folder, cli)
    known = gate(folder, cli, "--offline")
    assert (known.code, metric_of(known)) == (asked.code, metric_of(asked))


def test_a_regression_wins_over_a_suite_without_a_verdict(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    folder.write({"evals/t.yaml": SUITE.replace("outputs", "others")})
    folder.write_rows("evals/others.jsonl", outputs())
    folder.git("switch", "--quiet", "main")
    folder.commit("second suite")
    folder.write_rows("evals/outputs.jsonl", outputs(range(CASES)))
    folder.write_rows("evals/others.jsonl", outputs()[:1])
    result = gate(folder, cli)
    assert [suite["verdict"] for suite in result.json["suites"]] == ["regressed", "invalid"]
    assert (result.code, result.json["verdict"]) == (1, "regressed")


def test_diff_never_judges(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    folder.write_rows("evals/outputs.jsonl", outputs(range(CASES)))
    result = gate(folder, cli, verb="diff")
    assert (result.code, result.json["verdict"]) == (0, "regressed")


def test_strictly_an_inconclusive_verdict_fails(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    folder.write_rows("evals/outputs.jsonl", outputs([0]))
    assert (gate(folder, cli).code, gate(folder, cli, "--strict").code) == (0, 4)


def test_a_branch_cannot_send_a_key_elsewhere(
    folder: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOSTED_VLLM_API_KEY", "sk-test-secret")
    with chat() as ours, chat() as theirs:
        settings(folder, ours.url)
        asking(folder, "hosted_vllm/small")
        settings(folder, theirs.url)
        result = gate(folder, cli)
        assert (result.code, theirs.messages) == (1, [])
        assert len(ours.messages) == 2 * CASES
    assert any("api_base" in change for change in result.json["settings_changes"])


SERVICE = """\
target: {{http: {{url: "{url}/x", headers: {{Authorization: "Bearer ${variable}"}}}}}}
dataset: datasets/d.jsonl
scorers: {{right: {{type: exact_match}}}}
"""


def echo(_: Call) -> Reply:
    return Reply({"output": "yes"})


@pytest.mark.parametrize("where", ["another service", "another variable", "a new suite"])
def test_a_branch_cannot_send_a_variable_to_a_service_that_the_base_does_not_name(
    where: str, folder: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUR_TOKEN", "t1")
    monkeypatch.setenv("OTHER_TOKEN", "t2")
    with service(echo) as ours, service(echo) as theirs:
        folder.write_rows("evals/datasets/d.jsonl", recorded_rows())
        folder.write({"evals/s.yaml": SERVICE.format(url=ours.url, variable="OUR_TOKEN")})
        start_branch(folder)
        url, variable = {"another variable": (ours.url, "OTHER_TOKEN")}.get(where, (theirs.url, "OUR_TOKEN"))
        name = "t" if where == "a new suite" else "s"
        folder.write({f"evals/{name}.yaml": SERVICE.format(url=url, variable=variable)})
        result = gate(folder, cli)
        assert (result.code, suite_of(result, name)["verdict"]) == (4, "invalid")
        assert f"`${variable}`" in suite_of(result, name)["reason"]
        sent = [call.headers.get("Authorization") for call in (*ours.calls, *theirs.calls)]
        assert set(sent) <= {"Bearer t1"}
        assert theirs.calls == []
