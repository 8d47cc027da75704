"""One system's recorded outputs on main, another's on the branch: verdicts and counts are those computed elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.cli import Cli, Result
from tests.support.gated import start_branch
from tests.support.project import NO_SHARED_DATA, SHARED_DATA, ProjectFolder, reference

pytestmark = pytest.mark.skipif(not SHARED_DATA.is_dir(), reason=NO_SHARED_DATA)

SUITE = """\
target: {{recorded: {{path: outputs/{name}.jsonl}}}}
dataset: datasets/{name}.jsonl
{ruler}
"""
NUMERIC = 'answer: {regex: "^A:(.*)"}\nscorers: {accuracy: {type: numeric_match}}'
LABEL = "scorers: {accuracy: {type: exact_match}}"
# One rule has to measure both prompts; what has no such phrase is scored whole.
PHRASE = 'answer: {after: "the answer is ", line: first, regex: "^(.*?)\\\\.?$"}\n' + LABEL
RATINGS = """\
scorers:
  groundedness: {type: recorded, field: judge.groundedness, low: 1, high: 5}
  relevance: {type: recorded, field: judge.relevance, low: 1, high: 5}
"""


def add_suite(folder: ProjectFolder, name: str, source: str, ruler: str) -> None:
    """A suite over the cases of a set of recorded data."""
    folder.write(
        {
            f"evals/{name}.yaml": SUITE.format(name=name, ruler=ruler),
            f"evals/datasets/{name}.jsonl": (SHARED_DATA / source / "cases.jsonl").read_bytes(),
        }
    )


def answer_with(folder: ProjectFolder, name: str, source: str, system: str) -> None:
    """Puts a system's outputs where the suite reads them."""
    outputs = SHARED_DATA / source / "outputs" / f"{system}.jsonl"
    folder.write({f"evals/outputs/{name}.jsonl": outputs.read_bytes()})


def branch_off(folder: ProjectFolder) -> None:
    """Commits what is there to main, and begins a branch."""
    folder.write({".gitignore": ".promptops/\n"})
    start_branch(folder)


def gated(folder: ProjectFolder, cli: Cli) -> Result:
    """What `gate` says of the branch, which is committed first."""
    folder.git("add", "--all")
    folder.git("commit", "--quiet", "--allow-empty", "--message", "branch")
    return cli("gate", "--format", "json", at=folder.root)


def suites(result: Result) -> dict[str, Any]:
    assert result.out, result.err
    return {suite["suite"]: suite for suite in result.json["suites"]}


def assert_counts(suite: Any, pair: Any) -> None:
    """A suite's primary metric and its cases are those of the reference."""
    metric = next(each for each in suite["metrics"] if each["primary"])
    assert (metric["n"], metric["broke"], metric["fixed"]) == (
        pair["n_common"],
        pair["broke"],
        pair["fixed"],
    )
    assert metric["base_mean"] == pytest.approx(pair["accuracy_base"], abs=1e-6)
    assert metric["head_mean"] == pytest.approx(pair["accuracy_new"], abs=1e-6)
    assert metric["delta"] == pytest.approx(pair["difference"], abs=1e-6)
    assert suite["case_ids"]["broke"] == pair["broke_ids"]
    assert suite["case_ids"]["fixed"] == pair["fixed_ids"]


def reverse(pair: Any) -> Any:
    """The reference of the same pair with the sides exchanged."""
    swapped = {"accuracy_base": "accuracy_new", "broke": "fixed", "broke_ids": "fixed_ids"}
    both = swapped | {new: old for old, new in swapped.items()}
    return {**pair, **{key: pair[other] for key, other in both.items()}, "difference": -pair["difference"]}


def test_gsm8k_with_a_better_system_is_improved(folder: ProjectFolder, cli: Cli) -> None:
    (pair,) = reference("gsm8k")["pairs"]
    add_suite(folder, "gsm8k", "gsm8k", NUMERIC)
    answer_with(folder, "gsm8k", "gsm8k", pair["base"])
    branch_off(folder)
    answer_with(folder, "gsm8k", "gsm8k", pair["new"])
    result = gated(folder, cli)
    assert (result.code, result.json["verdict"]) == (0, "improved"), result.err
    assert_counts(suites(result)["gsm8k"], pair)


def test_gsm8k_with_a_worse_system_is_regressed(folder: ProjectFolder, cli: Cli) -> None:
    (pair,) = reference("gsm8k")["pairs"]
    add_suite(folder, "gsm8k", "gsm8k", NUMERIC)
    answer_with(folder, "gsm8k", "gsm8k", pair["new"])
    branch_off(folder)
    answer_with(folder, "gsm8k", "gsm8k", pair["base"])
    result = gated(folder, cli)
    assert (result.code, result.json["verdict"]) == (1, "regressed"), result.err
    assert_counts(suites(result)["gsm8k"], reverse(pair))


def bbh(folder: ProjectFolder, cli: Cli, tasks: tuple[str, ...]) -> Result:
    """BIG-Bench-Hard tasks, with the direct prompt on main and the chain of thought on the branch."""
    for task in tasks:
        add_suite(folder, task, f"bbh/{task}", PHRASE)
        answer_with(folder, task, f"bbh/{task}", "direct")
    branch_off(folder)
    for task in tasks:
        answer_with(folder, task, f"bbh/{task}", "cot")
    return gated(folder, cli)


@pytest.mark.parametrize(
    ("task", "verdict", "code"),
    [
        ("word_sorting", "regressed", 1),
        ("causal_judgement", "regressed", 1),
        ("date_understanding", "improved", 0),
        ("snarks", "inconclusive", 0),
    ],
)
def test_a_bbh_task_alone(task: str, verdict: str, code: int, folder: ProjectFolder, cli: Cli) -> None:
    result = bbh(folder, cli, (task,))
    assert (result.code, result.json["verdict"]) == (code, verdict), result.err
    assert_counts(suites(result)[task], reference("bbh")["tasks"][task]["pair"])


def test_four_bbh_tasks_together_need_more_evidence(folder: ProjectFolder, cli: Cli) -> None:
    tasks = ("word_sorting", "causal_judgement", "date_understanding", "snarks")
    result = bbh(folder, cli, tasks)
    found = suites(result)
    assert {task: found[task]["verdict"] for task in tasks} == {
        "word_sorting": "regressed",
        "causal_judgement": "inconclusive",
        "date_understanding": "improved",
        "snarks": "inconclusive",
    }
    assert "not counted among 4 suites" in found["causal_judgement"]["reason"]
    assert (result.code, result.json["overall"]["metric"]) == (1, "overall")
    for task in tasks:
        assert_counts(found[task], reference("bbh")["tasks"][task]["pair"])


def test_one_prompt_run_twice_is_never_regressed(folder: ProjectFolder, cli: Cli) -> None:
    add_suite(folder, "chat", "rag_chat_runs", RATINGS)
    answer_with(folder, "chat", "rag_chat_runs", "baseline")
    branch_off(folder)
    answer_with(folder, "chat", "rag_chat_runs", "baseline2")
    result = gated(folder, cli)
    assert (result.code, result.json["verdict"]) == (0, "no_worse"), result.err
    found = {each["metric"]: each for each in suites(result)["chat"]["metrics"]}
    for pair in reference("rag_chat_runs")["pairs"]:
        if pair.get("kind") != "rating":
            continue
        metric = found[pair["metric"]]
        assert metric["verdict"] != "regressed"
        assert (metric["n"], metric["lower"], metric["higher"]) == (
            pair["n_common"],
            pair["new_lower"],
            pair["new_higher"],
        )
        # A rating from 1 to 5 becomes a score from 0 to 1.
        assert metric["delta"] == pytest.approx(pair["mean_difference"] / 4, abs=1e-6)


@pytest.mark.parametrize("pair", ["rag-t0.0 rag-t0.4", "rag-t0.0 simple-t0.0", "simple-t0.0 rag-t0.8"])
def test_support_tickets_with_another_prompt_or_temperature(
    pair: str, folder: ProjectFolder, cli: Cli
) -> None:
    base, new = pair.split()
    known = {(each["base"], each["new"]): each for each in reference("support_tickets")["pairs"]}
    wanted = known.get((base, new)) or reverse(known[new, base])
    add_suite(folder, "tickets", "support_tickets", LABEL)
    answer_with(folder, "tickets", "support_tickets", base)
    branch_off(folder)
    answer_with(folder, "tickets", "support_tickets", new)
    result = gated(folder, cli)
    found = suites(result)["tickets"]
    same = (SHARED_DATA / f"support_tickets/outputs/{base}.jsonl").read_bytes() == (
        SHARED_DATA / f"support_tickets/outputs/{new}.jsonl"
    ).read_bytes()
    if same:
        assert (result.code, found["verdict"]) == (0, "unchanged")
        return
    assert_counts(found, wanted)
    significant = wanted["mcnemar_p"] <= 0.05
    verdicts = {True: "regressed", False: "improved"} if significant else {}
    expected = verdicts.get(wanted["difference"] < 0, found["verdict"])
    assert found["verdict"] == expected
    assert result.code == (1 if expected == "regressed" else 0)
