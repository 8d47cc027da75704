"""What a run would ask and cost, before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.models.litellm import litellm_library
from tests.support.chat_project import PROMPT, SUITE, case_rows, chat, chat_project, settings
from tests.support.cli import Cli
from tests.support.project import ProjectFolder

# What litellm and its dependencies warn about is not ours to mend.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]

NOWHERE = "http://127.0.0.1:9/v1"
SOLD = "openai/gpt-4o-mini"
BOUND = 50
PRICED = "input_usd_per_million = 2.0\noutput_usd_per_million = 10.0\n"


def dry_run(folder: ProjectFolder, cli: Cli, *arguments: str) -> Any:
    result = cli("eval", "--dry-run", "--format", "json", *arguments, at=folder.root)
    assert (result.code, result.json["dry_run"]) == (0, True)
    return result.json


def tokens(model: str, cases: int) -> int:
    return sum(
        litellm_library().token_counter(model=model, messages=[{"role": "user", "content": row["message"]}])
        for row in case_rows(cases)
    )


def test_calls_tokens_and_cost_of_a_sold_model_without_its_key(folder: ProjectFolder, cli: Cli) -> None:
    chat_project(folder, NOWHERE, cases=8)
    folder.write(
        {
            "prompts/p.yaml": f"{PROMPT}parameters: {{max_tokens: {BOUND}}}\n".replace(
                "hosted_vllm/small", SOLD
            )
        }
    )
    (suite,) = dry_run(folder, cli)["suites"]
    price = litellm_library().model_cost["gpt-4o-mini"]
    cost = tokens(SOLD, 8) * price["input_cost_per_token"] + 8 * BOUND * price["output_cost_per_token"]
    assert (suite["calls"], suite["cached"], suite["input_tokens"]) == (8, 0, tokens(SOLD, 8))
    assert suite["output_tokens"] == 8 * BOUND
    assert suite["cost_usd"] == pytest.approx(cost)
    assert suite["most_usd"] == pytest.approx(cost)
    assert not (folder.root / ".promptops").exists()


def test_an_unknown_price_or_length_is_unknown(folder: ProjectFolder, cli: Cli) -> None:
    chat_project(folder, NOWHERE)
    (suite,) = dry_run(folder, cli)["suites"]
    assert [suite[name] for name in ("output_tokens", "cost_usd", "most_usd")] == [None] * 3
    (model,) = dry_run(folder, cli)["models"]
    assert (model["calls"], model["cost_usd"]) == (8, None)
    text = cli("eval", "--dry-run", at=folder.root).out
    assert "unknown: nobody says what the model costs" in text
    assert "$0" not in text


def test_what_is_cached_is_not_counted_and_says_how_long_answers_are(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        chat_project(folder, model.url, cases=5)
        settings(folder, model.url, more=PRICED)
        cli("eval", at=folder.root)
        folder.write_rows("evals/datasets/d.jsonl", case_rows(8))
        (suite,) = dry_run(folder, cli)["suites"]
        (fresh,) = dry_run(folder, cli, "--fresh")["suites"]
        assert len(model.bodies) == 5
    # The server says that each of its answers has 10 tokens.
    asked = tokens("hosted_vllm/small", 8) - tokens("hosted_vllm/small", 5)
    assert (suite["calls"], suite["cached"], suite["input_tokens"]) == (3, 5, asked)
    assert suite["cost_usd"] == pytest.approx((asked * 2.0 + 3 * 10 * 10.0) / 1e6)
    assert suite["most_usd"] is None
    assert (fresh["calls"], fresh["cached"]) == (8, 0)


def test_everything_cached_costs_nothing(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        chat_project(folder, model.url)
        cli("eval", at=folder.root)
    (suite,) = dry_run(folder, cli)["suites"]
    assert (suite["calls"], suite["cached"], suite["cost_usd"], suite["input_tokens"]) == (0, 8, 0, 0)


def test_grids_repeats_and_duplicates(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        chat_project(folder, model.url, cases=4)
        grid = "models: [hosted_vllm/small, hosted_vllm/large]\nrepeats: 3\n"
        rows = [*case_rows(4), {"id": "again", "message": "m0", "expected": "m0"}]
        folder.write({"evals/s.yaml": SUITE + grid, "evals/t.yaml": SUITE}).write_rows(
            "evals/datasets/d.jsonl", rows
        )
        planned = dry_run(folder, cli)
        done = cli("eval", "--format", "json", at=folder.root).json
        sent = len(model.bodies)
    cells = [(cell["suite"], cell["model"], cell["calls"], cell["cached"]) for cell in planned["suites"]]
    assert cells == [
        ("s", "hosted_vllm/small", 12, 3),
        ("s", "hosted_vllm/large", 12, 3),
        ("t", "hosted_vllm/small", 0, 5),
    ]
    assert [(each["model"], each["calls"]) for each in planned["models"]] == [
        ("hosted_vllm/small", 12),
        ("hosted_vllm/large", 12),
    ]
    assert sum(each["calls"] for each in planned["suites"]) == sent
    assert [each["calls"] for each in done["suites"]] == [each["calls"] for each in planned["suites"]]


def test_the_limit_counts(folder: ProjectFolder, cli: Cli) -> None:
    chat_project(folder, NOWHERE)
    assert dry_run(folder, cli, "--limit", "3")["suites"][0]["calls"] == 3


def test_the_text(folder: ProjectFolder, cli: Cli) -> None:
    chat_project(folder, NOWHERE)
    folder.write({"evals/t.yaml": SUITE, "prompts/p.yaml": f"{PROMPT}parameters: {{max_tokens: {BOUND}}}\n"})
    settings(folder, NOWHERE, more=PRICED)
    text = cli("eval", "--dry-run", at=folder.root).out
    assert "in all" in text
    assert "nothing was sent" in text
    assert "unknown" not in text
