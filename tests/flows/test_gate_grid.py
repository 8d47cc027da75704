"""What `gate` compares when the grid of prompts and models changes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.chat_project import Chat
from tests.support.cli import Cli
from tests.support.gated import ASKED, BAD, GOOD, asking, gate, start_branch
from tests.support.project import ProjectFolder


@pytest.fixture
def served(folder: ProjectFolder) -> Iterator[Chat]:
    """The model that the project asks."""
    with asking(folder) as model:
        yield model


def by_cell(found: list[dict[str, object]]) -> dict[tuple[object, object], object]:
    return {(each["prompt"], each["model"]): each["verdict"] for each in found}


def test_a_prompt_that_leaves_the_grid_is_run_all_the_same(
    folder: ProjectFolder, cli: Cli, served: Chat
) -> None:
    both = ASKED.replace("prompt: p", "prompts: [p, q]")
    folder.write({"prompts/q.yaml": GOOD, "evals/s.yaml": both})
    start_branch(folder)
    folder.write({"prompts/q.yaml": BAD, "evals/s.yaml": ASKED})
    result = gate(folder, cli)
    verdicts = by_cell(result.json["suites"])
    assert (result.code, verdicts["q", "hosted_vllm/small"]) == (1, "regressed")
    (dropped,) = [each for each in result.json["suites"] if each["prompt"] == "q"]
    assert "out of the grid" in dropped["changed"][0]


def test_a_model_that_leaves_the_grid_is_run_all_the_same(
    folder: ProjectFolder, cli: Cli, served: Chat
) -> None:
    folder.write({"evals/s.yaml": f"models: [hosted_vllm/small, hosted_vllm/other]\n{ASKED}"})
    start_branch(folder)
    folder.write({"prompts/p.yaml": BAD, "evals/s.yaml": f"models: [hosted_vllm/small]\n{ASKED}"})
    verdicts = by_cell(gate(folder, cli).json["suites"])
    assert set(verdicts) == {("p", "hosted_vllm/small"), ("p", "hosted_vllm/other")}
    assert set(verdicts.values()) == {"regressed"}


def test_a_grid_that_shares_no_name_is_compared_in_order(
    folder: ProjectFolder, cli: Cli, served: Chat
) -> None:
    folder.write({"prompts/q.yaml": GOOD, "evals/s.yaml": ASKED.replace("prompt: p", "prompts: [p, q]")})
    start_branch(folder)
    for name in ("p", "q"):
        (folder.root / f"prompts/{name}.yaml").rename(folder.root / f"prompts/{name}2.yaml")
    folder.write({"prompts/q2.yaml": BAD, "evals/s.yaml": ASKED.replace("prompt: p", "prompts: [p2, q2]")})
    result = gate(folder, cli)
    verdicts = by_cell(result.json["suites"])
    assert (result.code, verdicts["q2", "hosted_vllm/small"]) == (1, "regressed")
    (worst,) = [each for each in result.json["suites"] if each["prompt"] == "q2"]
    assert "prompt q → q2" in worst["changed"]


def test_a_new_model_in_the_grid_is_new(folder: ProjectFolder, cli: Cli, served: Chat) -> None:
    folder.write({"evals/s.yaml": f"models: [hosted_vllm/small]\n{ASKED}"})
    start_branch(folder)
    folder.write({"evals/s.yaml": f"models: [hosted_vllm/small, hosted_vllm/other]\n{ASKED}"})
    result = gate(folder, cli)
    assert (result.code, by_cell(result.json["suites"])["p", "hosted_vllm/other"]) == (0, "new")


def test_two_prompts_that_both_change_their_model_are_compared_each_with_itself(
    folder: ProjectFolder, cli: Cli, served: Chat
) -> None:
    folder.write({"prompts/q.yaml": GOOD, "evals/s.yaml": ASKED.replace("prompt: p", "prompts: [p, q]")})
    start_branch(folder)
    other = GOOD.replace("small", "other")
    folder.write({"prompts/p.yaml": other, "prompts/q.yaml": other})
    result = gate(folder, cli)
    assert {each["prompt"]: each["changed"][0] for each in result.json["suites"]} == dict.fromkeys(
        ("p", "q"), "model hosted_vllm/small → hosted_vllm/other"
    )
