"""Every bad input gets a message with a place, exit code 3, no traceback, and leaves nothing behind."""

from __future__ import annotations

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
    "wrong where": ({S: SUITE.replace("datasets/d.jsonl", "{path: datasets/d.jsonl, where: 'a ='}")}, "evals/s.yaml:2:"),
    "digest that does not match": ({S: SUITE.replace("datasets/d.jsonl", "{path: datasets/d.jsonl, sha256: '00'}")}, "promptops dataset lock s"),
    "code that may not run": ({S: SUITE.replace("prompt: p", "target: {command: [cat]}")}, "not allowed"),
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


def test_all_problems_of_all_files_come_at_once(folder: ProjectFolder, cli: Cli) -> None:
    folder.write({P: PROMPT + "modle: a\n", S: SUITE + "repeats: many\nslics: [a]\n", D: ROW})
    result = cli("validate", "--format", "json", at=folder.root)
    assert result.code == 1
    places = [(each["path"], each["line"]) for each in result.json["problems"]]
    assert places == [("evals/s.yaml", 5), ("evals/s.yaml", 6), ("prompts/p.yaml", 4)]


def test_an_unused_input_is_only_a_warning(folder: ProjectFolder, cli: Cli) -> None:
    folder.write(
        {P: PROMPT.replace("{message: string}", "{message: string, extra: {type: string, default: x}}")}
    )
    result = cli("validate", at=folder.root)
    assert result.code == 0
    assert "warning: no message uses the input `extra`" in result.out


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
