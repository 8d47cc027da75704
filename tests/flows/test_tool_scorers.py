"""Tool calls of models and of applications, scored through the command line."""

from __future__ import annotations

import json
import sys

import pytest

from tests.support.cli import Cli, only_suite
from tests.support.openai_server import Answer, serving
from tests.support.project import ProjectFolder

PROMPT = """\
model: hosted_vllm/small
messages:
  - {role: user, content: "{{ message }}"}
tools:
  - type: function
    function:
      name: find
      parameters: {type: object, properties: {id: {type: integer}}, required: [id]}
"""
SCORERS = """\
scorers:
  called: {type: tool_calls}
  valid: {type: tool_valid}
  arguments: {type: tool_arguments}
  f1: {type: tool_f1, by: name, expected: [{name: find}]}
  calm: {type: max_tool_calls, value: 1}
"""
CASES = [
    {"id": f"c{n}", "message": "m", "expected": {"name": "find", "arguments": {"id": n}}} for n in (7, 8)
]


def call(arguments: str) -> Answer:
    function = {"name": "find", "arguments": arguments}
    calls = [{"id": "1", "type": "function", "function": function}]
    return Answer(content=None, tool_calls=calls, finish_reason="tool_calls")


@pytest.mark.parametrize(
    ("arguments", "means"),
    [
        ('{"id": 7}', {"called": 0.5, "valid": 1.0, "arguments": 0.5, "f1": 1.0, "calm": 1.0}),
        ('{"id": "7"}', {"called": 0.0, "valid": 0.0, "arguments": 0.0, "f1": 1.0, "calm": 1.0}),
        ('{"id": 7', {"called": 0.0, "valid": 0.0, "arguments": 0.0, "f1": 1.0, "calm": 1.0}),
    ],
)
def test_calls_of_a_model_are_held_to_the_tools_of_its_prompt(
    arguments: str, means: dict[str, float], folder: ProjectFolder, cli: Cli
) -> None:
    with serving(call(arguments)) as server:
        folder.write(
            {
                "promptops.toml": f'[providers.hosted_vllm]\napi_base = "{server.url}"\n',
                "prompts/p.yaml": PROMPT,
                "evals/s.yaml": f"prompt: p\ndataset: datasets/d.jsonl\n{SCORERS}",
            }
        ).write_rows("evals/datasets/d.jsonl", CASES)
        suite = only_suite(cli("eval", "--format", "json", at=folder.root))
    assert {metric["metric"]: metric["mean"] for metric in suite["metrics"]} == means


@pytest.mark.parametrize(
    "answer", [{"output": [CASES[0]["expected"]]}, {"output": "", "tool_calls": [CASES[0]["expected"]]}]
)
def test_calls_of_an_application(answer: object, folder: ProjectFolder, cli: Cli) -> None:
    app = f"import sys\nfor line in sys.stdin:\n    print({json.dumps(answer)!r}, flush=True)\n"
    target = f"target: {{command: [{json.dumps(sys.executable)}, app.py]}}"
    tools = "tools: [{name: find, parameters: {required: [id]}}]"
    suite = f"{target}\ndataset: datasets/d.jsonl\n{SCORERS.replace('tool_valid', f'tool_valid, {tools}')}"
    folder.write({"promptops.toml": "[plugins]\nlocal = true\n", "app.py": app, "evals/s.yaml": suite})
    folder.write_rows("evals/datasets/d.jsonl", CASES)
    suite = only_suite(cli("eval", "--format", "json", at=folder.root))
    means = {"called": 0.5, "valid": 1.0, "arguments": 0.5, "f1": 1.0, "calm": 1.0}
    assert {metric["metric"]: metric["mean"] for metric in suite["metrics"]} == means
