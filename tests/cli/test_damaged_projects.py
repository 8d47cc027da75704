"""Whatever the files of a project hold, every command ends with a message and an exit code of the contract."""

from __future__ import annotations

import contextlib
import io
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptops.cli import main
from promptops.errors import ExitCode
from tests.support.mutation import Change, mutated, mutations
from tests.support.project import ProjectFolder

FILES: dict[str, str] = {
    "promptops.toml": """\
[project]
base = "main"
prompts = "prompts"
evals = "evals"
[defaults]
model = "promptops/nearest-example"
parameters = {temperature = 0, stop = ["x"]}
[run]
concurrency = 4
timeout_s = 30.5
retries = 1
[providers.openai]
api_base = "http://127.0.0.1:9/"
input_usd_per_million = 0.15
[gate]
strict = true
max_missing = 0.1
[plugins]
local = false
""",
    "prompts/p.yaml": """\
# c
description: Route.
model: promptops/nearest-example
parameters: {temperature: 0, max_tokens: 16}
inputs:
  message: {type: string, minLength: 1}
  tone: {type: string, enum: [a, b], default: a}
  items: {type: array, items: {type: integer, minimum: 0}, default: [1, 2]}
output: {type: string, enum: [card, refund]}
examples: {file: p.examples.yaml}
messages:
  - role: system
    content: |
      one of: card, refund
      {% include "partials/tone.md" %}
  - examples
  - history
  - {role: user, content: [{type: text, text: "{{ message|trim }} {% for i in items %}{{ i }}{% endfor %}"}, {type: image_url, image_url: {url: "http://x/{{ tone }}"}}]}
tools: [{type: function, function: {name: f}}]
metadata: {owner: x}
""",
    "prompts/g.prompt.yml": """\
name: Echo
model: promptops/nearest-example
modelParameters: {temperature: 0.5, maxTokens: 8}
responseFormat: json_schema
jsonSchema: '{"name": "x", "schema": {"type": "object"}}'
messages:
  - {role: system, content: "one of: tea, coffee"}
  - {role: user, content: "{{input}}"}
testData:
  - {input: "I like tea", expected: tea}
  - {input: "coffee please", expected: coffee}
evaluators:
  - {name: same, string: {equals: "{{expected}}"}}
  - {name: has, string: {contains: "tea"}}
  - {name: judged, uses: github/similarity}
""",
    "prompts/p.examples.yaml": """\
- {input: {message: "Where is my card?"}, output: card}
- {input: {message: "money back", tone: b}, output: refund}
- input: {message: x, items: [3]}
  output: {a: 1}
""",
    "prompts/partials/tone.md": """\
Be {{ tone }}.
{% if items %}{{ items|length }}{% else %}none{% endif %}
{{ tone | default("x") | upper | replace("a","b") }}
""",
    "evals/s.yaml": """\
description: x
prompts: [p]
models: [promptops/nearest-example]
parameters: {temperature: 0}
dataset: {path: datasets/d.jsonl, id: id, where: "lang == 'en'", sample: 3, seed: 7}
inputs: &i
  message: "{{ case.text }}"
  tone: "{{ case.tone or 'a' }}"
  items: "{{ case.items }}"
expected: '{{ case.label }}'
cluster: t
slices: [lang]
weight: w
kind: sample
answer: {after: "Answer:", line: last}
repeats: 2
scorers:
  accuracy: {type: exact_match, ignore_case: true}
  short: {type: max_words, value: 5, not: false, threshold: 1.0, weight: 0.5}
  has: {type: contains, values: [card, x], mode: any}
  re: {type: regex, pattern: "c.*d", answer: {regex: "(.*)"}}
  num: {type: numeric_match, tolerance: 0.1, expected: "{{ case.t }}"}
  js: {type: json_schema, schema: {type: object}}
  cheap: {type: max_cost_usd, value: 1}
gate: {primary: accuracy, budget: 0, margin: 0.05, must_pass: [c1], floor: 0.2}
""",
    "evals/c.yaml": """\
prompt: p
target: render
dataset: datasets/d.csv
scorers: {m: {type: max_words, value: 3}}
""",
    "evals/y.yaml": """\
prompt: p
dataset: datasets/d.yaml
expected: [a, "{{ case.expected }}"]
scorers: {m: {type: exact_match}, j: {type: json_schema, schema: {type: string}, not: true}}
""",
    "evals/j.yaml": """\
target: {recorded: {path: rec.jsonl, id: id, output: out.text}}
dataset: datasets/d.json
scorers: {m: {type: contains}, r: {type: recorded, field: score, low: 0, high: 1}}
""",
    "evals/rec.jsonl": """\
{"id": "a", "out": {"text": "x"}, "score": 0.5, "latency_s": 1.5}
{"id": "b", "out": {"text": 5}, "score": 1}
""",
    "evals/datasets/d.jsonl": """\
{"id": "c1", "text": "card please", "label": "card", "lang": "en", "t": 1, "w": 1, "tone": "a", "items": [1]}
{"id": "c2", "text": "refund", "label": "refund", "lang": "en", "t": 2, "w": 2.5, "tone": null, "items": []}
{"id": "c3", "text": "x \\u00e9 5", "label": 5, "lang": "de", "t": "b", "w": 0, "tone": "b", "items": [9]}
""",
    "evals/datasets/d.csv": """\
id,message,expected
a,"one, two",x
b,"li
ne",y
""",
    "evals/datasets/d.yaml": """\
cases:
  - {id: a, message: one, expected: x}
  - id: 2
    message: >-
      folded
      text
    expected: {a: [1]}
""",
    "evals/datasets/d.json": """\
{"cases": [{"id": "a", "expected": "x", "n": 1.5e3}, {"id": "b", "expected": ["5", null, true]}]}
""",
}
VALIDATE = ("validate",)
AUDIT = ("audit", "references")
COMMANDS = (
    VALIDATE,
    ("list",),
    ("show", "p"),
    ("show", "s"),
    ("config", "--format", "json"),
    ("render", "p", "--set", "message=m"),
    ("render", "p", "--case", "s:c1"),
    ("eval", "--failures"),
    ("report", "--failures"),
    ("dataset", "lock"),
    AUDIT,
)
ENDINGS = {
    ExitCode.YES,
    ExitCode.NO,
    ExitCode.MEND_FIRST,
    ExitCode.NO_VERDICT,
    ExitCode.NOTHING_SELECTED,
}


@pytest.fixture
def project(folder: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> ProjectFolder:
    monkeypatch.chdir(folder.root)
    return folder


def run(command: tuple[str, ...]) -> tuple[int, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(command)
    return code, err.getvalue()


def renew(project: ProjectFolder, damaged: str | None = None, changes: list[Change] | None = None) -> None:
    shutil.rmtree(project.root / ".promptops", ignore_errors=True)
    for name, text in FILES.items():
        content = text.encode()
        project.write({name: mutated(content, changes or []) if name == damaged else content})


def test_the_undamaged_project_is_good(project: ProjectFolder) -> None:
    renew(project)
    # Its references are odd on purpose.
    wanted = {**dict.fromkeys(COMMANDS, ExitCode.YES), AUDIT: ExitCode.NO}
    assert {command: run(command)[0] for command in COMMANDS} == wanted


@pytest.mark.slow
@settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(damaged=st.sampled_from(sorted(FILES)), changes=mutations)
def test_a_damaged_project_never_breaks_a_command(
    project: ProjectFolder, damaged: str, changes: list[Change]
) -> None:
    renew(project, damaged, changes)
    for command in COMMANDS:
        code, err = run(command)
        assert code in ENDINGS, err
        assert code != ExitCode.NO or command in (VALIDATE, AUDIT)
        assert "Traceback" not in err
