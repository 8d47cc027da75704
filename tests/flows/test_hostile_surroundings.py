"""What goes on around a run: edited datasets, odd endpoints and keys, parameters that reach for the client."""

from __future__ import annotations

from pathlib import Path

import pytest

from promptops.errors import ExitCode
from tests.support.chat_project import chat, chat_project, said, settings, unfinished_journals
from tests.support.cli import Cli
from tests.support.project import ProjectFolder
from tests.support.service import Reply

MODEL_KEY = "HOSTED_VLLM_API_KEY"


@pytest.mark.parametrize("edited", ["shorter", "longer", "reworded"])
def test_a_dataset_that_is_edited_during_a_run_gives_no_score(
    folder: ProjectFolder, cli: Cli, edited: str
) -> None:
    cases = 8
    dataset = folder.root / "evals/datasets/d.jsonl"

    def edit(message: str) -> Reply:
        lines = dataset.read_text(encoding="utf-8").splitlines(keepends=True)
        if message == "m0" and len(lines) == cases:
            changed = {
                "shorter": lines[:-2],
                "longer": [*lines, *(line.replace('"c', '"x') for line in lines)],
                "reworded": [*lines[:-1], lines[-1].replace('"m7"', '"n7"')],
            }
            dataset.write_text("".join(changed[edited]), encoding="utf-8")
        return said(message)

    with chat(edit) as model:
        chat_project(folder, model.url, cases=cases, run="concurrency = 1")
        result = cli("eval", at=folder.root)
        assert result.code == ExitCode.MEND_FIRST
        assert "the dataset was edited while its cases ran" in result.err
        assert unfinished_journals(folder.root) == []
        assert list(folder.root.glob(".promptops/runs/*/run.json")) == []
        assert cli("eval", at=folder.root).code == ExitCode.YES


@pytest.mark.parametrize(
    "parameter",
    [
        "aws_bedrock_runtime_endpoint: http://127.0.0.1:9",
        "deployment_id: other",
        "extra_body: {messages: []}",
        "vertex_project: x",
        "ssl_verify: false",
        "base_model: x",
        "use_litellm_proxy: true",
        "input_cost_per_token: 0",
        "api_base: http://127.0.0.1:9",
        "stream: true",
    ],
)
def test_a_parameter_that_steers_the_client_is_refused(
    folder: ProjectFolder, cli: Cli, parameter: str
) -> None:
    with chat() as model:
        chat_project(folder, model.url)
        prompt = (folder.root / "prompts/p.yaml").read_text(encoding="utf-8")
        folder.write({"prompts/p.yaml": f"parameters: {{{parameter}}}\n{prompt}"})
        result = cli("eval", at=folder.root)
        assert model.bodies == []
    assert result.code == ExitCode.MEND_FIRST
    assert f"`{parameter.partition(':')[0]}` is no parameter of a model" in result.err


def test_parameters_of_models_are_sent(folder: ProjectFolder, cli: Cli) -> None:
    wanted = {"top_k": 4, "min_p": 0.1, "logit_bias": {"5": 1}, "max_tokens": 9, "reasoning_effort": "low"}
    with chat() as model:
        chat_project(folder, model.url, cases=1)
        prompt = (folder.root / "prompts/p.yaml").read_text(encoding="utf-8")
        written = ", ".join(f"{name}: {value}".replace("'", '"') for name, value in wanted.items())
        folder.write({"prompts/p.yaml": f"parameters: {{{written}}}\n{prompt}"})
        assert cli("eval", at=folder.root).code == ExitCode.YES
        (body,) = model.bodies
    assert {name: body[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    "url",
    ["http://user:pw@127.0.0.1:9/v1", "http://[::1/v1", "http://exa mple/v1", "http://127.0.0.1:9/v1?a=b"],
)
def test_an_endpoint_that_is_no_endpoint_is_told(folder: ProjectFolder, cli: Cli, url: str) -> None:
    chat_project(folder, url)
    result = cli("eval", at=folder.root)
    assert result.code == ExitCode.MEND_FIRST
    assert "the `api_base` of `hosted_vllm`" in result.err


def test_a_line_end_behind_a_key_is_no_part_of_it(
    folder: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MODEL_KEY, "some-key-123\n")
    with chat() as model:
        chat_project(folder, model.url)
        assert cli("eval", at=folder.root).code == ExitCode.YES
        assert {call.headers["Authorization"] for call in model.service.calls} == {"Bearer some-key-123"}


def test_a_slash_behind_an_endpoint_asks_nothing_again(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        chat_project(folder, model.url)
        assert cli("eval", at=folder.root).code == ExitCode.YES
        count = len(model.bodies)
        settings(folder, f"{model.url}/")
        assert cli("eval", at=folder.root).code == ExitCode.YES
        assert model.asked_since(count) == []


def test_half_a_character_in_an_answer_does_no_harm(folder: ProjectFolder, cli: Cli) -> None:
    with chat(lambda _: said("a\ud800b")) as model:
        chat_project(folder, model.url)
        assert cli("eval", at=folder.root).code == ExitCode.YES
        shown = cli("report", "--failures", at=folder.root)
    assert shown.code == ExitCode.YES
    assert "a\ufffdb" in shown.out


def test_half_a_character_in_a_dataset_is_told_with_its_line(folder: ProjectFolder, cli: Cli) -> None:
    chat_project(folder, "http://127.0.0.1:9/v1")
    folder.write(
        {"evals/datasets/d.jsonl": '{"id": "a", "message": "x"}\n{"id": "b", "message": "\\ud800"}\n'}
    )
    result = cli("eval", at=folder.root)
    assert result.code == ExitCode.MEND_FIRST
    assert "evals/datasets/d.jsonl:2" in result.err
    assert "half of a character" in result.err


def test_bad_answers_in_a_row_do_not_mean_that_a_provider_is_down(folder: ProjectFolder, cli: Cli) -> None:
    with chat(lambda message: Reply(b"<html>") if message != "m19" else said(message)) as model:
        chat_project(folder, model.url, cases=20, run="concurrency = 1\nretries = 0")
        result = cli("eval", "--format", "json", at=folder.root)
    (suite,) = result.json["suites"]
    assert (suite["scored"], suite["errored"]) == (1, 19)
    assert {each["kind"] for each in suite["errors"]} == {"bad_answer"}


def test_a_home_that_nobody_has_is_told(
    folder: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPTOPS_HOME", "~nosuchuser-at-all/x")
    result = cli("list", at=folder.root)
    assert result.code == ExitCode.MEND_FIRST
    assert "nosuchuser-at-all" in result.err


def test_a_relative_home_is_the_same_from_everywhere(
    folder: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPTOPS_HOME", "state")
    with chat() as model:
        chat_project(folder, model.url)
        assert cli("eval", at=folder.root / "evals").code == ExitCode.YES
    assert Path(folder.root / "state" / "answers.sqlite").exists()
