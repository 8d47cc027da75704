"""Every bad input gets a message with a place, exit code 3, no traceback, and leaves nothing behind."""

from __future__ import annotations

import os

import pytest

from tests.support.cli import Cli
from tests.support.project import ProjectFolder

PROMPT = "inputs: {message: string}\nmessages:\n  - {role: user, content: '{{ message }}'}\n"
SUITE = "prompt: p\ndataset: datasets/d.jsonl\nscorers:\n  accuracy: {type: exact_match}\n"
ROW = '{"id": "a", "message": "m", "expected": "m"}\n'
P, S, D = "prompts/p.yaml", "evals/s.yaml", "evals/datasets/d.jsonl"

TABLE: dict[str, tuple[dict[str, str | bytes], str]] = {
    "broken YAML": ({P: "messages: [\n"}, "prompts/p.yaml:"),
    "unquoted braces": ({P: "messages:\n  - {role: user, content: {{ message }}}\n"}, "prompts/p.yaml:2:"),
    "duplicate key": ({P: PROMPT + "model: a\nmodel: b\n"}, "prompts/p.yaml:5:1"),
    "unknown key": ({P: PROMPT + "modle: a\n"}, "prompts/p.yaml:4:1: unknown key `modle` (did you mean `model`?)"),
    "tab": ({S: SUITE + "gate:\n\tprimary: accuracy\n"}, "evals/s.yaml:6:1"),
    "alias bomb": ({S: "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9))}, "evals/s.yaml:"),
    "wrong type": ({S: SUITE + "repeats: many\n"}, "evals/s.yaml:5:10"),
    "missing variable": ({D: '{"id": "a", "expected": "m"}\n'}, "prompts/p.yaml:3:"),
    "class attribute": ({P: PROMPT.replace("message }}", "message.__class__ }}")}, "`__class__`"),
    "include outside": ({P: PROMPT.replace("{{ message }}", '{% include "../x.md" %}')}, "lies outside the prompts folder"),
    "missing variables": ({P: PROMPT.replace("{{ message }}", "{{ message }} {{ tone }}"), D: '{"id": "a", "expected": "m"}\n'}, "prompts/p.yaml:3:45: `tone` is missing"),
    "example without variables": ({P: PROMPT + "examples:\n  - {input: {}, output: a}\n"}, "prompts/p.yaml:5:5: the example lacks `message`"),
    "no message": ({P: "messages: []\n"}, "prompts/p.yaml:1:11: a prompt needs at least one message"),
    "class through a filter": ({P: PROMPT.replace("message }}", 'message | attr("__class__") }}')}, "`__class__`"),
    "class in a suite": ({S: SUITE + "inputs: {message: '{{ case.__class__ }}'}\n"}, "evals/s.yaml:5:9: access to attribute '__class__'"),
    "include of an absolute path": ({P: PROMPT.replace("{{ message }}", '{% include "/etc/passwd" %}')}, "lies outside the prompts folder"),
    "partial that is not there": ({P: PROMPT.replace("{{ message }}", '{% include "tone.md" %}'), "prompts/tones.md": "x"}, "there is no partial `tone.md` (did you mean `tones.md`?)"),
    "partial that is not UTF-8": ({P: PROMPT.replace("{{ message }}", '{% include "tone.md" %}'), "prompts/tone.md": b"a\n\xff"}, "prompts/tone.md:2:1: byte 0xff is not UTF-8"),
    "missing examples": ({P: PROMPT + "examples: {file: e.examples.yaml}\n"}, "prompts/p.yaml:4:18: there is no file `prompts/e.examples.yaml`"),
    "name with a zero byte": ({S: SUITE.replace("datasets/d.jsonl", '"d\\0.jsonl"')}, "evals/s.yaml:2:10: there is no file"),
    "name that is too long": ({S: SUITE.replace("datasets/d.jsonl", "x" * 5000)}, "evals/s.yaml:2:10: there is no file"),
    "missing dataset": ({D: b""} | {S: SUITE.replace("d.jsonl", "dd.jsonl")}, "evals/s.yaml:2:10: there is no file `evals/datasets/dd.jsonl` (did you mean `evals/datasets/d.jsonl`?)"),
    "empty dataset": ({D: ""}, "evals/datasets/d.jsonl: the dataset has no rows"),
    "not UTF-8": ({D: b'{"id": "a", "message": "\xff"}\n'}, "evals/datasets/d.jsonl:1:25"),
    "duplicate ids": ({D: ROW + ROW}, "evals/datasets/d.jsonl:2: the id `a` occurs twice (first in line 1)"),
    "not JSON": ({D: ROW + "{oops}\n"}, "evals/datasets/d.jsonl:2:2: not JSON"),
    "unknown prompt": ({S: SUITE.replace("prompt: p", "prompt: pp")}, "evals/s.yaml:1:9: there is no prompt `pp` (did you mean `p`?)"),
    "unknown scorer": ({S: SUITE.replace("exact_match", "exact_mach")}, "there is no scorer `exact_mach` (did you mean `exact_match`?)"),
    "unknown scorer option": ({S: SUITE.replace("exact_match", "exact_match, ignore_cas: true")}, "(did you mean `ignore_case`?)"),
    "wrong pattern": ({S: SUITE.replace("exact_match", "regex, pattern: '('")}, "not a regular expression"),
    "unknown field": ({S: SUITE + "expected: '{{ case.lable }}'\n"}, "evals/s.yaml:5:"),
    "path outside": ({S: SUITE.replace("datasets/d.jsonl", "../../d.jsonl")}, "leaves the project"),
    "path outside, as Windows writes it": ({S: SUITE.replace("datasets/d.jsonl", "'\\etc\\passwd'")}, "evals/s.yaml:2:10: there is no file `etc/passwd`"),
    "schema that cannot be followed": ({P: PROMPT.replace("message: string", "message: {type: string, minLength: x}")}, "`message` does not fit its schema: the schema cannot be followed"),
    "wrong where": ({S: SUITE.replace("datasets/d.jsonl", "{path: datasets/d.jsonl, where: 'a ='}")}, "evals/s.yaml:2:"),
    "digest that does not match": ({S: SUITE.replace("datasets/d.jsonl", "{path: datasets/d.jsonl, sha256: '00'}")}, "promptops dataset lock s"),
    "code that may not run": ({S: SUITE.replace("prompt: p", "target: {command: [cat]}")}, "not allowed"),
    "wrong dataset format": ({S: SUITE.replace("d.jsonl", "d.txt"), "evals/datasets/d.txt": "a"}, "evals/s.yaml:2:10: `d.txt` is not in a known format"),
    "row that is no object": ({D: ROW + "[1]\n"}, "evals/datasets/d.jsonl:2:1: a row must be an object"),
    "embedded model that is none": ({P: PROMPT + "model: promptops/nearest\n"}, "`promptops/nearest-example`"),
    "unknown model": ({P: PROMPT + "model: opnai/gpt-4o-mini\n"}, "`opnai/gpt-4o-mini`"),
    "missing key": ({P: PROMPT + "model: openai/gpt-4o-mini\n"}, "`OPENAI_API_KEY`"),
    "unknown target": ({S: SUITE.replace("prompt: p", "target: {recoded: o.jsonl}")}, "evals/s.yaml:1:9: there is no target `recoded` (did you mean `recorded`?)"),
    "prompts outside": ({"promptops.toml": '[project]\nprompts = "/etc"\n'}, "promptops.toml:2:11: `project.prompts` must be a folder inside the project"),
    "suites outside": ({"promptops.toml": '[project]\nevals = "../evals"\n'}, "promptops.toml:2:9: `project.evals` must be a folder inside the project"),
    "nothing at once": ({"promptops.toml": "[run]\nconcurrency = 0\n"}, "promptops.toml:2:15: `run.concurrency`: must be at least 1"),
    "endless wait": ({"promptops.toml": "[run]\ntimeout_s = inf\n"}, "promptops.toml:2:13: infinite and undefined numbers cannot be used here"),
    "no wait": ({"promptops.toml": "[run]\ntimeout_s = 0\n"}, "promptops.toml:2:13: `run.timeout_s`: must be "),
    "price below nothing": ({"promptops.toml": "[providers.openai]\ninput_usd_per_million = -1\n"}, "promptops.toml:2:25: `providers.openai.input_usd_per_million`: must be at least 0"),
    "settings that are no file": ({"promptops.toml/x": ""}, "`promptops.toml` is not a regular file"),
    "wrong setting": ({"promptops.toml": "[run]\nconcurency = 4\n"}, "promptops.toml:2:1"),
    "key in a file": ({"promptops.toml": '[providers.openai]\napi_key = "sk-0123456789"\n'}, "a key stands in the file"),
    "broken settings": ({"promptops.toml": "[run\n"}, "promptops.toml:1:"),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_bad_input_is_told_with_its_place(name: str, folder: ProjectFolder, cli: Cli) -> None:
    files, message = TABLE[name]
    folder.write({P: PROMPT, S: SUITE, D: ROW, **files})
    result = cli("eval", at=folder.root)
    assert result.code == 3, result.err
    assert message in result.err
    assert "Traceback" not in result.err
    assert "sk-0123456789" not in result.err
    assert result.out == ""
    assert not (folder.root / ".promptops").exists()


LINKS: dict[str, tuple[dict[str, str], str, str, str]] = {
    "partial outside the project": ({P: PROMPT.replace("{{ message }}", '{% include "x.md" %}')}, "prompts/x.md", "../../secret.md", "prompts/p.yaml:3:40: `x.md` is a link that leads out of the prompts folder"),
    "partial outside prompts": ({P: PROMPT.replace("{{ message }}", '{% include "x.md" %}')}, "prompts/x.md", "../evals/s.yaml", "prompts/p.yaml:3:40: `x.md` is a link that leads out of the prompts folder"),
    "folder outside prompts": ({P: PROMPT.replace("{{ message }}", '{% include "x/s.yaml" %}')}, "prompts/x", "../evals", "prompts/p.yaml:3:40: there is no partial `x/s.yaml`"),
    "partial that leads to itself": ({P: PROMPT.replace("{{ message }}", '{% include "x.md" %}')}, "prompts/x.md", "x.md", "prompts/p.yaml:3:40:"),
    "examples": ({P: PROMPT + "examples: {file: x.examples.yaml}\n"}, "prompts/x.examples.yaml", "../../secret.md", "outside the project"),
    "prompt": ({S: SUITE.replace("prompt: p", "prompt: q")}, "prompts/q.yaml", "../../secret.md", "prompts/q.yaml: the file lies outside the project"),
    "dataset": ({S: SUITE.replace("d.jsonl", "e.jsonl")}, "evals/datasets/e.jsonl", "../../../secret.md", "evals/s.yaml:2:10: `evals/datasets/e.jsonl` is not a regular file inside the project"),
    "settings": ({}, "promptops.toml", "../secret.md", "`promptops.toml` is not a regular file inside the project"),
}  # fmt: skip


@pytest.mark.parametrize("name", LINKS)
def test_a_link_leads_nowhere_else(name: str, folder: ProjectFolder, cli: Cli) -> None:
    files, link, target, message = LINKS[name]
    folder.write({P: PROMPT, S: SUITE, D: ROW, "../secret.md": "do not read", **files})
    (folder.root / link).symlink_to(target)
    result = cli("eval", at=folder.root)
    assert result.code == 3, result.out
    assert message in result.err
    assert "do not read" not in result.err
    assert not (folder.root / ".promptops").exists()


def test_a_broken_template_is_not_blamed_for_what_it_would_use(folder: ProjectFolder, cli: Cli) -> None:
    folder.write({P: PROMPT.replace("{{ message }}", "{{ message")})
    problems = cli("validate", "--format", "json", at=folder.root).json["problems"]
    assert [each["rule"] for each in problems] == ["template-syntax"]


def test_a_wrong_schema_is_told_where_it_stands(folder: ProjectFolder, cli: Cli) -> None:
    folder.write({P: PROMPT.replace("message: string", "message: {type: strng}")})
    (problem,) = cli("validate", "--format", "json", at=folder.root).json["problems"]
    assert (problem["rule"], problem["line"]) == ("invalid-schema", 1)


def test_all_problems_of_all_files_come_at_once(folder: ProjectFolder, cli: Cli) -> None:
    folder.write({P: PROMPT + "modle: a\n", S: SUITE + "repeats: many\nslics: [a]\n", D: ROW})
    result = cli("validate", "--format", "json", at=folder.root)
    assert result.code == 1
    places = [(each["path"], each["line"]) for each in result.json["problems"]]
    assert places == [("evals/s.yaml", 5), ("evals/s.yaml", 6), ("prompts/p.yaml", 4)]


def test_all_that_a_suite_names_is_checked_at_once(folder: ProjectFolder, cli: Cli) -> None:
    suite = """\
prompts: [pp, qq]
dataset: {path: dd.jsonl, where: 'a ='}
inputs: {message: '{{ }}'}
expected: '{% if %}'
scorers: {a: {type: exact_mach}, b: {type: max_words}}
"""
    folder.write({P: PROMPT, S: suite, D: ROW})
    problems = cli("validate", "--format", "json", at=folder.root).json["problems"]
    assert [(each["line"], each["rule"]) for each in problems] == [
        (1, "unknown-prompt"),
        (1, "unknown-prompt"),
        (2, "missing-file"),
        (2, "template-syntax"),
        (3, "template-syntax"),
        (4, "template-syntax"),
        (5, "unknown-scorer"),
        (5, "missing-key"),
    ]
    assert cli("eval", at=folder.root).code == 3


def test_an_unused_input_is_only_a_warning(folder: ProjectFolder, cli: Cli) -> None:
    folder.write(
        {P: PROMPT.replace("{message: string}", "{message: string, extra: {type: string, default: x}}")}
    )
    result = cli("validate", at=folder.root)
    assert result.code == 0
    assert "prompts/p.yaml:1:34: warning: no message uses the input `extra`" in result.out


def test_a_changed_dataset_names_its_cases_where_git_has_the_old_one(folder: ProjectFolder, cli: Cli) -> None:
    rows = [{"id": f"c{n}", "message": "m", "expected": "m"} for n in range(3)]
    folder.write({P: PROMPT, S: SUITE}).write_rows(D, rows)
    assert cli("dataset", "lock", at=folder.root).code == 0
    folder.commit()
    folder.write_rows(D, [{**rows[0], "message": "new"}, rows[1], {**rows[2], "id": "c9"}])
    result = cli("eval", at=folder.root)
    assert result.code == 3
    assert "1 edited (c0), 1 added (c9), 1 removed (c2)" in result.err


def test_a_folder_that_cannot_be_written(folder: ProjectFolder, cli: Cli) -> None:
    folder.write({P: PROMPT, S: SUITE, D: ROW, ".promptops": "a file where the folder should be"})
    result = cli("eval", at=folder.root)
    assert result.code == 3
    assert "PROMPTOPS_HOME" in result.err


NOT_FOR_ROOT = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read and write everything"
)


@NOT_FOR_ROOT
@pytest.mark.parametrize("name", [P, S, D, "prompts/tone.md", "promptops.toml"])
def test_a_file_that_cannot_be_read(name: str, folder: ProjectFolder, cli: Cli) -> None:
    prompt = PROMPT.replace("{{ message }}", '{% include "tone.md" %}{{ message }}')
    folder.write({P: prompt, S: SUITE, D: ROW, "prompts/tone.md": "x", "promptops.toml": ""})
    (folder.root / name).chmod(0)
    result = cli("eval", at=folder.root)
    assert result.code == 3
    assert f"{name}: the file cannot be read: Permission denied" in result.err
    assert not (folder.root / ".promptops").exists()


@NOT_FOR_ROOT
@pytest.mark.parametrize("verb", [("eval",), ("dataset", "lock"), ("init",)])
def test_a_read_only_folder_stays_as_it_is(verb: tuple[str, ...], folder: ProjectFolder, cli: Cli) -> None:
    folder.write({P: PROMPT, S: SUITE, D: ROW})
    before = sorted(folder.root.rglob("*"))
    for each in (folder.root, folder.root / "evals"):
        each.chmod(0o500)
    try:
        result = cli(*verb, at=folder.root)
    finally:
        for each in (folder.root, folder.root / "evals"):
            each.chmod(0o700)
    assert result.code == 3
    assert "error: cannot write" in result.err
    assert sorted(folder.root.rglob("*")) == before


def test_a_folder_without_git_does_all_but_look_back(folder: ProjectFolder, cli: Cli) -> None:
    folder.write({P: PROMPT, S: SUITE, D: ROW})
    for verb in ("validate", "list", "eval", "runs", "report", "config"):
        assert cli(verb, at=folder.root).code == 0
    assert cli("dataset", "lock", at=folder.root).code == 0
    result = cli("render", "p", "--at", "HEAD", at=folder.root)
    assert result.code == 3
    assert "run `git init`" in result.err


def test_a_commit_that_is_not_there(folder: ProjectFolder, cli: Cli) -> None:
    folder.write({P: PROMPT, S: SUITE, D: ROW})
    folder.git("init", "--quiet")
    nothing = cli("render", "p", "--at", "HEAD", at=folder.root)
    assert (nothing.code, nothing.err.splitlines()[-1]) == (3, "hint: make a first commit")
    folder.commit()
    for ref in ("v1", "--help", "HEAD:evals"):
        unknown = cli("render", "p", "--at", ref, at=folder.root)
        assert unknown.code == 3
        assert f"`{ref}` is not a commit here" in unknown.err


def test_git_that_is_not_installed(folder: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write({P: PROMPT, S: SUITE, D: ROW}).commit()
    monkeypatch.setenv("PATH", str(folder.root))
    result = cli("eval", at=folder.root)
    assert result.code == 3
    assert "there is no program `git` here" in result.err
    assert not (folder.root / ".promptops").exists()


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("PROMPTOPS_RUN_CONCURRENCY", "0", "`run.concurrency`: must be at least 1"),
        ("PROMPTOPS_RUN_CONCURRENCY", '"4"', "`run.concurrency`: expected a whole number, got text"),
        ("PROMPTOPS_RUN_CONCURRENCY", "four", "cannot be read as a value"),
        ("PROMPTOPS_RUN_TIMEOUT_S", "NaN", "`run.timeout_s` must be a finite number"),
        ("PROMPTOPS_RUN_RETRYS", "1", "does not name a setting"),
        ("PROMPTOPS_PROJECT_PROMPTS", "/etc", "`project.prompts` must be a folder inside the project"),
        ("PROMPTOPS_DEFAULTS_PARAMETERS", "[1]", "`defaults.parameters`: expected an object, got a list"),
    ],
)
def test_a_wrong_variable_is_named(
    folder: ProjectFolder,
    cli: Cli,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    message: str,
) -> None:
    folder.write({P: PROMPT, S: SUITE, D: ROW})
    monkeypatch.setenv(variable, value)
    for verb in ("validate", "eval", "config"):
        result = cli(verb, at=folder.root)
        assert result.code == 3
        assert variable in result.err
        assert message in result.err
    assert not (folder.root / ".promptops").exists()


def test_nothing_selected_is_no_success(folder: ProjectFolder, cli: Cli) -> None:
    assert cli("eval", at=folder.root).code == 5
    folder.write({P: PROMPT, S: SUITE, D: ROW})
    result = cli("eval", "ss", at=folder.root)
    assert result.code == 5
    assert "did you mean `s`?" in result.err


def test_a_wrong_command_line(folder: ProjectFolder, cli: Cli) -> None:
    assert cli("evla", at=folder.root).code == 2
    assert cli("eval", "--limit", "0", at=folder.root).code == 2
    assert cli("render", at=folder.root).code == 2
