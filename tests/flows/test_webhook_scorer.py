"""The scorer `webhook` against real services on the loopback interface."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from promptops.errors import ExitCode
from promptops.web_service import MOST_BYTES
from tests.support.cli import Cli, Result, only_suite
from tests.support.project import ProjectFolder
from tests.support.service import Call, Reply, service

SECRET = "hunter2-correct-horse"
SUITE = """\
target: {{recorded: o.jsonl}}
dataset: d.jsonl
scorers: {{judged: {options}}}
"""
CASES = [{"id": "c1", "expected": "card"}, {"id": "c2", "expected": "grüße"}]
ANSWERS = [{"id": "c1", "output": "card"}, {"id": "c2", "output": "no"}]

Evaluate = Callable[..., Result]


@pytest.fixture
def evaluate(folder: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Evaluate:
    """Evaluates recorded outputs with a webhook of the given options."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JUDGE_SECRET", SECRET)

    def run(options: Mapping[str, Any], *arguments: str, run: str = "") -> Result:
        written = json.dumps({"type": "webhook", **options})
        folder.write({"evals/s.yaml": SUITE.format(options=written), "promptops.toml": f"[run]\n{run}\n"})
        folder.write_rows("evals/d.jsonl", CASES).write_rows("evals/o.jsonl", ANSWERS)
        result = cli("eval", "--format", "json", *arguments, at=folder.root)
        assert SECRET not in result.out + result.err
        return result

    return run


def judged(call: Call) -> Reply:
    sample = call.json
    return Reply({"score": sample["output"] == sample["expected"], "reason": f"saw {sample['id']}"})


def losses(result: Result) -> list[tuple[str, str]]:
    """Kind and message of every lost case, where all cases were lost."""
    suite = only_suite(result)
    assert (suite["scored"], suite["errored"]) == (0, len(CASES))
    assert result.code == ExitCode.NO_VERDICT
    return [(each["kind"], each["message"]) for each in suite["errors"]]


def test_each_case_is_one_post_of_its_sample(evaluate: Evaluate, folder: ProjectFolder) -> None:
    with service(judged) as served:
        result = evaluate({"url": f"{served.url}/judge?v=2"})
    assert result.code == ExitCode.YES
    assert only_suite(result)["metrics"][0]["mean"] == 0.5
    assert {(call.method, call.path) for call in served.calls} == {("POST", "/judge?v=2")}
    told = {call.json["id"]: call.json for call in served.calls}
    assert told["c2"]["output"] == "no"
    assert told["c2"]["expected"] == "grüße"
    assert told["c2"]["case"] == CASES[1]
    assert told["c2"]["completion"]["data"] == ANSWERS[1]
    (journal,) = folder.root.glob(".promptops/runs/*/results.jsonl")
    assert "saw c2" in journal.read_text(encoding="utf-8")


def test_headers_from_the_environment_stand_nowhere(evaluate: Evaluate, folder: ProjectFolder) -> None:
    def echo(call: Call) -> Reply:
        return Reply({"score": 1, "reason": call.headers["Authorization"]})

    with service(echo) as served:
        evaluate({"url": served.url, "headers": {"Authorization": "Bearer $JUDGE_SECRET", "X-Plain": "yes"}})
    assert {call.headers["Authorization"] for call in served.calls} == {f"Bearer {SECRET}"}
    assert {call.headers["X-Plain"] for call in served.calls} == {"yes"}
    written = [path.read_bytes() for path in folder.root.rglob("*") if path.is_file()]
    assert not any(SECRET.encode() in content for content in written)


def test_a_variable_that_is_not_set_is_named_before_anything_is_sent(
    evaluate: Evaluate, folder: ProjectFolder
) -> None:
    with service(judged) as served:
        result = evaluate({"url": served.url, "headers": {"Authorization": "Bearer $NO_SUCH_VARIABLE"}})
    assert result.code == ExitCode.MEND_FIRST
    assert "`NO_SUCH_VARIABLE` is not set" in result.err
    assert "the scorer `webhook`" in result.err
    assert served.calls == []
    assert not (folder.root / ".promptops").exists()


def test_a_secret_that_no_header_can_have_is_not_shown(
    evaluate: Evaluate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUDGE_SECRET", f"{SECRET}\r\nX-Other: y")
    with service(judged) as served:
        result = evaluate({"url": served.url, "headers": {"X-Key": "$JUDGE_SECRET"}})
    assert result.code == ExitCode.MEND_FIRST
    assert "the header `X-Key` of the scorer `webhook` holds characters that no header can have" in result.err
    assert served.calls == []


def test_a_line_end_after_a_secret_does_no_harm(evaluate: Evaluate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_SECRET", f"{SECRET}\n")
    with service(judged) as served:
        assert evaluate({"url": served.url, "headers": {"X-Key": "$JUDGE_SECRET"}}).code == ExitCode.YES
    assert {call.headers["X-Key"] for call in served.calls} == {SECRET}


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
def test_a_status_that_is_no_success_loses_the_case(evaluate: Evaluate, status: int) -> None:
    with service(lambda _: Reply({"score": 1}, status=status)) as served:
        result = evaluate({"url": served.url})
    assert losses(result) == [("scorer_failed", f"the service answered with {status}")] * len(CASES)


@pytest.mark.parametrize("status", [401, 403])
def test_a_rejected_key_stops_the_run(evaluate: Evaluate, status: int) -> None:
    with service(lambda _: Reply({"error": "no"}, status=status)) as served:
        result = evaluate({"url": served.url, "headers": {"X-Key": "$JUDGE_SECRET"}})
    assert result.code == ExitCode.NO_VERDICT
    assert f"`127.0.0.1` rejected the request with {status}" in result.err


def test_a_redirect_is_not_followed_with_the_headers(evaluate: Evaluate) -> None:
    with service(judged) as elsewhere:
        away = Reply(b"", status=307, headers={"Location": elsewhere.url})
        with service(lambda _: away) as served:
            result = evaluate({"url": served.url, "headers": {"X-Key": "$JUDGE_SECRET"}})
    assert {message for _, message in losses(result)} == {"the service answered with 307"}
    assert elsewhere.calls == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": "no such rubric"}, "no such rubric"),
        ({"reason": "?"}, "neither `score` nor `error`"),
        ({"score": "good"}, "not a number from 0 to 1"),
        ({"score": 7}, "not a number from 0 to 1"),
        ([], "not a JSON object"),
        (b"<html>oops</html>", "not JSON"),
        (b"", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"x" * (MOST_BYTES + 1), f"larger than {MOST_BYTES:,} bytes"),
    ],
    ids=["error", "no score", "a text", "7", "a list", "html", "empty", "deep", "huge"],
)
def test_an_answer_that_cannot_be_used_loses_the_case(evaluate: Evaluate, body: Any, message: str) -> None:
    with service(lambda _: Reply(body)) as served:
        result = evaluate({"url": served.url})
    for kind, told in losses(result):
        assert kind == "scorer_failed"
        assert message in told


@pytest.mark.parametrize("owner", ["scorer", "settings"])
def test_a_service_that_drips_for_ever_loses_the_case(evaluate: Evaluate, owner: str) -> None:
    enough = threading.Event()
    with service(
        lambda _: Reply({"score": 1}, headers={"Content-Length": "1000000"}, drips=enough)
    ) as served:
        try:
            result = evaluate(
                {"url": served.url, **({"timeout_s": 0.3} if owner == "scorer" else {})},
                run="timeout_s = 0.3" if owner == "settings" else "",
            )
        finally:
            enough.set()
    assert losses(result) == [("scorer_timeout", "no answer within 0.3 s")] * len(CASES)


def test_a_service_that_hangs_up_loses_the_case(evaluate: Evaluate) -> None:
    with service(lambda _: Reply({"score": 1}, cut_after=-1)) as served:
        result = evaluate({"url": served.url})
    assert {kind for kind, _ in losses(result)} == {"scorer_failed"}


def test_an_answer_that_is_cut_off_loses_the_case(evaluate: Evaluate) -> None:
    chunked = {"Transfer-Encoding": "chunked"}
    with service(lambda _: Reply(b"zz\r\nno chunk", headers=chunked)) as served:
        result = evaluate({"url": served.url})
    assert {kind for kind, _ in losses(result)} == {"scorer_failed"}


def test_offline_nothing_is_sent(evaluate: Evaluate) -> None:
    with service(judged) as served:
        result = evaluate({"url": served.url}, "--offline")
    assert {each["kind"] for each in only_suite(result)["errors"]} == {"not_asked"}
    assert served.calls == []


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://example.org/judge", "must begin with https://"),
        ("http://127.0.0.1.example.org/", "must begin with https://"),
        ("ftp://example.org/x", "must begin with http:// or https://"),
        ("https://", "name a host"),
        ("https://exa mple.org", "name a host"),
        ("https://example.org:99999/", "Port out of range"),
        ("https://[::1", "Invalid IPv6 URL"),
        ("", "must begin with http:// or https://"),
    ],
)
def test_a_url_of_another_kind_is_refused(url: str, told: str, evaluate: Evaluate) -> None:
    result = evaluate({"url": url})
    assert result.code == ExitCode.MEND_FIRST
    assert told in result.err
