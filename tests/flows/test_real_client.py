"""The real litellm client against a server on the loopback interface."""

from __future__ import annotations

import pytest

from tests.support.cli import Cli, Result, only_suite
from tests.support.openai_server import Answer, serving
from tests.support.project import ProjectFolder

# What litellm and its dependencies warn about is not ours to mend.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]

KEY = "sk-test-0123456789abcdef"
PROMPT = """\
model: openai/gpt-4o-mini
parameters: {temperature: 0}
messages:
  - {role: system, content: "Answer with card or refund."}
  - {role: user, content: "{{ message }}"}
"""
SUITE = "prompt: p\ndataset: datasets/d.jsonl\nscorers: {accuracy: {type: exact_match}}\n"


@pytest.fixture
def project(folder: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> ProjectFolder:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    cases = [{"id": f"c{n}", "message": f"m{n}", "expected": "card" if n else "refund"} for n in range(4)]
    return folder.write({"prompts/p.yaml": PROMPT, "evals/s.yaml": SUITE}).write_rows(
        "evals/datasets/d.jsonl", cases
    )


def evaluate(project: ProjectFolder, cli: Cli, url: str, *, retries: int = 2) -> Result:
    project.write(
        {
            "promptops.toml": f'[providers.openai]\napi_base = "{url}"\n[run]\nretries = {retries}\nconcurrency = 1\n'
        }
    )
    result = cli("eval", "--format", "json", at=project.root)
    assert KEY not in result.out + result.err
    return result


def test_a_run_has_scores_tokens_and_cost(project: ProjectFolder, cli: Cli) -> None:
    with serving() as server:
        result = evaluate(project, cli, server.url)
    suite = only_suite(result)
    assert result.code == 0
    assert suite["metrics"][0]["mean"] == 0.75
    assert (suite["input_tokens"], suite["output_tokens"], suite["calls"]) == (400, 40, 4)
    assert suite["cost_usd"] > 0
    assert len(server.requests) == 4
    assert server.requests[0]["body"]["messages"][0]["role"] == "system"
    assert server.requests[0]["body"]["temperature"] == 0


def test_a_rate_limit_is_waited_out(project: ProjectFolder, cli: Cli) -> None:
    with serving(Answer(status=429, headers={"Retry-After": "0"}), Answer()) as server:
        result = evaluate(project, cli, server.url)
    assert only_suite(result)["errored"] == 0
    assert len(server.requests) == 5


def test_a_provider_that_keeps_failing_loses_cases_and_gives_no_verdict(
    project: ProjectFolder, cli: Cli
) -> None:
    with serving(Answer(status=503)) as server:
        result = evaluate(project, cli, server.url, retries=0)
    suite = only_suite(result)
    assert result.code == 4
    assert (suite["scored"], suite["errored"]) == (0, 4)
    assert suite["metrics"][0]["mean"] is None
    assert len(server.requests) == 4


def test_a_rejected_key_stops_the_run_at_once(project: ProjectFolder, cli: Cli) -> None:
    error = {"message": f"Incorrect API key provided: {KEY}", "code": "invalid_api_key"}
    with serving(Answer(status=401, error=error)) as server:
        result = evaluate(project, cli, server.url)
    assert result.code == 4
    assert "401" in result.err
    assert len(server.requests) == 1


def test_an_answer_that_was_cut_off_is_scored_and_flagged(project: ProjectFolder, cli: Cli) -> None:
    with serving(Answer(content="ca", finish_reason="length")) as server:
        suite = only_suite(evaluate(project, cli, server.url))
    assert suite["scored"] == 4
    assert {each["failure"] for each in suite["failed_output"]} == {"cut_off"}


def test_an_output_schema_is_asked_for(project: ProjectFolder, cli: Cli) -> None:
    project.write({"prompts/p.yaml": PROMPT + "output: {type: object, properties: {a: {type: string}}}\n"})
    with serving(Answer(content="{}")) as server:
        evaluate(project, cli, server.url)
    assert server.requests[0]["body"]["response_format"]["json_schema"]["schema"]["properties"] == {
        "a": {"type": "string"}
    }


def test_tools_reach_the_model_and_its_calls_are_the_output(project: ProjectFolder, cli: Cli) -> None:
    tool = (
        "tools:\n  - {type: function, function: {name: find, parameters: {type: object, properties: {}}}}\n"
    )
    project.write(
        {
            "prompts/p.yaml": PROMPT + tool,
            "evals/s.yaml": SUITE.replace("exact_match", "contains, value: find"),
        }
    )
    call = {"id": "1", "type": "function", "function": {"name": "find", "arguments": "{}"}}
    with serving(Answer(content=None, tool_calls=[call], finish_reason="tool_calls")) as server:
        suite = only_suite(evaluate(project, cli, server.url))
    assert server.requests[0]["body"]["tools"][0]["function"]["name"] == "find"
    assert suite["metrics"][0]["mean"] == 1.0


def test_a_missing_key_is_named_before_anything_is_sent(
    project: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    result = cli("eval", at=project.root)
    assert result.code == 3
    assert "`OPENAI_API_KEY`" in result.err
    assert not (project.root / ".promptops").exists()


def test_a_model_that_litellm_does_not_know(project: ProjectFolder, cli: Cli) -> None:
    project.write({"prompts/p.yaml": PROMPT.replace("openai/gpt-4o-mini", "opnai/gpt-4o-mini")})
    result = cli("eval", at=project.root)
    assert result.code == 3
    assert "does not know the model `opnai/gpt-4o-mini`" in result.err
