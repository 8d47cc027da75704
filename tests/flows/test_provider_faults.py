"""What a run makes of a provider that fails, through the command line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.chat import USAGE, answer, refusal
from tests.support.cli import Cli, Result, only_suite
from tests.support.project import ProjectFolder
from tests.support.service import Call, Reply, Service, service

# What litellm and its dependencies warn about is not ours to mend.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]

KEY = "sk-test-0123456789abcdef"
CASES = 24
CONCURRENCY = 8
LANES = ("auto", "litellm")
CALLS_OF_A_DEAD_PROVIDER = 10
"""As many calls lost one after the other mean that a provider is down."""

PROMPT = """\
model: openai/gpt-4o-mini
parameters: {temperature: 0, max_tokens: 16}
messages:
  - {role: system, content: "Answer with the number."}
  - {role: user, content: "{{ message }}"}
"""
SUITE = "prompt: p\ndataset: datasets/d.jsonl\nscorers: {accuracy: {type: exact_match}}\n"


@pytest.fixture
def project(folder: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> ProjectFolder:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return with_cases(folder.write({"prompts/p.yaml": PROMPT, "evals/s.yaml": SUITE}), CASES)


def with_cases(project: ProjectFolder, count: int) -> ProjectFolder:
    """Every third case expects what the model does not answer."""
    rows = (
        {"id": f"c{n}", "message": f"number {n}", "expected": str(n) if n % 3 else "none"}
        for n in range(count)
    )
    return project.write_rows("evals/datasets/d.jsonl", rows)


def number(call: Call) -> int:
    """Which case is asked about."""
    return int(call.json["messages"][-1]["content"].split()[-1])


def right(call: Call) -> Reply:
    return Reply(answer(str(number(call))))


class FailsFirst:
    """Fails the first attempts of every case in one of several ways, by turns."""

    def __init__(self, faults: list[Reply], times: int = 1) -> None:
        self.faults = faults
        self.times = times
        self.attempts: Counter[int] = Counter()

    def __call__(self, call: Call) -> Reply:
        case = number(call)
        self.attempts[case] += 1
        failing = self.attempts[case] <= self.times
        return self.faults[case % len(self.faults)] if failing else right(call)


FAULTS = {
    "rate_limited": refusal(429, "slow down", retry_after_ms="1"),
    "provider_error": refusal(500),
    "network": Reply(answer(), cut_after=30),
    "bad_answer": Reply(b"<html>gateway</html>"),
}


def evaluate(project: ProjectFolder, cli: Cli, server: Service, *arguments: str, **run: object) -> Result:
    settings = {"concurrency": CONCURRENCY, **run}
    lines = "".join(f"{name} = {_toml(value)}\n" for name, value in settings.items())
    project.write({"promptops.toml": f'[providers.openai]\napi_base = "{server.url}/v1"\n[run]\n{lines}'})
    result = cli("eval", "--format", "json", *arguments, at=project.root)
    assert KEY not in result.out + result.err
    return result


def _toml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def scores(result: Result) -> Any:
    suite = only_suite(result)
    names = ("cases", "scored", "errored", "metrics", "errors", "input_tokens", "output_tokens", "cost_usd")
    return {name: suite[name] for name in names}


@pytest.mark.parametrize("lane", LANES)
def test_faults_that_pass_leave_no_trace_in_the_scores(project: ProjectFolder, cli: Cli, lane: str) -> None:
    with service(right) as server:
        calm = evaluate(project, cli, server, "--fresh", lane=lane)
    with service(FailsFirst(list(FAULTS.values()))) as server:
        stormy = evaluate(project, cli, server, "--fresh", lane=lane)
    assert len(server.calls) == 2 * CASES
    assert (calm.code, stormy.code) == (0, 0)
    assert scores(stormy) == scores(calm)
    assert only_suite(calm)["metrics"][0]["mean"] == pytest.approx(2 / 3)
    assert only_suite(stormy)["calls"] == CASES


@pytest.mark.parametrize("lane", LANES)
def test_losses_are_counted_under_their_names_as_missing(project: ProjectFolder, cli: Cli, lane: str) -> None:
    every_other = [Reply(), *FAULTS.values()]
    kinds = ["", *FAULTS]

    def answer_or_fail(call: Call) -> Reply:
        turn = number(call) % len(every_other)
        return every_other[turn] if turn else right(call)

    with service(answer_or_fail) as server:
        result = evaluate(project, cli, server, lane=lane, retries=0, concurrency=1)
    lost = {f"c{n}": kinds[n % len(kinds)] for n in range(CASES) if n % len(kinds)}
    suite = only_suite(result)
    assert result.code == 4
    assert {each["id"]: each["kind"] for each in suite["errors"]} == lost
    assert (suite["scored"], suite["errored"]) == (CASES - len(lost), len(lost))
    answered = [n for n in range(CASES) if f"c{n}" not in lost]
    right_ones = sum(1 for n in answered if n % 3)
    assert suite["metrics"][0]["n"] == len(answered)
    assert suite["metrics"][0]["mean"] == pytest.approx(right_ones / len(answered))
    assert len(server.calls) == CASES


def test_an_attempt_is_repeated_as_often_as_the_settings_say(project: ProjectFolder, cli: Cli) -> None:
    with_cases(project, 1)
    fault = FAULTS["rate_limited"]
    with service(FailsFirst([fault], times=3)) as server:
        lost = evaluate(project, cli, server, retries=2)
    assert (lost.code, only_suite(lost)["errored"], len(server.calls)) == (4, 1, 3)
    with service(FailsFirst([fault], times=2)) as server:
        kept = evaluate(project, cli, server, retries=2)
    assert (kept.code, only_suite(kept)["errored"], len(server.calls)) == (0, 0, 3)


STOPS = {
    "a wrong key": (refusal(401, "no such key", "invalid_api_key"), "401"),
    "a forbidden model": (refusal(403, "not for you"), "403"),
    "a bad request": (refusal(400, "no such parameter", "unknown_parameter"), "400"),
    "an unknown model": (refusal(404, "no such model", "model_not_found"), "404"),
    "a spent quota": (refusal(429, "pay first", "insufficient_quota"), "insufficient_quota"),
    "a redirect": (Reply(b"", status=308, headers={"Location": "https://example.org/"}), "308"),
}


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("stop", STOPS)
def test_what_no_other_call_would_survive_stops_the_run(
    project: ProjectFolder, cli: Cli, lane: str, stop: str
) -> None:
    if (lane, stop) == ("litellm", "a redirect"):
        pytest.skip("litellm goes where it is sent")
    with_cases(project, 500)
    reply, named = STOPS[stop]
    with service(lambda _: reply) as server:
        result = evaluate(project, cli, server, lane=lane)
    assert result.code == 4
    assert len(server.calls) <= CONCURRENCY
    assert named in result.err
    assert result.err.count("error:") == 1


@pytest.mark.parametrize("lane", LANES)
def test_a_request_that_is_too_long_is_the_models_failure(
    project: ProjectFolder, cli: Cli, lane: str
) -> None:
    too_long = refusal(400, "maximum context length is 8192 tokens", "context_length_exceeded")
    with service(lambda call: right(call) if number(call) else too_long) as server:
        result = evaluate(project, cli, server, lane=lane)
    suite = only_suite(result)
    assert result.code == 0
    assert (suite["scored"], suite["errored"]) == (CASES, 0)
    assert [(each["id"], each["failure"]) for each in suite["failed_output"]] == [("c0", "context_overflow")]
    assert len(server.calls) == CASES


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("text", ["\ud83d", "a\x00b", "\u2028", "\x1b[31mred", "🎉" * 1000])
def test_odd_texts_are_answers_like_others(project: ProjectFolder, cli: Cli, lane: str, text: str) -> None:
    with_cases(project, 2)
    with service(lambda _: Reply(answer(text))) as server:
        first = evaluate(project, cli, server, lane=lane)
        again = evaluate(project, cli, server, lane=lane)
    assert (first.code, again.code) == (0, 0)
    assert len(server.calls) == 2
    assert scores(again) == scores(first)


def test_a_provider_that_goes_down_ends_the_run_and_what_was_answered_is_kept(
    project: ProjectFolder, cli: Cli
) -> None:
    up, cases = 7, 100
    with_cases(project, cases)
    gone = True

    def answer_or_fail(call: Call) -> Reply:
        return refusal(503, "gone") if gone and number(call) >= up else right(call)

    with service(answer_or_fail) as server:
        down = evaluate(project, cli, server, retries=0, concurrency=1)
        assert down.code == 4
        assert "`openai` seems to be down" in down.err
        assert "gone" in down.err
        assert len(server.calls) == up + CALLS_OF_A_DEAD_PROVIDER
        gone = False
        server.calls.clear()
        back = evaluate(project, cli, server, retries=0, concurrency=1)
    assert back.code == 0
    assert sorted(map(number, server.calls)) == list(range(up, cases))


def test_an_answer_now_and_then_shows_that_a_provider_is_there(project: ProjectFolder, cli: Cli) -> None:
    often = CALLS_OF_A_DEAD_PROVIDER
    with_cases(project, 5 * often)
    with service(lambda call: refusal(503) if number(call) % often else right(call)) as server:
        result = evaluate(project, cli, server, retries=0, concurrency=1)
    assert len(server.calls) == 5 * often
    assert only_suite(result)["errored"] == 5 * (often - 1)


def test_both_lanes_read_the_same_kept_answers(project: ProjectFolder, cli: Cli) -> None:
    with service(right) as server:
        fast = evaluate(project, cli, server, lane="auto")
        slow = evaluate(project, cli, server, lane="litellm")
    assert len(server.calls) == CASES
    assert [only_suite(each)["cached"] for each in (fast, slow)] == [0, CASES]
    assert scores(slow) == scores(fast)


def test_the_record_of_a_run_names_its_lane(project: ProjectFolder, cli: Cli) -> None:
    lanes = []
    for lane in LANES:
        with service(right) as server:
            lanes.append(only_suite(evaluate(project, cli, server, "--fresh", lane=lane))["lane"])
    assert lanes == ["fast", "litellm"]


def echo(status: int) -> Callable[[Call], Reply]:
    """A provider that tells everybody the key that it got."""

    def answer_with_key(call: Call) -> Reply:
        headers = {name.lower(): value for name, value in call.headers.items()}
        key = headers["authorization"].removeprefix("Bearer ")
        message = f"Incorrect API key provided: {key}, or {key[:12]}***{key[-4:]}"
        return refusal(status, message) if status else Reply(message.encode())

    return answer_with_key


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("status", [401, 400, 429, 500, 0])
@pytest.mark.parametrize("key", [KEY, "0f1e2d3c4b5a69788796a5b4c3d2e1f0"], ids=["usual", "only digits"])
def test_no_key_is_written_anywhere(
    project: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch, lane: str, status: int, key: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with_cases(project, 3)
    with service(echo(status)) as server:
        for form in ("json", "text"):
            result = evaluate(project, cli, server, "--format", form, lane=lane, retries=0)
            assert result.code == 4
            assert key not in result.out + result.err
    assert server.calls
    written = files_below(project.root.parent)
    assert any(".promptops" in path.parts for path in written)
    assert [path for path in written if key.encode() in path.read_bytes()] == []


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_is_no_key_is_told(project: ProjectFolder, cli: Cli) -> None:
    with service(echo(401)) as server:
        result = evaluate(project, cli, server)
    assert re.search(r"Incorrect API key provided: \[key\], or \[key\]", " ".join(result.err.split()))


COST_USD = (USAGE["prompt_tokens"] * 1.0 + USAGE["completion_tokens"] * 10.0) / 1e6
PRICES = "input_usd_per_million = 1.0\noutput_usd_per_million = 10.0\n"


def with_budget(project: ProjectFolder, server: Service, budget_usd: float, prices: str = PRICES) -> None:
    project.write(
        {
            "promptops.toml": f'[providers.openai]\napi_base = "{server.url}/v1"\n{prices}'
            f"[run]\nbudget_usd = {budget_usd}\nconcurrency = {CONCURRENCY}\n"
        }
    )


def test_a_budget_is_never_exceeded(project: ProjectFolder, cli: Cli) -> None:
    budget_usd = 5.5 * COST_USD
    with_cases(project, 50)
    with service(right) as server:
        with_budget(project, server, budget_usd)
        result = cli("eval", at=project.root)
    assert result.code == 4
    assert "the budget of" in result.err
    assert "raise `[run] budget_usd`" in " ".join(result.err.split())
    assert 0 < len(server.calls) * COST_USD <= budget_usd


def test_a_budget_that_is_enough_changes_nothing(project: ProjectFolder, cli: Cli) -> None:
    with service(right) as server:
        with_budget(project, server, 100 * CASES * COST_USD)
        result = cli("eval", "--format", "json", at=project.root)
    assert result.code == 0
    assert only_suite(result)["cost_usd"] == pytest.approx(CASES * COST_USD)


def test_a_budget_too_small_for_one_call_sends_none(project: ProjectFolder, cli: Cli) -> None:
    with service(right) as server:
        with_budget(project, server, COST_USD / 100)
        result = cli("eval", at=project.root)
    assert (result.code, server.calls) == (4, [])


def test_no_budget_can_be_kept_without_a_price(project: ProjectFolder, cli: Cli) -> None:
    project.write({"prompts/p.yaml": PROMPT.replace("gpt-4o-mini", "unheard-of")})
    with service(right) as server:
        with_budget(project, server, 1.0, prices="")
        result = cli("eval", at=project.root)
    assert (result.code, server.calls) == (3, [])
    assert "`openai/unheard-of`" in result.err
    assert "`input_usd_per_million`" in result.err
