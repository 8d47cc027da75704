"""A suite that retrieves and answers: where it goes wrong, and which component a change is due to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.chat_project import Chat, chat, said, settings
from tests.support.cli import Cli, only_suite
from tests.support.project import ProjectFolder
from tests.support.service import Reply

CASES = 40
PROMPT = """\
model: hosted_vllm/small
messages:
  - {role: user, content: "ask: {{ question }} with: {{ documents | map(attribute='id') | join(' ') }}"}
"""
SUITE = """\
prompt: p
retriever: {python: "search.py:search"}
dataset: datasets/d.jsonl
scorers:
  right: {type: exact_match}
  found: {type: hit_at_k, k: 2}
gate: {primary: right}
"""
SEARCH = """\
def search(inputs):
    number = int(inputs["question"])
    if number % 10 < BLIND:
        return {"documents": [{"id": "nothing"}]}
    return {"documents": [{"id": "other"}, {"id": f"doc-{number}"}]}
"""


def from_documents(message: str) -> Reply:
    """A model that knows what it is given, and of every tenth question the answer by itself."""
    question = re.search(r"ask: (\d+) with:(.*)", message)
    assert question is not None
    number, documents = int(question[1]), question[2].split()
    forgets = "shout" in message and number % 10 in (7, 8)
    knows = f"doc-{number}" in documents or number % 10 == 0
    return said(f"answer {number}" if knows and not forgets else "no idea")


@pytest.fixture
def model() -> Iterator[Chat]:
    with chat(from_documents) as served:
        yield served


def project(folder: ProjectFolder, model: Chat, *, blind: int = 2) -> ProjectFolder:
    settings(folder, model.url)
    text = (folder.root / "promptops.toml").read_text()
    folder.write(
        {
            "promptops.toml": f"{text}\n[plugins]\nlocal = true\n",
            "prompts/p.yaml": PROMPT,
            "evals/s.yaml": SUITE,
            "search.py": search(blind),
            ".gitignore": ".promptops/\n__pycache__/\n",
        }
    )
    cases = [
        {"id": f"c{n:02}", "question": str(n), "expected": f"answer {n}", "relevant": {f"doc-{n}": 1}}
        for n in range(CASES)
    ]
    return folder.write_rows("evals/datasets/d.jsonl", cases)


def search(blind: int) -> str:
    return SEARCH.replace("BLIND", str(blind))


def edited_prompt() -> str:
    return PROMPT.replace("ask:", "shout, ask:")


def test_answers_are_told_apart_by_what_went_wrong(folder: ProjectFolder, cli: Cli, model: Chat) -> None:
    project(folder, model).write({"prompts/p.yaml": edited_prompt()})
    suite = only_suite(cli("eval", "--format", "json", at=folder.root))
    tens = CASES // 10
    assert suite["components"] == {
        "retriever": "found",
        "answer": "right",
        "right": 6 * tens,
        "wrong": 2 * tens,
        "missed": tens,
        "without": tens,
    }
    shown = " ".join(cli("eval", at=folder.root).out.split())
    assert "retrieved and right 24, retrieved but answered wrong 8, retrieval missed it 4" in shown


def changed(folder: ProjectFolder, files: dict[str, str]) -> None:
    folder.commit()
    folder.git("checkout", "--quiet", "-b", "topic")
    folder.write(dict(files)).commit()


def swapped(folder: ProjectFolder, cli: Cli, component: str) -> Any:
    result = cli("diff", "--swap", component, "--format", "json", at=folder.root)
    assert result.code == 0, result.err
    return only_suite(result)


def test_a_drop_is_shared_out_between_the_retriever_and_the_rest(
    folder: ProjectFolder, cli: Cli, model: Chat
) -> None:
    project(folder, model)
    changed(folder, {"search.py": search(5), "prompts/p.yaml": edited_prompt()})
    suite = swapped(folder, cli, "retriever")
    swap = suite["swap"]
    # By hand, of ten questions: blind to 1 of them against 4, and 7 and 8 are forgotten.
    assert (swap["base_mean"], swap["head_mean"]) == (0.9, 0.4)
    assert (swap["head_with_base"], swap["base_with_head"]) == (0.7, 0.6)
    assert swap["of_component"]["delta"] == pytest.approx(-0.3)
    assert swap["of_rest"]["delta"] == pytest.approx(-0.2)
    for effect in (swap["of_component"], swap["of_rest"]):
        assert effect["ci_low"] < effect["delta"] < effect["ci_high"] < 0
    assert swap["n"] == CASES
    moved = {side: suite["components"][side]["missed"] for side in ("base", "head")}
    assert moved == {"base": CASES // 10, "head": 4 * CASES // 10}
    shown = " ".join(cli("diff", "--swap", "retriever", at=folder.root).out.split())
    assert "of −50.0 pts the retriever makes −30.0 pts [" in shown


def test_the_swap_of_a_metric_of_the_whole_suite_is_of_that_metric(
    folder: ProjectFolder, cli: Cli, model: Chat
) -> None:
    project(folder, model).write({"evals/s.yaml": SUITE.replace("{type: exact_match}", "{type: f1}")})
    folder.write_rows(
        "evals/datasets/d.jsonl",
        [
            {
                "id": f"c{n:02}",
                "question": str(n),
                "expected": ["answer", f"answer {n}"],
                "relevant": f"doc-{n}",
            }
            for n in range(CASES)
        ],
    )
    changed(folder, {"search.py": search(5), "prompts/p.yaml": edited_prompt()})
    suite = swapped(folder, cli, "retriever")
    swap, metric = suite["swap"], suite["metrics"][0]
    assert (swap["base_mean"], swap["head_mean"]) == (metric["base_mean"], metric["head_mean"])
    whole = swap["of_component"]["delta"] + swap["of_rest"]["delta"]
    assert whole == pytest.approx(metric["delta"])
    for effect in (swap["of_component"], swap["of_rest"]):
        assert effect["ci_low"] < effect["delta"] < effect["ci_high"]


def test_each_version_is_asked_once_and_never_again(folder: ProjectFolder, cli: Cli, model: Chat) -> None:
    project(folder, model)
    changed(folder, {"search.py": search(5), "prompts/p.yaml": edited_prompt()})
    swapped(folder, cli, "retriever")
    asked = len(model.messages)
    assert len(set(model.messages)) == asked
    for component in ("retriever", "prompt"):
        swapped(folder, cli, component)
    assert len(model.messages) == asked


def test_a_swapped_prompt_says_the_rest_of_the_same(folder: ProjectFolder, cli: Cli, model: Chat) -> None:
    project(folder, model)
    changed(folder, {"search.py": search(5), "prompts/p.yaml": edited_prompt()})
    by_retriever, by_prompt = (swapped(folder, cli, each)["swap"] for each in ("retriever", "prompt"))
    assert by_prompt["of_component"]["delta"] == pytest.approx(by_retriever["of_rest"]["delta"])
    assert by_prompt["head_with_base"] == by_retriever["base_with_head"]


def test_a_swapped_model(folder: ProjectFolder, cli: Cli, model: Chat) -> None:
    project(folder, model)
    other = edited_prompt().replace("hosted_vllm/small", "hosted_vllm/large")
    changed(folder, {"prompts/p.yaml": other})
    swap = swapped(folder, cli, "model")["swap"]
    assert {body["model"] for body in model.bodies} == {"small", "large"}
    # Both models of this server say the same, so all of it is the prompt's.
    assert (swap["of_component"]["delta"], swap["of_rest"]["delta"]) == (0, pytest.approx(-0.2))


@pytest.mark.parametrize(
    ("component", "files", "note"),
    [
        ("model", {"prompts/p.yaml": edited_prompt()}, "the model is the same on both sides"),
        ("prompt", {"search.py": search(5)}, "the prompt is the same on both sides"),
        (
            "prompt",
            {"prompts/p.yaml": PROMPT.replace("small", "large")},
            "the prompt is the same on both sides",
        ),
    ],
)
def test_what_does_not_differ_makes_no_difference(
    component: str, files: dict[str, str], note: str, folder: ProjectFolder, cli: Cli, model: Chat
) -> None:
    project(folder, model)
    changed(folder, files)
    suite = swapped(folder, cli, component)
    assert suite["swap"] is None
    assert note in suite["swap_note"]
    assert note in cli("diff", "--swap", component, at=folder.root).out


def test_a_suite_without_a_retriever_says_so(folder: ProjectFolder, cli: Cli, model: Chat) -> None:
    project(folder, model)
    plain = "model: hosted_vllm/small\nmessages: [{role: user, content: 'ask: {{ question }} with: '}]\n"
    folder.write(
        {
            "evals/s.yaml": SUITE.replace('retriever: {python: "search.py:search"}\n', "").replace(
                "  found: {type: hit_at_k, k: 2}\n", ""
            )
        }
    )
    folder.write({"prompts/p.yaml": plain})
    changed(folder, {"prompts/p.yaml": plain.replace("ask", "shout, ask")})
    assert swapped(folder, cli, "retriever")["swap_note"] == "the suite has no retriever of its own to swap"


def test_what_the_retriever_finds_reaches_the_inputs_of_the_suite(
    folder: ProjectFolder, cli: Cli, model: Chat
) -> None:
    inputs = """inputs:
  question: "{{ case.question }}"
  documents: "{{ documents }}"
"""
    project(folder, model).write({"evals/s.yaml": SUITE + inputs})
    suite = only_suite(cli("eval", "--format", "json", at=folder.root))
    assert suite["metrics"][0]["mean"] == 0.9


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("raise RuntimeError('no index')", "target_failed"),
        ("return 'a text'", "no_ranking"),
        ("return {'documents': [{'name': 1}]}", "unusable_documents"),
    ],
)
def test_a_retriever_that_breaks_loses_the_case_and_asks_no_model(
    code: str, kind: str, folder: ProjectFolder, cli: Cli, model: Chat
) -> None:
    project(folder, model).write({"search.py": f"def search(inputs):\n    {code}\n"})
    suite = only_suite(cli("eval", "--format", "json", at=folder.root))
    assert {each["kind"] for each in suite["errors"]} == {kind}
    assert not model.messages


def test_a_retriever_that_finds_nothing_is_scored_and_named(
    folder: ProjectFolder, cli: Cli, model: Chat
) -> None:
    project(folder, model).write({"search.py": "def search(inputs):\n    return {'documents': []}\n"})
    suite = only_suite(cli("eval", "--format", "json", at=folder.root))
    assert [metric["mean"] for metric in suite["metrics"]] == [0.1, 0]
    assert {each["failure"] for each in suite["failed_output"]} == {"no_documents"}


@pytest.mark.parametrize(
    ("retriever", "message"),
    [
        ("prompt", "a retriever finds documents, which a prompt does not"),
        ("{recorded: missing.jsonl}", "there is no file `evals/missing.jsonl`"),
        ("{a: b, c: d}", "`retriever` names exactly one kind of target"),
        ("{pythn: x}", "there is no target `pythn`"),
    ],
)
def test_a_wrong_retriever_is_told_where_it_stands(
    retriever: str, message: str, folder: ProjectFolder, cli: Cli, model: Chat
) -> None:
    project(folder, model).write({"evals/s.yaml": SUITE.replace('{python: "search.py:search"}', retriever)})
    result = cli("eval", at=folder.root)
    assert result.code == 3
    assert message in result.err
    assert "evals/s.yaml:2:" in result.err


def test_an_edited_recording_of_documents_is_a_change(folder: ProjectFolder, cli: Cli, model: Chat) -> None:
    recorded = SUITE.replace(
        '{python: "search.py:search"}', "{recorded: {path: found.jsonl, documents: documents}}"
    )
    found = [{"id": f"c{n:02}", "documents": [{"id": f"doc-{n}"}]} for n in range(CASES)]
    project(folder, model).write({"evals/s.yaml": recorded}).write_rows("evals/found.jsonl", found).commit()
    folder.git("checkout", "--quiet", "-b", "topic")
    folder.write_rows("evals/found.jsonl", [{**row, "documents": [{"id": "none"}]} for row in found]).commit()
    suite = swapped(folder, cli, "retriever")
    assert "the recorded documents differ" in suite["changed"]
    assert suite["verdict"] == "regressed"
    assert suite["swap"]["of_rest"]["delta"] == 0
