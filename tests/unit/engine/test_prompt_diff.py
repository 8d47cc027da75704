"""What an edit of a prompt changed, as a reviewer reads it."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from promptops.engine.prompt_diff import PromptSide, prompt_changes
from promptops.files.prompt import load_prompt
from promptops.files.tree import WorkingTree
from promptops.model.prompt_change import PromptChange
from tests.support.project import ProjectFolder

BASE = """\
model: openai/gpt-4o-mini
parameters: {temperature: 0}
inputs: {message: string}
examples:
  - {input: {message: a}, output: A}
  - {input: {message: b}, output: B}
  - {input: {message: c}, output: C}
messages:
  - role: system
    content: |
      You are kind.
      Answer in one word.
  - {role: user, content: "{{ message }}"}
"""


def side(folder: ProjectFolder, text: str, **partials: str) -> PromptSide:
    folder.write({"prompts/p.yaml": text})
    loaded = load_prompt(WorkingTree(folder.root), PurePosixPath("prompts/p.yaml"), "prompts")
    return PromptSide(loaded.prompt, partials)


def changes(folder: ProjectFolder, edited: str) -> tuple[PromptChange, ...]:
    return prompt_changes(side(folder, BASE), side(folder, edited))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("temperature: 0", "temperature: 0.7", ["parameters.temperature 0 → 0.7"]),
        ("{temperature: 0}", "{temperature: 0, seed: 7}", ["parameters.seed added: 7"]),
        ("{temperature: 0}", "{}", ["parameters.temperature removed: 0"]),
        ("gpt-4o-mini", "gpt-4o", ["model openai/gpt-4o-mini → openai/gpt-4o"]),
        ("message: string", "message: {type: string, minLength: 1}", ["inputs.properties.message.minLength added: 1"]),
        ("  - {input: {message: c}, output: C}\n", "", ["example 3 removed: −2 lines"]),
        ("output: B", "output: X", ["example 2 changed: +1 −1 lines"]),
        ("      Answer in one word.\n", "      Answer.\n      Be brief.\n", ["system message +2 −1 lines"]),
        ("messages:\n", "messages:\n  - {role: developer, content: Hi}\n", ["developer message added: +1 lines"]),
        ("model:", "description: Other words.\nmodel:", []),
        ("model:", "# A comment.\nmodel:", []),
    ],
)  # fmt: skip
def test_a_change_is_told_in_words(folder: ProjectFolder, old: str, new: str, told: list[str]) -> None:
    assert old in BASE
    assert [each.what for each in changes(folder, BASE.replace(old, new))] == told


def test_a_changed_text_is_shown_line_by_line(folder: ProjectFolder) -> None:
    (change,) = changes(folder, BASE.replace("You are kind.", "You are strict."))
    assert change.diff[1:] == ("-You are kind.", "+You are strict.", " Answer in one word.")


def test_a_changed_partial_is_a_change_of_the_prompt(folder: ProjectFolder) -> None:
    text = BASE.replace("You are kind.", "{% include 'tone.md' %}")
    before, after = side(folder, text, tone="Be kind.\n"), side(folder, text, tone="Be terse.\n")
    (change,) = prompt_changes(before, after)
    assert change == PromptChange(
        what="partial tone +1 −1 lines", diff=("@@ -1 +1 @@", "-Be kind.", "+Be terse.")
    )


def test_a_message_that_changes_its_role_is_another_one(folder: ProjectFolder) -> None:
    told = [each.what for each in changes(folder, BASE.replace("role: system", "role: developer"))]
    assert told == ["system message removed: −2 lines", "developer message added: +2 lines"]
