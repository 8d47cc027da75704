"""References against what people think of the recorded answers."""

from __future__ import annotations

from promptops.errors import ExitCode
from tests.support.audited import Row, audited, case, recorded
from tests.support.cli import Cli
from tests.support.project import ProjectFolder

SCORERS = "{right: {type: exact_match}, people: {type: recorded, field: liked}}"


def rated(folder: ProjectFolder, good: list[tuple[bool, bool]], scorers: str = SCORERS) -> ProjectFolder:
    """Answers that are right or wrong by the reference, and good or bad to people."""
    cases = [case(f"c{n}", f"What is the number {n} in words?") for n in range(len(good))]
    recorded(folder, cases, scorers)
    outputs = [
        {"id": row["id"], "output": "yes" if right else "no it is not", "liked": liked}
        for row, (right, liked) in zip(cases, good, strict=True)
    ]
    return folder.write_rows("evals/outputs.jsonl", outputs)


def test_references_that_people_contradict_are_a_bug(folder: ProjectFolder, cli: Cli) -> None:
    verdicts = [(True, False)] * 12 + [(False, True)] * 12 + [(True, True)] * 2
    result, found = audited(rated(folder, verdicts), cli)
    assert result.code == ExitCode.NO
    assert "`right` prefers what `people` rejects" in found["against_feedback"][0]["reason"]
    assert len(found["against_feedback"][0]["cases"]) == 24


def test_references_that_people_share_are_shown_with_how_far(folder: ProjectFolder, cli: Cli) -> None:
    verdicts = [(True, True)] * 12 + [(False, False)] * 12 + [(True, False)] * 2 + [(False, True)]
    result, found = audited(rated(folder, verdicts), cli)
    assert (result.code, set(found)) == (ExitCode.YES, {"liked_but_wrong", "disliked_but_right"})
    (feedback,) = result.json["suites"][0]["feedback"]
    assert (feedback["both_good"], feedback["both_bad"]) == (12, 12)
    assert (feedback["only_metric"], feedback["only_people"]) == (2, 1)
    assert 0 < feedback["ci_low"] < feedback["agreement"] < feedback["ci_high"]
    assert "right against people: phi 0.7" in cli("audit", "references", at=folder.root).out


def test_answers_that_people_judge_otherwise_are_named_beside_the_reference(
    folder: ProjectFolder, cli: Cli
) -> None:
    _, found = audited(rated(folder, [(True, True), (False, True), (True, False)]), cli)
    (liked,), (disliked,) = found["liked_but_wrong"], found["disliked_but_right"]
    assert (liked["cases"], liked["text"], liked["other_text"]) == (["c1"], "yes", "no it is not")
    assert (disliked["cases"], disliked["reason"]) == (["c2"], "right 1, people 0")


def test_a_few_answers_prove_nothing(folder: ProjectFolder, cli: Cli) -> None:
    result, found = audited(rated(folder, [(True, False)] * 2 + [(False, True)] * 2), cli)
    assert result.code == ExitCode.YES
    assert "against_feedback" not in found


def test_what_people_think_of_short_answers_is_nothing_against_references(
    folder: ProjectFolder, cli: Cli
) -> None:
    scorers = SCORERS.replace("{right: {type: exact_match}", "{short: {type: max_words, value: 2}")
    verdicts = [(True, False)] * 12 + [(False, True)] * 12
    result, found = audited(rated(folder, verdicts, scorers), cli)
    assert (result.code, found) == (ExitCode.YES, {})
    assert result.json["suites"][0]["feedback"] == []


def test_disagreements_are_named_for_the_metric_that_gates(folder: ProjectFolder, cli: Cli) -> None:
    scorers = SCORERS.replace("{right:", "{has: {type: contains}, right:")
    rated(folder, [(True, True), (False, True)], scorers)
    suite = (folder.root / "evals/s.yaml").read_text(encoding="utf-8")
    folder.write({"evals/s.yaml": f"{suite}gate: {{primary: right}}\n"})
    result, found = audited(folder, cli)
    assert [each["metric"] for each in result.json["suites"][0]["feedback"]] == ["right", "has"]
    assert [each["reason"] for each in found["liked_but_wrong"]] == ["right 0, people 1"]


def test_answers_that_are_not_recorded_or_not_rated_are_left_out(folder: ProjectFolder, cli: Cli) -> None:
    rated(folder, [(True, True)] * 4)
    outputs: list[Row] = [
        {"id": "c0", "output": "yes", "liked": True},
        {"id": "c1", "output": "yes", "liked": None},
    ]
    folder.write_rows("evals/outputs.jsonl", outputs)
    result, _ = audited(folder, cli)
    assert [each["n"] for each in result.json["suites"][0]["feedback"]] == [1]


def test_a_recording_that_is_not_there_is_told(folder: ProjectFolder, cli: Cli) -> None:
    rated(folder, [(True, True)])
    (folder.root / "evals/outputs.jsonl").unlink()
    result = cli("audit", "references", at=folder.root)
    assert (result.code, result.out) == (ExitCode.MEND_FIRST, "")
    assert "there is no file `evals/outputs.jsonl`" in result.err
