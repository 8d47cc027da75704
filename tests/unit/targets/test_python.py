"""The target `python` with functions of a repository."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from promptops.errors import ExitCode
from tests.support.cli import Cli, Result, only_suite
from tests.support.project import ProjectFolder

CASES = [{"id": f"c{n}", "message": f"m{n}", "expected": f"m{n}"} for n in range(3)]
SUITE = "target: {{python: '{function}'}}\ndataset: d.jsonl\nscorers: {{same: {{type: exact_match}}}}\n"
APP = """\
import asyncio, sys
def answer(inputs):
    {body}
async def later(inputs):
    await asyncio.sleep({seconds})
    return inputs["message"]
not_a_function = 5
"""

Evaluate = Callable[..., Result]


@pytest.fixture
def evaluate(folder: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Iterator[Evaluate]:
    """Evaluates a suite whose target is a function with the given body."""
    import sys

    def run(
        body: str = "return inputs['message']",
        *,
        function: str = "app.py:answer",
        settings: str = "[plugins]\nlocal = true\n",
        seconds: float = 0.0,
    ) -> Result:
        files = {"promptops.toml": settings, "app.py": APP.format(body=body, seconds=seconds)}
        folder.write({**files, "evals/s.yaml": SUITE.format(function=function)})
        folder.write_rows("evals/d.jsonl", CASES)
        return cli("eval", "--format", "json", at=folder.root)

    yield run
    sys.modules.pop("app", None)


@pytest.mark.parametrize("function", ["app.py:answer", "app:answer", "app.py:later"])
def test_a_function_answers_each_case(evaluate: Evaluate, function: str) -> None:
    suite = only_suite(evaluate(function=function))
    assert (suite["scored"], suite["metrics"][0]["mean"]) == (len(CASES), 1.0)


def test_what_a_function_measured_is_counted(evaluate: Evaluate) -> None:
    suite = only_suite(evaluate("return {'output': inputs['message'], 'cost_usd': 0.25, 'latency_ms': 7}"))
    assert suite["cost_usd"] == 0.25 * len(CASES)
    assert suite["latency_ms"]["p50"] == 7


def test_nothing_of_the_repository_runs_unless_it_may(evaluate: Evaluate, folder: ProjectFolder) -> None:
    result = evaluate("open('ran', 'w')", settings="")
    assert result.code == ExitCode.MEND_FIRST
    assert "evals/s.yaml:1:9" in result.err
    assert "`local = true` in section `[plugins]`" in result.err
    assert not (folder.root / "ran").exists()


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("app.py:nothing", "`app.py` has no function `nothing`"),
        ("app.py:not_a_function", "`app.py` has no function `not_a_function`"),
        ("app.py", "`app.py` does not name a function"),
        ("absent.py:answer", "`absent.py` cannot be imported: FileNotFoundError"),
        ("absent:answer", "`absent` cannot be imported: ModuleNotFoundError"),
    ],
)
def test_a_function_that_is_not_there_is_told_before_anything_is_run(
    evaluate: Evaluate, folder: ProjectFolder, function: str, message: str
) -> None:
    result = evaluate(function=function)
    assert result.code == ExitCode.MEND_FIRST
    assert message in result.err
    assert not (folder.root / ".promptops").exists()


def test_a_module_that_breaks_is_told(evaluate: Evaluate, folder: ProjectFolder) -> None:
    result = evaluate("return 1\nraise ValueError('no stock')")
    assert result.code == ExitCode.MEND_FIRST
    assert "`app.py` cannot be imported: ValueError: no stock" in result.err


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        ("raise ValueError('no stock')", "target_failed", "ValueError: no stock"),
        ("sys.exit(3)", "target_failed", "SystemExit: 3"),
        ("return {'error': 'no stock'}", "target_failed", "no stock"),
        ("return None", "bad_output", "there is no answer"),
        ("return {'text': 'm'}", "bad_output", "neither `output` nor `error`"),
        ("return object()", "bad_output", "cannot be written as JSON"),
        ("return {'output': {1, 2}}", "bad_output", "cannot be written as JSON"),
        ("return {'output': 'm', 'more': b'x'}", "bad_output", "cannot be written as JSON"),
        ("return float('nan')", "bad_output", "cannot be written as JSON"),
        ("a = []; a.append(a); return a", "bad_output", "cannot be written as JSON"),
        ("return {'output': 'm', 'input_tokens': 1.5}", "bad_output", "`input_tokens` of the answer"),
        ("return {'output': 'm', 'latency_ms': 10**400}", "bad_output", "`latency_ms` of the answer"),
    ],
)
def test_an_answer_that_cannot_be_used_loses_the_case(
    evaluate: Evaluate, body: str, kind: str, message: str
) -> None:
    result = evaluate(body)
    assert result.code == ExitCode.NO_VERDICT
    errors = only_suite(result)["errors"]
    assert [each["kind"] for each in errors] == [kind] * len(CASES)
    assert message in errors[0]["message"]


def test_a_function_that_takes_too_long_loses_the_case(evaluate: Evaluate) -> None:
    settings = "[plugins]\nlocal = true\n[run]\ntimeout_s = 0.2\n"
    result = evaluate(function="app.py:later", settings=settings, seconds=3600)
    assert {each["kind"] for each in only_suite(result)["errors"]} == {"timeout"}
