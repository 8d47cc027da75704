"""The scorer `embedding_similarity` with the real litellm client against a server on the loopback interface."""

from __future__ import annotations

import socket
from statistics import fmean
from typing import Any

import pytest

from promptops.errors import ExitCode
from tests.support.chat import always, refusal
from tests.support.cli import Cli, Result, only_suite
from tests.support.embeddings import TOKENS, cosine, embedded, embeddings
from tests.support.project import ProjectFolder
from tests.support.service import Reply

# What litellm and its dependencies warn about is not ours to mend.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]

KEY = "sk-test-0123456789abcdef"
SUITE = """\
target: {recorded: outputs.jsonl}
dataset: datasets/d.jsonl
scorers: {close: {type: embedding_similarity, model: openai/text-embedding-3-small}}
"""
ANSWERS = [("abc", "abc"), ("abc", "abd"), ("abc", ["xyz", "abcd"]), ("xyz", "abc"), (" ", "abc")]


@pytest.fixture
def project(folder: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> ProjectFolder:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return write(folder, ANSWERS)


def write(folder: ProjectFolder, answers: list[tuple[str, Any]]) -> ProjectFolder:
    cases = [{"id": f"c{n}", "expected": expected} for n, (_, expected) in enumerate(answers)]
    outputs = [{"id": f"c{n}", "output": output} for n, (output, _) in enumerate(answers)]
    folder.write({"evals/s.yaml": SUITE}).write_rows("evals/datasets/d.jsonl", cases)
    return folder.write_rows("evals/outputs.jsonl", outputs)


def evaluate(project: ProjectFolder, cli: Cli, url: str, *arguments: str, run: str = "retries = 1") -> Result:
    project.write({"promptops.toml": f'[providers.openai]\napi_base = "{url}"\n[run]\n{run}\n'})
    result = cli("eval", "--format", "json", *arguments, at=project.root)
    assert KEY not in result.out + result.err
    return result


def test_scores_are_cosines_and_of_several_texts_the_closest_counts(project: ProjectFolder, cli: Cli) -> None:
    with embeddings() as model:
        result = evaluate(project, cli, model.url)
    suite = only_suite(result)
    values = [
        max(cosine(output, text) for text in ([expected] if isinstance(expected, str) else expected))
        for output, expected in ANSWERS[:-1]
    ]
    assert result.code == ExitCode.YES
    assert suite["metrics"][0]["mean"] == pytest.approx(fmean([*values, 0.0]))
    assert {call.headers["authorization"] for call in model.service.calls} == {f"Bearer {KEY}"}
    assert {call.json["model"] for call in model.service.calls} == {"text-embedding-3-small"}


def test_no_text_is_sent_twice_and_none_again(project: ProjectFolder, cli: Cli) -> None:
    with embeddings() as model:
        first = evaluate(project, cli, model.url)
        assert sorted(model.texts) == sorted({"abc", "abd", "xyz", "abcd"})
        again = evaluate(project, cli, model.url)
        assert len(model.texts) == 4
        offline = evaluate(project, cli, model.url, "--offline")
        assert len(model.texts) == 4
        evaluate(project, cli, model.url, "--fresh")
        assert len(model.texts) == 8
    means = [only_suite(each)["metrics"][0]["mean"] for each in (first, again, offline)]
    assert means[0] == means[1] == means[2]


def test_another_endpoint_is_another_embedding(project: ProjectFolder, cli: Cli) -> None:
    with embeddings() as model:
        evaluate(project, cli, model.url)
    with embeddings() as model:
        evaluate(project, cli, model.url)
        assert len(model.texts) == 4


def test_offline_a_text_that_is_not_kept_is_not_asked_for(project: ProjectFolder, cli: Cli) -> None:
    with embeddings() as model:
        suite = only_suite(evaluate(project, cli, model.url, "--offline"))
    assert model.texts == []
    assert (suite["errored"], suite["unrecorded"]) == (4, 4)
    assert {each["kind"] for each in suite["errors"]} == {"not_asked"}


def test_an_empty_output_is_wrong_and_costs_nothing(project: ProjectFolder, cli: Cli) -> None:
    write(project, [("", "abc"), ("\n", "abc")])
    with embeddings() as model:
        suite = only_suite(evaluate(project, cli, model.url))
    assert (suite["scored"], suite["metrics"][0]["mean"]) == (2, 0.0)
    assert model.texts == []


def test_a_service_that_cannot_be_reached_loses_the_cases(project: ProjectFolder, cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    result = evaluate(project, cli, f"http://127.0.0.1:{port}/v1", run="retries = 0")
    suite = only_suite(result)
    assert result.code == ExitCode.NO_VERDICT
    assert {each["kind"] for each in suite["errors"]} == {"network"}
    # The empty output needs no embedding.
    assert (suite["scored"], suite["errored"]) == (1, 4)


@pytest.mark.parametrize(
    "reply",
    [
        embedded([]),
        embedded([0.0, 0.0]),
        embedded("AAAA"),
        embedded(["1"]),
        embedded([None]),
        embedded(None),
        Reply({"data": []}),
        Reply({"error": "no"}),
        Reply(b"<html>"),
    ],
    ids=["no numbers", "no direction", "a text", "texts", "nulls", "null", "no data", "an error", "no JSON"],
)
def test_an_answer_that_is_no_embedding_loses_the_case(
    project: ProjectFolder, cli: Cli, reply: Reply
) -> None:
    write(project, ANSWERS[:1])
    with embeddings(always(reply)) as model:
        suite = only_suite(evaluate(project, cli, model.url, run="retries = 0"))
    assert [each["kind"] for each in suite["errors"]] == ["bad_answer"]


def test_a_rate_limit_is_waited_out(project: ProjectFolder, cli: Cli) -> None:
    replies = iter([refusal(429, retry_after="0")])
    with embeddings(lambda call: next(replies, embedded([1.0]))) as model:
        suite = only_suite(evaluate(project, cli, model.url))
    assert suite["errored"] == 0


def test_a_rejected_key_stops_the_run(project: ProjectFolder, cli: Cli) -> None:
    with embeddings(always(refusal(401, f"Incorrect API key provided: {KEY}"))) as model:
        result = evaluate(project, cli, model.url, run="retries = 0\nconcurrency = 1")
    assert result.code == ExitCode.NO_VERDICT
    assert "401" in result.err
    assert len(model.texts) == 1


def test_a_text_that_is_too_long_for_the_model_loses_its_case(project: ProjectFolder, cli: Cli) -> None:
    refused = refusal(400, "maximum context length is 8192 tokens", code="context_length_exceeded")
    write(project, ANSWERS[:1])
    with embeddings(always(refused)) as model:
        suite = only_suite(evaluate(project, cli, model.url))
    assert [each["kind"] for each in suite["errors"]] == ["context_overflow"]


def test_of_a_huge_output_only_the_beginning_is_sent(project: ProjectFolder, cli: Cli) -> None:
    write(project, [("abc😀" * 250_000, "abc")])
    with embeddings() as model:
        suite = only_suite(evaluate(project, cli, model.url))
    assert suite["metrics"][0]["mean"] == pytest.approx(1.0)
    assert sorted(map(len, model.texts)) == [3, 8_000]


def test_a_budget_holds_for_embeddings(project: ProjectFolder, cli: Cli) -> None:
    with embeddings() as model:
        result = evaluate(project, cli, model.url, run="budget_usd = 0.0000000001")
    assert result.code == ExitCode.NO_VERDICT
    assert "budget" in result.err
    assert model.texts == []


def test_what_is_known_of_a_price_is_enough_for_a_budget(project: ProjectFolder, cli: Cli) -> None:
    # A text of three bytes may take three tokens and some, at 0.02 US dollars a million.
    with embeddings() as model:
        result = evaluate(project, cli, model.url, run=f"budget_usd = {4 * 10 * TOKENS * 2e-8}")
    assert (result.code, only_suite(result)["errored"]) == (ExitCode.YES, 0)


def test_calls_that_wait_for_their_turn_are_not_too_slow(project: ProjectFolder, cli: Cli) -> None:
    with embeddings() as model:
        toml = (
            f'[providers.openai]\napi_base = "{model.url}"\nrequests_per_minute = 120\n[run]\ntimeout_s = 1\n'
        )
        project.write({"promptops.toml": toml})
        suite = only_suite(cli("eval", "--format", "json", at=project.root))
    assert suite["errored"] == 0


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("opnai/text-embedding-3-small", "does not know the model `opnai/text-embedding-3-small`"),
        ("promptops/nearest-example", "`promptops/nearest-example` makes no embeddings"),
        ("openai/text-embedding-3-small", "`OPENAI_API_KEY`"),
    ],
)
def test_a_model_or_key_that_is_missing_is_told_before_anything_is_run(
    project: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch, model: str, told: str
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    project.write({"evals/s.yaml": SUITE.replace("openai/text-embedding-3-small", model)})
    result = cli("eval", at=project.root)
    assert result.code == ExitCode.MEND_FIRST
    assert told in result.err
    assert not (project.root / ".promptops").exists()
