"""The ruler belongs to the base: no branch turns green by changing what measures it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.cli import Cli
from tests.support.gated import (
    BROKEN,
    CASES,
    SUITE,
    break_it,
    case_rows,
    gate,
    ids,
    metric_of,
    on_main,
    outputs,
    start_branch,
    suite_of,
)
from tests.support.project import ProjectFolder

Dodge = Callable[[ProjectFolder], object]
RULER = SUITE + "gate: {floor: 0.9, must_pass: [c00]}\n"
TOML = '[gate]\nmargin = 0.05\n[project]\nbase = "main"\n'


def rewritten(old: str, new: str, name: str = "evals/s.yaml") -> Dodge:
    """Replaces a text in a file."""

    def dodge(folder: ProjectFolder) -> None:
        text = (folder.root / name).read_text(encoding="utf-8")
        assert old in text
        folder.write({name: text.replace(old, new)})

    return dodge


def without_failing_cases(folder: ProjectFolder) -> None:
    kept = [row for row in case_rows() if row["id"] not in ids(BROKEN)]
    folder.write_rows("evals/datasets/d.jsonl", kept)


def with_failures_expected(folder: ProjectFolder) -> None:
    broken = ids(BROKEN)
    changed = [row | ({"expected": "no"} if row["id"] in broken else {}) for row in case_rows()]
    folder.write_rows("evals/datasets/d.jsonl", changed)


def without_the_suite(folder: ProjectFolder) -> None:
    (folder.root / "evals/s.yaml").unlink()


def with_the_suite_renamed(folder: ProjectFolder) -> None:
    (folder.root / "evals/s.yaml").rename(folder.root / "evals/t.yaml")


DODGES: dict[str, tuple[Dodge, str]] = {
    "lowers its floor": (rewritten("floor: 0.9", "floor: 0.1"), "floor 0.9 → 0.1"),
    "drops its floor": (rewritten("floor: 0.9, ", ""), "floor 0.9 → none"),
    "widens its budget": (rewritten("floor: 0.9", "floor: 0.9, budget: 0.9"), "budget none → 0.9"),
    "widens its margin": (rewritten("floor: 0.9", "floor: 0.9, margin: 0.9"), "margin none → 0.9"),
    "drops must_pass": (rewritten("must_pass: [c00]", "must_pass: []"), 'must_pass ["c00"] → none'),
    "deletes its failing cases": (without_failing_cases, f"{len(BROKEN)} cases removed"),
    "edits what is expected": (with_failures_expected, f"{len(BROKEN)} cases edited"),
    "computes what is expected": (
        rewritten("scorers:", "expected: '{{ case.lang }}'\nscorers:"),
        "expected none → {{ case.lang }}",
    ),
    "says in turns what is expected": (
        rewritten("scorers:", "turns: [{user: hello, expected: no}]\nscorers:"),
        "turns none → ",
    ),
    "loosens its scorer": (
        rewritten("{type: exact_match}", "{type: contains, value: o}"),
        "scorer right: type exact_match → contains",
    ),
    "turns its scorer round": (
        rewritten("{type: exact_match}", "{type: exact_match, not: true}"),
        "scorer right: not off → on",
    ),
    "replaces its scorer": (rewritten("right:", "other:"), "scorer right removed"),
    "scores another part": (rewritten("scorers:", "answer: {line: first}\nscorers:"), "answer none → "),
    "becomes golden": (rewritten("scorers:", "kind: golden\nscorers:"), "kind sample → golden"),
    "takes a sample": (
        rewritten("datasets/d.jsonl", "{path: datasets/d.jsonl, sample: 3}"),
        "dataset sample none → 3",
    ),
    "picks its cases": (
        rewritten("datasets/d.jsonl", "{path: datasets/d.jsonl, where: 'id > \"c11\"'}"),
        "dataset where none → ",
    ),
    "weighs its cases": (rewritten("scorers:", "cluster: lang\nscorers:"), "cluster none → lang"),
    "deletes the suite": (without_the_suite, "suite deleted"),
    "renames the suite": (with_the_suite_renamed, "suite deleted"),
    "changes the defaults of the gate": (
        rewritten("margin = 0.05", "margin = 0.5\nbudget = 0.9\nmax_missing = 0.9", "promptops.toml"),
        "[gate] budget 0.0 → 0.9",
    ),
}


@pytest.mark.parametrize("name", DODGES)
def test_a_branch_that_changes_its_ruler_fails_all_the_same(
    name: str, folder: ProjectFolder, cli: Cli
) -> None:
    dodge, words = DODGES[name]
    on_main(folder, suite=RULER, toml=TOML)
    break_it(folder)
    plain = gate(folder, cli)
    dodge(folder)
    result = gate(folder, cli)
    found = suite_of(result)
    assert (result.code, found["verdict"]) == (1, "regressed"), found
    assert found["case_ids"]["broke"] == ids(BROKEN)
    assert metric_of(result) == metric_of(plain)
    assert any(words in change for change in found["ruler"]["changes"]), found["ruler"]["changes"]


def test_dropping_must_pass_does_not_help_a_suite_that_is_otherwise_fine(
    folder: ProjectFolder, cli: Cli
) -> None:
    on_main(folder, suite=RULER)
    folder.write_rows("evals/outputs.jsonl", outputs([0]))
    rewritten("must_pass: [c00]", "must_pass: []")(folder)
    result = gate(folder, cli)
    assert (result.code, suite_of(result)["verdict"]) == (1, "must_pass_failed")
    assert 'must_pass ["c00"] → none' in suite_of(result)["ruler"]["changes"]


def test_lowering_the_floor_does_not_help_a_suite_below_it(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder, wrong=BROKEN, suite=SUITE + "gate: {floor: 0.9}\n")
    folder.write_rows("evals/outputs.jsonl", outputs([*BROKEN, CASES - 1]))
    rewritten("floor: 0.9", "floor: 0.1")(folder)
    result = gate(folder, cli)
    assert (result.code, suite_of(result)["verdict"]) == (1, "below_floor")


def test_added_edited_and_removed_cases_have_rates_of_their_own(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    rows = case_rows()
    folder.write_rows(
        "evals/datasets/d.jsonl",
        [
            *rows[2:-1],
            rows[-1] | {"expected": "no"},
            {"id": "new-1", "text": "n", "expected": "yes"},
            {"id": "new-2", "text": "n", "expected": "yes"},
        ],
    )
    more = [{"id": "new-1", "output": "yes"}, {"id": "new-2", "output": "no"}]
    folder.write_rows("evals/outputs.jsonl", [*outputs([0]), *more])
    found = suite_of(gate(folder, cli))
    assert found["case_ids"]["added"] == ["new-1", "new-2"]
    assert found["case_ids"]["removed"] == ids([0, 1])
    assert found["case_ids"]["edited"] == ids([CASES - 1])
    rates = {rate["cases"]: (rate["n"], rate["base_mean"], rate["head_mean"]) for rate in found["rates"]}
    assert rates == {"added": (2, None, 0.5), "edited": (1, None, 0.0), "removed": (2, 1.0, 0.5)}
    # The comparison itself is over the base's cases, as the base has them.
    assert (found["metrics"][0]["n"], found["metrics"][0]["broke"]) == (CASES, 1)


def test_a_branch_that_changes_only_the_ruler_is_unchanged_and_shows_its_score(
    folder: ProjectFolder, cli: Cli
) -> None:
    on_main(folder, wrong=[0, 1])
    without_failing_cases(folder)
    rewritten("{type: exact_match}", "{type: contains, value: o}")(folder)
    result = gate(folder, cli)
    found = suite_of(result)
    assert (result.code, found["verdict"], found["metrics"]) == (0, "unchanged", [])
    (metric,) = found["ruler"]["branch_metrics"]
    # None of the cases that stay has an answer with an o in it.
    assert (metric["n"], metric["mean"]) == (CASES - len(BROKEN), 0.0)


def test_a_new_floor_shows_the_score_that_it_will_be_held_against(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder, wrong=[0, 1])
    folder.write({"evals/s.yaml": SUITE + "gate: {floor: 0.99}\n"})
    found = suite_of(gate(folder, cli))
    assert (found["verdict"], found["ruler"]["changes"]) == ("unchanged", ["floor none → 0.99"])
    (metric,) = found["ruler"]["branch_metrics"]
    assert (metric["n"], metric["mean"]) == (CASES, (CASES - 2) / CASES)


SETTINGS = {
    "the base": ('[project]\nbase = "branch"\n', "[project] base main → branch"),
    "the folders": ('[project]\nevals = "other"\n', "[project] evals evals → other"),
    "permission for code": ("[plugins]\nlocal = true\n", "[plugins] local false → true"),
    "prices": ("[providers.openai]\ninput_usd_per_million = 0.0\n", "input_usd_per_million none → 0"),
    "the endpoint": ('[providers.openai]\napi_base = "http://127.0.0.1:1"\n', "api_base none → http"),
    "the ledger": ('[ledger]\nref = "refs/promptops/mine"\n', "[ledger] ref "),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_that_measure_are_the_base_s_and_what_the_branch_changes_is_named(
    name: str, folder: ProjectFolder, cli: Cli
) -> None:
    toml, words = SETTINGS[name]
    on_main(folder)
    folder.write({"promptops.toml": toml})
    break_it(folder)
    folder.commit("dodge")
    result = gate(folder, cli)
    assert (result.code, suite_of(result)["verdict"]) == (1, "regressed")
    assert result.json["base"]["ref"] == "main"
    assert any(words in change for change in result.json["settings_changes"]), result.json["settings_changes"]
    text = cli("gate", at=folder.root).out
    assert words in " ".join(text.split())


def test_strict_is_the_base_s(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder, toml="[gate]\nstrict = true\n")
    folder.write({"promptops.toml": "[gate]\nstrict = false\n"})
    folder.write_rows("evals/outputs.jsonl", outputs([0]))
    result = gate(folder, cli)
    assert (result.code, suite_of(result)["verdict"]) == (4, "inconclusive")
    assert "[gate] strict on → off" in suite_of(result)["ruler"]["changes"]


def test_a_branch_cannot_give_its_own_code_permission_to_run(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    mark = folder.root / "it-ran"
    folder.write(
        {
            "promptops.toml": "[plugins]\nlocal = true\n",
            "evals/scorers/own.py": f"open({str(mark)!r}, 'w').close()\n",
            "evals/s.yaml": SUITE.replace("exact_match", "./scorers/own.py"),
        }
    )
    result = gate(folder, cli)
    assert result.code == 3
    assert "not allowed" in result.err
    assert not mark.exists()


def test_a_suite_that_is_new_is_new_and_has_a_floor_all_the_same(folder: ProjectFolder, cli: Cli) -> None:
    folder.write({".gitignore": ".promptops/\n", "promptops.toml": ""})
    start_branch(folder)
    folder.write({"evals/s.yaml": SUITE}).write_rows("evals/datasets/d.jsonl", case_rows())
    break_it(folder)
    result = gate(folder, cli)
    assert (result.code, suite_of(result)["verdict"]) == (0, "new")
    assert metric_of(result)["head_mean"] == (CASES - len(BROKEN)) / CASES
    folder.write({"evals/s.yaml": SUITE + "gate: {floor: 0.9}\n"})
    result = gate(folder, cli)
    assert (result.code, suite_of(result)["verdict"]) == (1, "below_floor")


def test_a_target_of_another_kind_is_invalid(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder, wrong=BROKEN)
    rewritten("target: {recorded: {path: outputs.jsonl}}", "target: render\nprompt: p")(folder)
    folder.write({"prompts/p.yaml": 'messages: [{role: user, content: "yes"}]\n'})
    result = gate(folder, cli)
    assert (result.code, suite_of(result)["verdict"]) == (4, "invalid")
    assert "recorded → render" in suite_of(result)["reason"]
