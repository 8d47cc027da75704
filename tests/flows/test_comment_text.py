"""What a pull request's comment says, from real repositories."""

from __future__ import annotations

import re
import shlex

from tests.flows import test_components as components
from tests.support.chat_project import chat, chat_project, counting
from tests.support.cli import Cli
from tests.support.gated import (
    BAD,
    SUITE,
    asking,
    break_it,
    case_rows,
    ids,
    on_main,
    outputs,
    start_branch,
)
from tests.support.project import ProjectFolder
from tests.support.rendered import RENDERERS, rendered


def comment(folder: ProjectFolder, cli: Cli, *arguments: str, verb: str = "gate") -> str:
    """The report as Markdown, which no forge makes anything else of."""
    path = folder.root.parent / "report.md"
    result = cli(verb, *arguments, f"--report=markdown={path}", at=folder.root)
    assert path.exists(), result.err
    markdown = path.read_text(encoding="utf-8")
    for renderer in RENDERERS:
        found = rendered(markdown, renderer)
        assert found.names[0] == "h2"
        assert found.names.count("h2") == 1
        found.assert_refers_to_nothing()
    return markdown


def headline(markdown: str) -> str:
    return markdown.split("\n", 1)[0].removeprefix("## ")


def findings(markdown: str) -> str:
    """All but how the sides are called and what was kept from the run before."""
    return markdown[markdown.index("> [!") : markdown.index("<details><summary>How far")]


def test_a_branch_that_made_it_worse(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder, suite=f"{SUITE}slices: [lang]\n")
    break_it(folder)
    folder.commit("worse")
    told = comment(folder, cli)
    assert headline(told) == "❌ Do not merge yet: the scores got worse"
    assert "12 broke / 0 fixed of 20" in told
    assert " text: t c00\n lang: en\n expected: yes\n-yes\n+no\n" in told
    assert "Slices: 0 of 2" not in told
    (command,) = re.findall(r"```sh\n(promptops .*)\n```", told)
    _, verb, *arguments = shlex.split(command)
    again = comment(folder, cli, *arguments, verb=verb)
    assert findings(again) == findings(told)


def test_a_branch_that_made_it_better(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder, wrong=range(12))
    folder.write_rows("evals/outputs.jsonl", outputs())
    told = comment(folder, cli)
    assert headline(told) == "✅ Good to merge: better than `main`"
    assert f"- Fixed in `s`: {', '.join(f'`{id_}`' for id_ in ids(range(12)))}\n" in told


def test_a_branch_of_which_too_little_is_known(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    folder.write_rows("evals/outputs.jsonl", outputs((3, 4)))
    assert headline(comment(folder, cli)) == "❔ Your call: it may be worse, and it may be better"
    strict = comment(folder, cli, "--strict")
    assert headline(strict) == "⛔ Do not merge yet: too little to tell, and this gate is strict"
    assert "promptops gate --strict --against " in strict


def test_answers_that_may_not_be_asked_for_are_no_pass(folder: ProjectFolder, cli: Cli) -> None:
    with asking(folder):
        start_branch(folder)
        folder.write({"prompts/p.yaml": BAD})
        told = comment(folder, cli, "--offline")
    assert headline(told) == "⛔ Do not merge yet: there is no verdict"
    assert "are not recorded; whoever has the key can run the rest with `promptops gate s`" in told
    assert "🟢" not in told
    assert "<summary>Changed prompt: <code>p</code></summary>" in told


def test_a_new_suite_has_nothing_to_compare_with(folder: ProjectFolder, cli: Cli) -> None:
    folder.write({"README.md": "words\n", ".gitignore": ".promptops/\n"})
    start_branch(folder)
    folder.write({"evals/s.yaml": SUITE})
    folder.write_rows("evals/datasets/d.jsonl", case_rows())
    folder.write_rows("evals/outputs.jsonl", outputs())
    told = comment(folder, cli)
    assert headline(told) == "⚪ Your call: first scores, and nothing to compare them with"
    assert "| `s` | `right` | 1.000 |" in told


def test_a_branch_that_changes_nothing_that_counts(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    folder.write({"README.md": "words\n"}).commit()
    told = comment(folder, cli)
    assert headline(told) == "⚪ Nothing to judge: no score can have changed"
    assert "<details" not in told


def test_a_branch_that_removes_its_failing_cases(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    break_it(folder)
    folder.write_rows("evals/datasets/d.jsonl", case_rows()[12:])
    told = comment(folder, cli)
    assert headline(told) == "❌ Do not merge yet: the scores got worse"
    above = told.split("<details")[0]
    assert "Cases: 12 removed." in above
    assert "This branch changes what measures it (1 change, see below)." in above
    assert "- Removed by the branch, and still run, in `s`: `c00`" in told
    assert "`right` 1.000 → 0.000 (n = 12)" in told
    assert "by the branch's ruler the head scores `right` 1.000 (n = 8)" in told


def test_a_component_that_made_the_difference(folder: ProjectFolder, cli: Cli) -> None:
    with chat(components.from_documents) as model:
        components.project(folder, model)
        components.changed(
            folder, {"search.py": components.search(5), "prompts/p.yaml": components.edited_prompt()}
        )
        told = comment(folder, cli, "--swap", "retriever", verb="diff")
    assert "| `s` | 32 → 12 | 0 → 8 | 4 → 16 | 4 |" in told
    assert "of −50.0 pts the retriever makes −30.0 pts [" in told
    assert "\n-from other, doc-2\n+from nothing\n" in told
    assert "\n both from: other, doc-7\n" in told


def test_cases_that_pass_now_and_then_are_counted_as_flaky(folder: ProjectFolder, cli: Cli) -> None:
    with chat(counting()) as model:
        chat_project(folder, model.url, cases=4)
        suite = (folder.root / "evals/s.yaml").read_text()
        folder.write({
            ".gitignore": ".promptops/\n",
            "evals/s.yaml": suite.replace("exact_match", "regex, pattern: '[02468]$'") + "repeats: 3\n",
        })  # fmt: skip
        start_branch(folder)
        prompt = (folder.root / "prompts/p.yaml").read_text()
        folder.write({"prompts/p.yaml": prompt.replace("{{ message }}", "{{ message }}!")})
        told = comment(folder, cli)
    assert re.search(r"Cases: .*\d flaky\.", told)
    assert re.search(r"- Flaky in `s`: \d of 4, most of all `c\d`", told)
