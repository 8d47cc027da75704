from __future__ import annotations

import json
import os
import stat

import pytest

from tests.support.cli import Cli
from tests.support.project import ProjectFolder, rows


@pytest.fixture
def started(folder: ProjectFolder, cli: Cli) -> ProjectFolder:
    assert cli("init", at=folder.root).code == 0
    return folder


def test_a_new_project_evaluates_offline_at_once(started: ProjectFolder, cli: Cli) -> None:
    result = cli("eval", "--format", "json", at=started.root)
    assert result.code == 0, result.err
    (suite,) = result.json["suites"]
    assert (suite["suite"], suite["cases"], suite["errored"], suite["cost_usd"]) == ("triage", 24, 0, 0)
    assert suite["scored"] + suite["errored"] == suite["cases"]
    assert 0.6 <= suite["metrics"][0]["mean"] <= 0.95
    assert result.json["format"] == 1
    assert list(result.json)[:3] == ["format", "verb", "exit_code"]


def test_the_embedded_model_is_never_shown_as_a_language_model(started: ProjectFolder, cli: Cli) -> None:
    assert "(not an LLM)" in cli("eval", at=started.root).out
    assert "(not an LLM)" in cli("runs", at=started.root).out
    assert "(not an LLM)" in cli("report", at=started.root).out
    assert "(not an LLM)" in cli("list", at=started.root).out


def test_an_edit_of_the_prompt_moves_the_score(started: ProjectFolder, cli: Cli) -> None:
    before = cli("eval", "--format", "json", at=started.root).json["suites"][0]
    prompt = started.root / "prompts/triage.yaml"
    prompt.write_text(
        prompt.read_text(encoding="utf-8").replace("output: fees}", "output: card}"), encoding="utf-8"
    )
    after = cli("eval", "--format", "json", at=started.root).json["suites"][0]
    assert after["metrics"][0]["mean"] < before["metrics"][0]["mean"]
    assert after["digest"] != before["digest"]


def test_what_is_written_may_be_read_as_the_user_wants(started: ProjectFolder, cli: Cli) -> None:
    umask = os.umask(0)
    os.umask(umask)
    suite = started.root / "evals/triage.yaml"
    assert stat.S_IMODE(suite.stat().st_mode) == 0o666 & ~umask
    suite.chmod(0o640)
    assert cli("dataset", "lock", at=started.root).code == 0
    assert stat.S_IMODE(suite.stat().st_mode) == 0o640
    assert [path.name for path in suite.parent.glob(".*")] == []


def test_init_never_touches_what_is_there(started: ProjectFolder, cli: Cli) -> None:
    started.write({"promptops.toml": "[run]\nconcurrency = 3\n"})
    result = cli("init", at=started.root)
    assert "kept  promptops.toml" in result.out
    assert (started.root / "promptops.toml").read_text(encoding="utf-8") == "[run]\nconcurrency = 3\n"


def test_failures_show_input_expected_and_output(started: ProjectFolder, cli: Cli) -> None:
    cli("eval", at=started.root)
    shown = cli("report", "latest", "--failures", at=started.root).out
    (journal,) = started.root.glob(".promptops/runs/*/results.jsonl")
    results = [each["result"] for each in rows(journal)]
    failed = [each for each in results if each["scores"]["accuracy"]["value"] == 0]
    assert failed
    for each in failed:
        assert each["case_id"] in shown
        assert each["inputs"]["message"][:40] in shown
    assert "expected" in shown


def test_output_of_a_model_cannot_steer_the_terminal(folder: ProjectFolder, cli: Cli) -> None:
    suite = "target: {recorded: o.jsonl}\ndataset: d.jsonl\nscorers: {a: {type: exact_match}}\n"
    folder.write({"evals/s.yaml": suite})
    folder.write_rows("evals/d.jsonl", [{"id": "1\x1b[2J", "expected": "x"}])
    folder.write_rows(
        "evals/o.jsonl", [{"id": "1\x1b[2J", "output": "\x1b]0;owned\x07 [bold]x[/bold] \u202e"}]
    )
    shown = cli("eval", "--failures", at=folder.root)
    assert shown.code == 0
    assert "\x1b" not in shown.out
    assert "\u202e" not in shown.out
    assert "[bold]x[/bold]" in shown.out


def test_runs_are_listed_newest_first(started: ProjectFolder, cli: Cli) -> None:
    for _ in range(2):
        cli("eval", "--limit", "3", at=started.root)
    runs = [each["run"] for each in cli("runs", "--format", "json", at=started.root).json["runs"]]
    assert runs == sorted(runs, reverse=True)
    assert len(runs) == 2
    assert cli("report", "nothing", at=started.root).code == 5


def test_show_prints_a_scorer_with_options_and_examples(started: ProjectFolder, cli: Cli) -> None:
    shown = cli("show", "exact_match", at=started.root).out
    assert "ignore_case: bool (default False)" in shown
    assert "examples:" in shown
    assert cli("show", "triag", at=started.root).code == 5


def test_show_prints_all_that_shares_a_name(started: ProjectFolder, cli: Cli) -> None:
    for name, kinds in {"triage": ["prompt", "suite"], "python": ["scorer", "target"]}.items():
        entries = cli("show", name, "--format", "json", at=started.root).json["entries"]
        assert [each["kind"] for each in entries] == kinds
        shown = cli("show", name, at=started.root)
        assert all(each["text"].rstrip("\n") in shown.out for each in entries)
        assert [line.split()[0] for line in shown.err.splitlines()] == kinds


@pytest.mark.parametrize("columns", ["40", "80", "100", "140"])
def test_no_figure_is_cut_off_at_any_width(
    started: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    shown = cli("eval", at=started.root).out
    assert "…" not in shown
    assert all(len(line.rstrip()) <= max(int(columns), 60) for line in shown.splitlines())
    assert "promptops/nearest-example (not an LLM)" in " ".join(shown.split())
    assert " ms\n" in "\n".join(line.rstrip() for line in shown.splitlines())


def test_config_says_where_a_setting_comes_from(
    started: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPTOPS_RUN_CONCURRENCY", "3")
    settings = {
        each["key"]: each for each in cli("config", "--format", "json", at=started.root).json["settings"]
    }
    assert settings["run.concurrency"] == {
        "key": "run.concurrency",
        "value": 3,
        "source": "PROMPTOPS_RUN_CONCURRENCY",
    }
    assert settings["defaults.model"]["source"] == "promptops.toml"
    assert settings["gate.margin"]["source"] == "built-in"
    monkeypatch.setenv("PROMPTOPS_RUN_CONCURENCY", "3")
    assert cli("config", at=started.root).code == 3


def test_every_guide_can_be_read(folder: ProjectFolder, cli: Cli) -> None:
    topics = [line.split()[0] for line in cli("help", at=folder.root).out.splitlines()]
    assert {"start", "prompts", "suites", "scorers"} <= set(topics)
    for topic in topics:
        assert cli("help", topic, at=folder.root).out.startswith("# ")
    assert cli("help", "promts", at=folder.root).code == 5


def test_a_locked_dataset_keeps_the_comments_of_its_suite(started: ProjectFolder, cli: Cli) -> None:
    suite = started.root / "evals/triage.yaml"
    for spelling in ("dataset: datasets/triage.jsonl", "dataset: {path: datasets/triage.jsonl, seed: 3}", "dataset:\n  path: datasets/triage.jsonl  # cases\n  seed: 3"):  # fmt: skip
        text = f"# first\nprompt: triage\n{spelling}\nscorers: {{a: {{type: exact_match}}}}\n"
        suite.write_text(text, encoding="utf-8")
        assert cli("dataset", "lock", at=started.root).code == 0
        assert suite.read_text(encoding="utf-8").startswith("# first\n")
        assert "unchanged" in cli("dataset", "lock", at=started.root).out
        assert cli("eval", at=started.root).code == 0


def test_githubs_prompt_brings_its_own_suite(folder: ProjectFolder, cli: Cli) -> None:
    prompt = """\
name: Echo
model: promptops/nearest-example
modelParameters: {temperature: 0.5, maxTokens: 8}
messages:
  - {role: system, content: "one of: tea, coffee"}
  - {role: user, content: "{{input}}"}
testData:
  - {input: "I like tea", expected: tea}
  - {input: "coffee please", expected: coffee}
evaluators:
  - {name: same, string: {equals: "{{expected}}"}}
  - {name: judged, uses: github/similarity}
"""
    folder.write({"prompts/drink.prompt.yml": prompt})
    result = cli("eval", "--format", "json", at=folder.root)
    assert result.code == 0, result.err
    assert result.json["suites"][0]["metrics"][0]["mean"] == 1.0
    rendered = cli("render", "drink", "--set", "input=x", "--format", "json", at=folder.root).json
    assert rendered["parameters"] == {"temperature": 0.5, "max_tokens": 8}
    validated = cli("validate", at=folder.root)
    assert validated.code == 0
    assert "`judged` has no counterpart" in validated.out


def test_a_grid_of_prompts_gives_a_row_each(started: ProjectFolder, cli: Cli) -> None:
    text = (started.root / "prompts/triage.yaml").read_text(encoding="utf-8")
    suite = "prompts: [triage, other]\ndataset: datasets/triage.jsonl\nscorers: {a: {type: exact_match}}\n"
    started.write({"prompts/other.yaml": text, "evals/triage.yaml": suite})
    suites = cli("eval", "--format", "json", at=started.root).json["suites"]
    assert [each["prompt"] for each in suites] == ["triage", "other"]


def test_a_sample_is_the_same_every_time_and_in_file_order(started: ProjectFolder, cli: Cli) -> None:
    suite = "prompt: triage\ndataset: {path: datasets/triage.jsonl, sample: 5, seed: 1, where: \"expected != 'fees'\"}\nscorers: {a: {type: exact_match}}\n"
    started.write({"evals/triage.yaml": suite})
    ids = []
    for _ in range(2):
        run = cli("eval", "--format", "json", at=started.root).json["run"]
        lines = (
            (started.root / ".promptops/runs" / run / "results.jsonl")
            .read_text(encoding="utf-8")
            .splitlines()
        )
        ids.append([json.loads(line)["result"]["case_id"] for line in lines])
    assert ids[0] == ids[1] == sorted(ids[0])
    assert len(ids[0]) == 5


def test_python_and_command_targets_run_where_they_are_allowed(folder: ProjectFolder, cli: Cli) -> None:
    app = "import json, sys\n\ndef shout(inputs):\n    return {'output': inputs['message'].upper(), 'cost_usd': 0.5}\n\nif __name__ == '__main__':\n    for line in sys.stdin:\n        print(json.dumps(shout(json.loads(line)['inputs'])), flush=True)\n"
    base = "dataset: d.jsonl\nscorers: {a: {type: exact_match}}\n"
    folder.write(
        {
            "promptops.toml": "[plugins]\nlocal = true\n",
            "app_under_test.py": app,
            "evals/one.yaml": "target: {python: 'app_under_test:shout'}\n" + base,
            "evals/two.yaml": "target: {command: [python3, app_under_test.py]}\n" + base,
        }
    )
    folder.write_rows(
        "evals/d.jsonl", [{"id": str(n), "message": f"m{n}", "expected": f"M{n}"} for n in range(9)]
    )
    result = cli("eval", "--format", "json", at=folder.root)
    assert result.code == 0, result.err
    assert [suite["metrics"][0]["mean"] for suite in result.json["suites"]] == [1.0, 1.0]
    assert [suite["cost_usd"] for suite in result.json["suites"]] == [4.5, 4.5]


def test_a_command_that_dies_loses_its_case_and_is_started_again(folder: ProjectFolder, cli: Cli) -> None:
    app = "import json, sys\nfor line in sys.stdin:\n    case = json.loads(line)\n    if case['id'] == '1':\n        sys.exit('out of luck')\n    print(json.dumps({'output': 'x'}), flush=True)\n"
    suite = "target: {command: [python3, app.py]}\ndataset: d.jsonl\nscorers: {a: {type: exact_match}}\n"
    folder.write({"promptops.toml": "[plugins]\nlocal = true\n", "app.py": app, "evals/s.yaml": suite})
    folder.write_rows("evals/d.jsonl", [{"id": str(n), "expected": "x"} for n in range(3)])
    result = cli("eval", "--format", "json", at=folder.root)
    assert result.code == 4
    (suite_result,) = result.json["suites"]
    assert (suite_result["scored"], suite_result["errored"]) == (2, 1)
    assert "out of luck" in suite_result["errors"][0]["message"]


def test_a_scorer_of_the_repository_is_named_by_its_path(folder: ProjectFolder, cli: Cli) -> None:
    scorer = """\
from dataclasses import dataclass
from typing import ClassVar
from promptops.plugin import Example, Record, Scale, Score

@dataclass(frozen=True, slots=True, kw_only=True)
class Long(Record):
    "1 when long."
    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = ()
    least: int = 3
    def score(self, sample):
        return Score(value=float(len(sample.output) >= self.least))

PLUGIN = Long
"""
    suite = "target: {recorded: o.jsonl}\ndataset: d.jsonl\nscorers:\n  long: {type: ./long.py, least: 5}\n  short: {type: ./long.py, least: 5, not: true}\n"
    folder.write(
        {"evals/long.py": scorer, "evals/s.yaml": suite, "promptops.toml": "[plugins]\nlocal = true\n"}
    )
    folder.write_rows("evals/d.jsonl", [{"id": "a"}, {"id": "b"}])
    folder.write_rows("evals/o.jsonl", [{"id": "a", "output": "tiny"}, {"id": "b", "output": "rather long"}])
    metrics = cli("eval", "--format", "json", at=folder.root).json["suites"][0]["metrics"]
    assert [each["mean"] for each in metrics] == [0.5, 0.5]
