"""What litellm has to say beside the answers is not for users."""

from __future__ import annotations

import json
from threading import Event

import pytest

from tests.support.chat import answer, refusal
from tests.support.process import start
from tests.support.project import ProjectFolder
from tests.support.service import Call, Reply, service

pytestmark = pytest.mark.slow

PROMPT = 'model: openai/gpt-4o-mini\nmessages: [{role: user, content: "{{ message }}"}]\n'
SUITE = "prompt: p\ndataset: datasets/d.jsonl\nscorers: {accuracy: {type: exact_match}}\n"


def test_nothing_but_our_own_words_is_printed(folder: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789abcdef")
    over = Event()
    faults = [
        Reply(answer(), cut_after=20),
        Reply(b"<html>"),
        refusal(500),
        refusal(429, retry_after_ms="1"),
        Reply(answer(), drips=over),
    ]

    def answer_or_fail(call: Call) -> Reply:
        return faults.pop() if faults else Reply(answer("card"))

    cases = [{"id": f"c{n}", "message": f"m{n}", "expected": "card"} for n in range(8)]
    folder.write({"prompts/p.yaml": PROMPT, "evals/s.yaml": SUITE}).write_rows(
        "evals/datasets/d.jsonl", cases
    )
    with service(answer_or_fail) as server:
        folder.write(
            {
                "promptops.toml": f'[providers.openai]\napi_base = "{server.url}/v1"\n'
                f'[run]\nlane = "litellm"\nretries = 0\ntimeout_s = 4\n'
            }
        )
        process = start("eval", "--format", "json", at=folder.root)
        out, err = process.communicate()
        over.set()
    (suite,) = json.loads(out)["suites"]
    assert suite["errored"] == 5
    assert suite["lane"] == "litellm"
    for word in (b"litellm", b"Warning", b"warning", b"Traceback", b"never awaited", b"Provider List"):
        assert word not in err
