"""People label outputs in a terminal: blindly, by single keys, and nothing that was pressed is ever lost."""

from __future__ import annotations

import json
import os
import resource
import signal
from collections import Counter
from pathlib import PurePosixPath

import pytest

from promptops.commands.label_place import file_name_of, labels_in
from promptops.commands.project import open_project
from promptops.errors import ConfigError
from tests.support.cli import Cli
from tests.support.hostile import HOSTILE, STEERING
from tests.support.labelled import CASES, SECRET, compared, labels_of
from tests.support.project import ProjectFolder
from tests.support.terminal import terminal

LABEL = ("label", "s", "--by", "Ada")


def shown_output(screen: str) -> str:
    """The first line of the output that is shown."""
    return screen.partition("─ output ")[2].splitlines()[1].strip()


def test_a_session_is_blind_kept_at_once_and_goes_on_where_it_ended(folder: ProjectFolder, cli: Cli) -> None:
    with compared(folder, cli):
        with terminal(*LABEL, at=folder.root) as person:
            screen = person.wait_for("0 of 50", "‹output›", "─ case.context")
            assert SECRET not in person.said
            first = shown_output(screen)
            person.press("y")
            person.wait_for("1 of 50 · pass 0/10 · fail 1/10")
            (row,) = labels_of(folder, "ada")
            # It is on the disk while the session goes on; yes is a fail, since no is what passes.
            assert (row["output"], row["label"], row["by"]) == (first, "fail", "Ada")
            person.press("n")
            person.wait_for("2 of 50 · pass 1/10 · fail 1/10")
            person.press("c", "q")
            assert person.end() == 0
            assert person.echoes()
            assert "3 labels of yours, 3 new: labels/s/grounded/ada.jsonl" in person.after
        before = labels_of(folder, "ada")
        assert [row["label"] for row in before] == ["fail", "pass", "cannot_tell"]
        with terminal(*LABEL, at=folder.root) as person:
            person.wait_for("3 of 50 · pass 1/10 · fail 1/10")
            person.press(*"p" * (2 * CASES - 3))
            person.wait_for("no more to label")
            person.press("q")
            assert person.end() == 0
    labels = labels_of(folder, "ada")
    assert labels[:3] == before
    # Every output of both versions was shown once, and each label knows its version.
    assert len({(row["case"], row["output"]) for row in labels}) == 2 * CASES
    assert Counter(row["output"].split()[0] for row in labels) == {"old": CASES, "new": CASES}
    assert len({(row["version"], row["output"].split()[0]) for row in labels}) == 2


def test_the_versions_are_balanced_and_come_at_random(folder: ProjectFolder, cli: Cli) -> None:
    with compared(folder, cli), terminal(*LABEL, "--sample", "10", at=folder.root) as person:
        person.wait_for("0 of 10")
        person.press(*"y" * 10)
        person.wait_for("These are enough labels")
        person.press("q")
        assert person.end() == 0
    versions = [row["output"].split()[0] for row in labels_of(folder, "ada")]
    assert Counter(versions) == {"old": 5, "new": 5}
    assert versions not in (["old", "new"] * 5, ["new", "old"] * 5)


def test_two_people_see_the_same_outputs_in_other_orders(folder: ProjectFolder, cli: Cli) -> None:
    with compared(folder, cli):
        for name in ("Ada", "Bo Li"):
            with terminal("label", "s:grounded", "--by", name, "--sample", "10", at=folder.root) as person:
                person.wait_for("0 of 10")
                person.press(*"y" * 10, "q")
                assert person.end() == 0
    ada, bo = ([(row["case"], row["output"]) for row in labels_of(folder, name)] for name in ("ada", "bo-li"))
    assert sorted(ada) == sorted(bo)
    assert ada != bo


def test_what_somebody_labelled_elsewhere_can_be_labelled_without_a_run(
    folder: ProjectFolder, cli: Cli
) -> None:
    with compared(folder, cli), terminal(*LABEL, "--sample", "3", at=folder.root) as person:
        person.wait_for("0 of 3")
        person.press("y", "y", "y", "q")
        assert person.end() == 0
    folder.git("clean", "-dfqX")
    assert not (folder.root / ".promptops").exists()
    with terminal("label", "s", "--by", "Bo", at=folder.root) as person:
        person.wait_for("0 of 50")
        person.press("n", "n", "n")
        person.wait_for("no more to label")
        person.press("q")
        assert person.end() == 0
    outputs = [{row["output"] for row in labels_of(folder, name)} for name in ("ada", "bo")]
    assert outputs[0] == outputs[1]


def test_undo_note_skip_and_help(folder: ProjectFolder, cli: Cli) -> None:
    with compared(folder, cli):
        with terminal(*LABEL, at=folder.root) as person:
            first = shown_output(person.wait_for("0 of 50"))
            person.press("y")
            second = shown_output(person.wait_for("1 of 50"))
            assert second != first
            person.press("u")
            assert shown_output(person.wait_for("0 of 50")) == first
            assert labels_of(folder, "ada") == []
            person.press("u")
            person.wait_for("there is no label to take back")
            person.press("s")
            person.wait_for(second)
            person.press("?")
            person.wait_for("take the last label back", "y or f")
            person.press("x")
            person.wait_for(second)
            person.press("e", *"nicht f", "\x7f", *"für 漢", "\r")
            person.wait_for("note: nicht für 漢")
            person.press("n")
            person.wait_for("1 of 50")
            person.press("e", *"no", "\x1b")
            person.wait_for("e note")
            person.press("p", "q")
            assert person.end() == 0
        noted, plain = labels_of(folder, "ada")
        assert (noted["output"], noted["note"]) == (second, "nicht für 漢")
        assert "note" not in plain
        # What was labelled last can be taken back in the next session too.
        with terminal(*LABEL, at=folder.root) as person:
            person.wait_for("2 of 50")
            person.press("u")
            assert shown_output(person.wait_for("1 of 50")) == plain["output"]
            person.press("q")
            assert person.end() == 0
        assert labels_of(folder, "ada") == [noted]


@pytest.mark.parametrize("how", ["ctrl-c", "terminate", "kill", "hang up"])
def test_whatever_ends_a_session_no_label_is_lost(how: str, folder: ProjectFolder, cli: Cli) -> None:
    with compared(folder, cli):
        with terminal(*LABEL, at=folder.root) as person:
            person.wait_for("0 of 50")
            person.press("y", "n")
            person.wait_for("2 of 50")
            if how == "hang up":
                person.hang_up()
            elif how == "kill":
                os.kill(person.pid, signal.SIGKILL)
                assert person.end() == -signal.SIGKILL
            else:
                if how == "ctrl-c":
                    person.press("\x03")
                else:
                    os.kill(person.pid, signal.SIGTERM)
                assert person.end() == 130
                assert person.echoes()
                assert "2 labels of yours" in person.after
        assert [row["label"] for row in labels_of(folder, "ada")] == ["fail", "pass"]
        with terminal(*LABEL, at=folder.root) as person:
            person.wait_for("2 of 50")
            person.press("y", "q")
            assert person.end() == 0
        assert len(labels_of(folder, "ada")) == 3


def test_a_full_disk_keeps_whole_labels_and_says_so(folder: ProjectFolder, cli: Cli) -> None:
    with compared(folder, cli):
        with terminal(*LABEL, at=folder.root) as person:
            person.wait_for("0 of 50")
            person.press("y", "q")
            assert person.end() == 0
        path = folder.root / "labels/s/grounded/ada.jsonl"
        room = path.stat().st_size + 20

        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

        with terminal(*LABEL, at=folder.root, before=limit) as person:
            output = shown_output(person.wait_for("1 of 50"))
            person.press("n")
            screen = person.wait_for("not kept: cannot write `labels/s/grounded/ada.jsonl`")
            assert shown_output(screen) == output
            person.press("q")
            assert person.end() == 0
        assert path.stat().st_size == room - 20
        assert len(labels_of(folder, "ada")) == 1


def test_half_a_line_of_a_machine_that_stopped_is_no_label(folder: ProjectFolder, cli: Cli) -> None:
    with compared(folder, cli):
        with terminal(*LABEL, at=folder.root) as person:
            person.wait_for("0 of 50")
            person.press("y", "n", "q")
            assert person.end() == 0
        path = folder.root / "labels/s/grounded/ada.jsonl"
        whole = path.read_bytes()
        path.write_bytes(whole[:-30])
        with terminal(*LABEL, at=folder.root) as person:
            person.wait_for("1 of 50")
            person.press("n", "q")
            assert person.end() == 0
        assert len(labels_of(folder, "ada")) == 2


def test_two_sessions_of_one_person_do_not_mix(folder: ProjectFolder, cli: Cli) -> None:
    with compared(folder, cli), terminal(*LABEL, at=folder.root) as person:
        person.wait_for("0 of 50")
        with terminal(*LABEL, at=folder.root) as other:
            assert other.end() == 3
            assert "another session labels as `Ada` now" in other.said
        person.press("y", "q")
        assert person.end() == 0
    assert len(labels_of(folder, "ada")) == 1


def test_hostile_outputs_are_shown_safely_and_kept_word_for_word(folder: ProjectFolder, cli: Cli) -> None:
    kinds = [text for text in HOSTILE.values() if _fits(text)]

    def outputs(version: str, number: int) -> str:
        return kinds[number] if version == "old" else f"!{kinds[number]}"

    # Blanks around an answer are part of no answer, for judges neither.
    everything = sorted(outputs(version, n).strip() for version in ("old", "new") for n in range(len(kinds)))
    with (
        compared(folder, cli, outputs=outputs, cases=len(kinds)),
        terminal(*LABEL, at=folder.root, columns=60) as person,
    ):
        for number in range(len(everything)):
            screen = person.wait_for(f"{number} of 50")
            assert not [char for char in STEERING if char in screen]
            person.press(" ", "\x1b[B", "\x1b[6~", "y")
        person.wait_for("no more to label")
        person.press("q")
        assert person.end() == 0
    assert sorted(row["output"] for row in labels_of(folder, "ada")) == everything


def _fits(text: str) -> bool:
    """Whether a file of labels can hold a text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def test_long_texts_are_paged_and_narrow_terminals_still_ask(folder: ProjectFolder, cli: Cli) -> None:
    def long(version: str, number: int) -> str:
        return "\n".join(f"{version} {number} line {line}" for line in range(200))

    with compared(folder, cli, outputs=long), terminal(*LABEL, at=folder.root) as person:
        screen = person.wait_for("more lines: space", "line 3")
        assert len(screen.splitlines()) <= 24
        assert "line 30" not in screen
        person.press(" ")
        person.wait_for("line 20")
        person.press("\x1b[F")
        person.wait_for("Refunds", "─ end ")
        person.press("\x1b[H")
        person.wait_for("‹output›")
        person.resize(30, 12)
        screen = person.wait_until(lambda screen: 0 < max(map(len, screen.splitlines()), default=0) <= 30)
        assert "y yes (fail)" in screen
        person.press("y")
        person.wait_for("1 of 50")
        person.press("q")
        assert person.end() == 0


def test_what_is_pasted_by_mistake_labels_nothing(folder: ProjectFolder, cli: Cli) -> None:
    with compared(folder, cli), terminal(*LABEL, at=folder.root) as person:
        person.wait_for("0 of 50")
        person.press("\x1b[200~yes, maybe\nfor all of them\x1b[201~", "y", "q")
        assert person.end() == 0
    assert len(labels_of(folder, "ada")) == 1


@pytest.mark.parametrize(
    ("options", "keys", "label"),
    [
        ("    choices: {none: 0, partly: 0.5, all: 1}", "2", "partly"),
        ("    range: {low: 1, high: 5, anchors: {'1': none of it, '5': all of it}}", "4", 4.0),
        ("    range: {low: 0, high: 100, anchors: {'0': bad, '100': good}}", "42.5\r", 42.5),
        ("    choices: {%s}" % ", ".join(f"k{n}: {n / 20}" for n in range(1, 13)), "12\r", "k12"),  # noqa: UP031
    ],
)
def test_every_form_of_a_judge(
    options: str, keys: str, label: str | float, folder: ProjectFolder, cli: Cli
) -> None:
    with (
        compared(folder, cli, options=f"{options}\n    evidence: false", suite=GRADED) as project,
        terminal(*LABEL, at=project.root) as person,
    ):
        person.wait_for("0 of 50")
        person.press(*keys)
        person.wait_for("1 of 50")
        person.press("q")
        assert person.end() == 0
    assert [row["label"] for row in labels_of(folder, "ada")] == [label]


GRADED = """\
target: {recorded: outputs.jsonl}
dataset: datasets/d.jsonl
scorers:
  right: {type: exact_match}
  grounded:
    type: judge
    models: [hosted_vllm/judge]
    question: "%s"
%s
"""


def test_without_a_terminal_there_is_nobody_to_ask(folder: ProjectFolder, cli: Cli) -> None:
    result = cli(*LABEL, at=folder.root)
    assert result.code == 3
    assert "labelling needs a terminal" in result.err
    assert not (folder.root / "labels").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("label", "t", "--by", "a"), 5, "no suite is called `t`"),
        (("label", "s:groundet", "--by", "a"), 5, "did you mean `grounded`?"),
        (("label", "s"), 3, "nobody knows who labels"),
        (("label", "s", "--by", "../.."), 3, "is no name for a file"),
        (("label", "s", "--by", "a", "--run", "2000"), 5, "`2000` fits no run"),
    ],
)
def test_what_cannot_be_labelled_is_said(
    arguments: tuple[str, ...], code: int, told: str, folder: ProjectFolder, cli: Cli
) -> None:
    with compared(folder, cli), terminal(*arguments, at=folder.root, columns=200) as person:
        assert person.end() == code
        assert told in person.said
    assert not (folder.root / "labels").exists()


def test_git_says_who_labels(folder: ProjectFolder, cli: Cli) -> None:
    with compared(folder, cli):
        folder.git("config", "user.name", "Zoë Ångström")
        with terminal("label", "s", at=folder.root) as person:
            person.wait_for("0 of 50", "Zoë Ångström")
            person.press("y", "q")
            assert person.end() == 0
    project = open_project(folder.root, {})
    (label,) = labels_in(project, PurePosixPath("labels/s/grounded"))
    assert label.by == "Zoë Ångström"


def test_a_file_of_another_person_is_left_alone(folder: ProjectFolder, cli: Cli) -> None:
    with compared(folder, cli):
        for name in ("A B", "a-b"):
            with terminal("label", "s", "--by", name, at=folder.root, columns=120) as person:
                if name == "a-b":
                    assert person.end() == 3
                    assert "holds labels of `A B`, not of `a-b`" in person.said
                else:
                    person.wait_for("0 of 50")
                    person.press("y", "q")
                    assert person.end() == 0
    assert len(labels_of(folder, "a-b")) == 1


def test_no_link_leads_labels_out_of_the_project(folder: ProjectFolder, cli: Cli) -> None:
    with compared(folder, cli):
        outside = folder.root.parent / "outside"
        outside.mkdir()
        (folder.root / "labels").symlink_to(outside)
        with terminal(*LABEL, at=folder.root, columns=120) as person:
            assert person.end() == 3
            assert "lies outside" in person.said
        assert not list(outside.iterdir())


def test_a_row_that_is_no_label_is_named(folder: ProjectFolder, cli: Cli) -> None:
    row = json.dumps({"case": "c01", "output": "x", "label": "pass", "by": "Ada", "at": "now"})
    with compared(folder, cli):
        folder.write({"labels/s/grounded/ada.jsonl": f'{row}\n{{"case": 1}}\n'})
        with terminal(*LABEL, at=folder.root, columns=120) as person:
            assert person.end() == 3
            assert "labels/s/grounded/ada.jsonl:2" in person.said


@pytest.mark.parametrize("name", ["CON", "Ada/../x", "ß" * 100, "a\0b", "名前", "..a"])
def test_names_become_safe_names_of_files(name: str) -> None:
    found = file_name_of(name)
    assert found == PurePosixPath(found).name
    assert "\0" not in found
    assert len(found.encode()) < 255
    assert found not in ("con", ".", "..")


@pytest.mark.parametrize("name", ["", " . ", "../..", "\x1b", "-"])
def test_names_of_which_nothing_is_left_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="no name for a file"):
        file_name_of(name)


PAIRWISE = """\
target: {recorded: outputs.jsonl}
dataset: datasets/d.jsonl
scorers:
  better:
    type: judge
    models: [hosted_vllm/judge]
    question: "Which of {{ first }} and {{ second }} fits {{ case.context }} better?"
    compare: [output, expected]
    evidence: false
"""


def test_a_judge_that_compares_is_labelled_by_sides_that_nobody_can_tell(
    folder: ProjectFolder, cli: Cli
) -> None:
    with compared(folder, cli, suite=PAIRWISE), terminal(*LABEL, at=folder.root, columns=100) as person:
        for number in range(CASES):
            screen = person.wait_for(
                f"{number} of 50 · output", "Which of A and B fits ‹case.context› better?"
            )
            assert "‹first›" not in screen
            side = screen.partition("─ A ")[2].partition("─ B ")[0]
            # Whoever prefers outputs presses the key of the side on which one is shown.
            person.press("a" if "you get" in side else "b")
        person.wait_for(f"{CASES} of 50")
        person.press("q")
        assert person.end() == 0
    rows = labels_of(folder, "ada", "better")
    assert {row["label"] for row in rows} == {"first"}


def test_recorded_verdicts_of_a_judge_can_be_measured_too(folder: ProjectFolder, cli: Cli) -> None:
    recorded = PAIRWISE.replace("models: [hosted_vllm/judge]", "recorded: [verdicts.jsonl]")
    verdicts = [{"id": f"c{n:02}", "answer": "first", "swapped": "first"} for n in range(CASES)]
    folder.write_rows("evals/verdicts.jsonl", verdicts)
    with compared(folder, cli, suite=recorded), terminal(*LABEL, at=folder.root, columns=100) as person:
        person.wait_for("0 of 50")
        person.press("t", "q")
        assert person.end() == 0
    assert [row["label"] for row in labels_of(folder, "ada", "better")] == ["tie"]
