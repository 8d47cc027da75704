"""The target `http` against real services on the loopback interface."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from promptops.errors import ExitCode
from promptops.web_service import KEY_REJECTED, MOST_BYTES
from tests.support.cli import Cli, Result, only_suite
from tests.support.project import ProjectFolder, rows
from tests.support.service import Call, Reply, service

SECRET = "hunter2-correct-horse"
SUITE = """\
target: {{http: {options}}}
dataset: datasets/d.jsonl
{more}
scorers: {{same: {{type: exact_match}}}}
"""
CASES = [{"id": "c1", "message": "grüße", "expected": "card"}, {"id": "c2", "message": "m", "expected": "no"}]

Evaluate = Callable[..., Result]


@pytest.fixture
def evaluate(folder: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Evaluate:
    """Evaluates a suite whose target is `http` with the given options."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SERVICE_SECRET", SECRET)

    def run(options: Mapping[str, Any], *, more: str = "") -> Result:
        folder.write({"evals/s.yaml": SUITE.format(options=json.dumps(options), more=more)})
        folder.write_rows("evals/datasets/d.jsonl", CASES)
        return cli("eval", "--format", "json", at=folder.root)

    return run


def answering(body: Any) -> Callable[[Call], Reply]:
    return lambda _: Reply(body)


def losses(result: Result) -> list[tuple[str, str]]:
    """Kind and message of every lost case, where all cases were lost."""
    suite = only_suite(result)
    assert (suite["scored"], suite["errored"]) == (0, len(CASES))
    assert result.code == ExitCode.NO_VERDICT
    return [(each["kind"], each["message"]) for each in suite["errors"]]


def test_each_case_is_one_post_of_its_fields_as_json(evaluate: Evaluate) -> None:
    with service(answering({"output": "card"})) as served:
        result = evaluate({"url": f"{served.url}/route?v=2"})
    assert result.code == ExitCode.YES
    assert only_suite(result)["metrics"][0]["mean"] == 1 / len(CASES)
    assert {(call.method, call.path) for call in served.calls} == {("POST", "/route?v=2")}
    assert {call.headers["Content-Type"] for call in served.calls} == {"application/json"}
    assert sorted((call.json for call in served.calls), key=lambda case: str(case["id"])) == CASES


def test_inputs_of_the_suite_are_what_is_sent(evaluate: Evaluate) -> None:
    with service(answering({"output": "card"})) as served:
        evaluate({"url": served.url}, more='inputs: {text: "<{{ case.message }}>", n: 3}')
    assert sorted(call.json["text"] for call in served.calls) == ["<grüße>", "<m>"]
    assert all(call.json.keys() == {"text", "n"} for call in served.calls)


def test_a_put_and_headers_from_the_environment(evaluate: Evaluate) -> None:
    headers = {"Authorization": "Bearer $SERVICE_SECRET", "X-Plain": "yes"}
    with service(answering({"output": "card"})) as served:
        evaluate({"url": served.url, "method": "PUT", "headers": headers})
    assert {call.method for call in served.calls} == {"PUT"}
    assert {call.headers["Authorization"] for call in served.calls} == {f"Bearer {SECRET}"}
    assert {call.headers["X-Plain"] for call in served.calls} == {"yes"}


def test_the_output_is_taken_from_a_path(evaluate: Evaluate) -> None:
    with service(answering({"answers": [{"text": "card"}]})) as served:
        result = evaluate({"url": served.url, "output": "answers.0.text"})
    assert only_suite(result)["scored"] == len(CASES)
    assert only_suite(result)["metrics"][0]["mean"] == 1 / len(CASES)


def test_an_output_that_is_no_text_is_compared_as_json(evaluate: Evaluate, folder: ProjectFolder) -> None:
    with service(answering({"output": {"b": 1, "a": [True]}})) as served:
        evaluate({"url": served.url})
    (journal,) = folder.root.glob(".promptops/runs/*/results.jsonl")
    assert {each["result"]["completion"]["output"] for each in rows(journal)} == {'{"a": [true], "b": 1}'}


def test_what_the_service_measured_is_counted(evaluate: Evaluate) -> None:
    measured = {"latency_ms": 1234.5, "input_tokens": 7, "output_tokens": 3, "cost_usd": 0.25}
    with service(answering({"output": "card", **measured})) as served:
        suite = only_suite(evaluate({"url": served.url}))
    assert suite["latency_ms"]["p50"] == measured["latency_ms"]
    for name in ("input_tokens", "output_tokens", "cost_usd"):
        assert suite[name] == measured[name] * len(CASES)


def test_what_else_the_service_said_is_kept(evaluate: Evaluate, folder: ProjectFolder) -> None:
    with service(answering({"output": "card", "documents": ["d1"]})) as served:
        evaluate({"url": served.url})
    (journal,) = folder.root.glob(".promptops/runs/*/results.jsonl")
    assert all(each["result"]["completion"]["data"] == {"documents": ["d1"]} for each in rows(journal))


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
def test_a_status_that_is_no_success_loses_the_case(evaluate: Evaluate, status: int) -> None:
    with service(lambda _: Reply({"output": "card"}, status=status)) as served:
        result = evaluate({"url": served.url})
    assert losses(result) == [(f"http_{status}", f"the service answered with {status}")] * len(CASES)


@pytest.mark.parametrize("status", KEY_REJECTED)
def test_a_rejected_key_stops_the_run(evaluate: Evaluate, status: int) -> None:
    with service(lambda call: Reply({"error": call.headers["Authorization"]}, status=status)) as served:
        result = evaluate({"url": served.url, "headers": {"Authorization": "Bearer $SERVICE_SECRET"}})
    assert result.code == ExitCode.NO_VERDICT
    assert f"`127.0.0.1` rejected the request with {status}" in result.err
    assert result.out == ""


def test_a_redirect_is_not_followed_with_the_headers(evaluate: Evaluate) -> None:
    with service(answering({"output": "card"})) as elsewhere:
        away = Reply(b"", status=302, headers={"Location": elsewhere.url})
        with service(lambda _: away) as served:
            result = evaluate({"url": served.url, "headers": {"X-Key": "$SERVICE_SECRET"}})
    assert {kind for kind, _ in losses(result)} == {"http_302"}
    assert elsewhere.calls == []


def test_a_service_that_says_error_loses_the_case(evaluate: Evaluate) -> None:
    with service(answering({"output": "card", "error": "out of stock"})) as served:
        result = evaluate({"url": served.url})
    assert losses(result) == [("target_failed", "out of stock")] * len(CASES)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>oops</html>", "not JSON"),
        (b"", "not JSON"),
        (b'{"output": "\xe4"}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"answer": "card"}', "nothing at `output`"),
        (b'{"output": null}', "nothing at `output`"),
        (b'"card"', "nothing at `output`"),
        (b'{"output": "card", "latency_ms": "fast"}', "`latency_ms` of the answer is not a number"),
        (b'{"output": "card", "input_tokens": -1}', "`input_tokens` of the answer is not a number"),
        (b"x" * (MOST_BYTES + 1), f"larger than {MOST_BYTES:,} bytes"),
    ],
    ids=["html", "empty", "latin-1", "deep", "no output", "null", "text", "no number", "negative", "huge"],
)
def test_an_answer_that_cannot_be_used_loses_the_case(evaluate: Evaluate, body: bytes, message: str) -> None:
    with service(answering(body)) as served:
        result = evaluate({"url": served.url})
    for kind, told in losses(result):
        assert kind == "bad_output"
        assert message in told


def test_an_answer_of_just_the_largest_size_is_taken(evaluate: Evaluate) -> None:
    empty = b'{"output": "card", "pad": ""}'
    whole = empty.replace(b'""', b'"' + b"x" * (MOST_BYTES - len(empty)) + b'"')
    assert len(whole) == MOST_BYTES
    with service(answering(whole)) as served:
        assert only_suite(evaluate({"url": served.url}))["errored"] == 0


@pytest.mark.parametrize("owner", ["target", "settings"])
def test_a_service_that_is_too_slow_loses_the_case(
    evaluate: Evaluate, folder: ProjectFolder, owner: str
) -> None:
    limit_s = 0.2
    answer_now = threading.Event()

    def slowly(_: Call) -> Reply:
        answer_now.wait()
        return Reply({"output": "card"})

    folder.write({"promptops.toml": f"[run]\ntimeout_s = {limit_s if owner == 'settings' else 60.0}\n"})
    with service(slowly) as served:
        try:
            result = evaluate({"url": served.url} | ({"timeout_s": limit_s} if owner == "target" else {}))
        finally:
            answer_now.set()
    assert losses(result) == [("timeout", f"no answer within {limit_s:g} s")] * len(CASES)


def test_a_service_that_is_not_there_loses_the_case(evaluate: Evaluate) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    result = evaluate({"url": f"http://127.0.0.1:{port}/"})
    for kind, message in losses(result):
        assert kind == "network"
        assert message.startswith("`127.0.0.1` cannot be reached: ")


def test_a_service_that_hangs_up_loses_the_case(evaluate: Evaluate) -> None:
    def hang_up(_: Call) -> Reply:
        raise ConnectionAbortedError

    with service(hang_up) as served:
        result = evaluate({"url": served.url})
    assert {kind for kind, _ in losses(result)} == {"network"}


def test_one_lost_case_leaves_the_others_scored(evaluate: Evaluate) -> None:
    with service(
        lambda call: Reply({"output": "card"}, status=500 if call.json["id"] == "c2" else 200)
    ) as served:
        suite = only_suite(evaluate({"url": served.url}))
    assert (suite["scored"], suite["errored"]) == (1, 1)
    assert suite["errors"][0]["id"] == "c2"


@pytest.mark.parametrize("status", [200, 401, 500])
def test_the_value_of_a_variable_stands_nowhere(
    evaluate: Evaluate, folder: ProjectFolder, status: int
) -> None:
    with service(lambda _: Reply(b"oops", status=status)) as served:
        result = evaluate({"url": served.url, "headers": {"Authorization": "Bearer $SERVICE_SECRET"}})
    assert served.calls[0].headers["Authorization"].endswith(SECRET)
    written = [path.read_bytes() for path in folder.root.rglob("*") if path.is_file()]
    assert not any(SECRET.encode() in content for content in written)
    assert SECRET not in result.out + result.err


def test_a_variable_that_is_not_set_is_named_before_anything_is_sent(
    evaluate: Evaluate, folder: ProjectFolder
) -> None:
    with service(answering({"output": "card"})) as served:
        result = evaluate({"url": served.url, "headers": {"Authorization": "Bearer $NO_SUCH_VARIABLE"}})
    assert result.code == ExitCode.MEND_FIRST
    assert "`NO_SUCH_VARIABLE` is not set" in result.err
    assert served.calls == []
    assert not (folder.root / ".promptops").exists()


@pytest.mark.parametrize("url", ["ftp://example.org/x", "file:///etc/passwd", "example.org", "http://", ""])
def test_a_url_of_another_kind_is_refused(evaluate: Evaluate, url: str) -> None:
    result = evaluate({"url": url})
    assert result.code == ExitCode.MEND_FIRST
    assert result.err.startswith("evals/s.yaml:1:")
    assert "must begin with http:// or https://" in result.err


def test_a_plain_url_is_enough(evaluate: Evaluate, folder: ProjectFolder, cli: Cli) -> None:
    with service(answering({"output": "card"})) as served:
        folder.write({"evals/s.yaml": SUITE.format(options=served.url, more="")})
        folder.write_rows("evals/datasets/d.jsonl", CASES)
        result = cli("eval", at=folder.root)
    assert result.code == ExitCode.YES
    assert len(served.calls) == len(CASES)
