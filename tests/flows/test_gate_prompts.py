"""What `gate` compares when prompts, models and grids change."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.chat_project import Chat, case_rows, chat, said, settings
from tests.support.cli import Cli
from tests.support.gated import (
    ASKED,
    ASKED_CASES,
    ASKING,
    BAD,
    GOOD,
    asking,
    gate,
    metric_of,
    start_branch,
    suite_of,
)
from tests.support.project import ProjectFolder
from tests.support.service import Reply


@pytest.fixture
def served(folder: ProjectFolder) -> Iterator[Chat]:
    """The model that the project asks."""
    with asking(folder) as model:
        yield model


def test_both_sides_go_through_the_cases_together(folder: ProjectFolder, cli: Cli, served: Chat) -> None:
    settings(folder, served.url, run="concurrency = 1")
    start_branch(folder)
    folder.write({"prompts/p.yaml": BAD})
    result = gate(folder, cli)
    assert (result.code, metric_of(result)["broke"]) == (1, ASKED_CASES)
    wanted = [text for n in range(ASKED_CASES) for text in (f"m{n}", f"Shout: m{n}")]
    assert served.messages == wanted
    assert (result.json["base"]["how"], suite_of(result)["calls"]) == ("evaluated", 2 * ASKED_CASES)


def test_requests_that_are_the_same_are_not_sent_again(folder: ProjectFolder, cli: Cli, served: Chat) -> None:
    start_branch(folder)
    # Only the cases before m5 are asked otherwise.
    text = "{% if message < 'm5' %}Shout: {% endif %}{{ message }}"
    folder.write({"prompts/p.yaml": ASKING.format(text=text)})
    other = sum(f"m{n}" < "m5" for n in range(ASKED_CASES))
    result = gate(folder, cli)
    assert metric_of(result)["broke"] == other
    assert sorted(served.messages) == sorted(
        [f"m{n}" for n in range(ASKED_CASES)] + [f"Shout: m{n}" for n in range(ASKED_CASES) if f"m{n}" < "m5"]
    )
    again = gate(folder, cli)
    assert len(served.messages) == ASKED_CASES + other
    assert (again.json["base"]["how"], metric_of(again)) == ("ledger", metric_of(result))


def test_nothing_changed_costs_nothing(folder: ProjectFolder, cli: Cli, served: Chat) -> None:
    start_branch(folder)
    folder.write({"README.md": "words\n"}).commit("words")
    result = gate(folder, cli)
    assert (result.code, suite_of(result)["verdict"], served.messages) == (0, "unchanged", [])


def test_comments_and_descriptions_change_nothing(folder: ProjectFolder, cli: Cli, served: Chat) -> None:
    start_branch(folder)
    folder.write({"prompts/p.yaml": f"# words\ndescription: other\n{GOOD}"})
    folder.write({"evals/s.yaml": f"description: other\n{ASKED}"})
    result = gate(folder, cli)
    assert (result.code, suite_of(result)["verdict"], served.messages) == (0, "unchanged", [])
    assert suite_of(result)["ruler"]["changes"] == []


def test_a_new_suite_on_an_old_prompt_measures_both_sides(
    folder: ProjectFolder, cli: Cli, served: Chat
) -> None:
    start_branch(folder)
    folder.write({"prompts/p.yaml": BAD, "evals/t.yaml": ASKED})
    result = gate(folder, cli)
    assert (result.code, suite_of(result, "t")["verdict"]) == (1, "regressed")
    assert metric_of(result, "t")["broke"] == ASKED_CASES
    assert suite_of(result, "t")["changed"][0] == "the suite is new"


def test_a_new_suite_on_a_new_prompt_is_new(folder: ProjectFolder, cli: Cli, served: Chat) -> None:
    start_branch(folder)
    folder.write({"prompts/q.yaml": BAD, "evals/t.yaml": ASKED.replace("prompt: p", "prompt: q")})
    result = gate(folder, cli)
    assert (result.code, result.json["verdict"], suite_of(result, "t")["verdict"]) == (0, "new", "new")


def test_inputs_that_the_base_s_cases_cannot_fill_are_named(
    folder: ProjectFolder, cli: Cli, served: Chat
) -> None:
    start_branch(folder)
    folder.write({"evals/s.yaml": ASKED.replace('case.message }}"}', 'case.body }}"}', 1)})
    folder.write_rows("evals/datasets/d.jsonl", [{**row, "body": "b"} for row in case_rows(ASKED_CASES)])
    result = gate(folder, cli)
    assert (result.code, suite_of(result)["verdict"]) == (4, "invalid")
    assert "`body`" in suite_of(result)["reason"]
    assert served.messages == []


def test_a_variable_that_the_head_s_prompt_wants_and_the_base_s_cases_lack_is_named(
    folder: ProjectFolder, cli: Cli, served: Chat
) -> None:
    start_branch(folder)
    folder.write({"prompts/p.yaml": ASKING.format(text="{{ message }} {{ tone }}")})
    folder.write(
        {
            "evals/s.yaml": ASKED.replace(
                '{message: "{{ case.message }}"}', '{message: "{{ case.message }}", tone: "{{ case.tone }}"}'
            )
        }
    )
    folder.write_rows("evals/datasets/d.jsonl", [{**row, "tone": "kind"} for row in case_rows(ASKED_CASES)])
    result = gate(folder, cli)
    assert (result.code, suite_of(result)["verdict"]) == (4, "invalid")
    assert "`tone`" in suite_of(result)["reason"]


def test_a_prompt_that_is_deleted_with_its_suite_gives_no_verdict(
    folder: ProjectFolder, cli: Cli, served: Chat
) -> None:
    start_branch(folder)
    (folder.root / "prompts/p.yaml").rename(folder.root / "prompts/q.yaml")
    (folder.root / "evals/s.yaml").unlink()
    folder.write({"evals/t.yaml": ASKED.replace("prompt: p", "prompt: q")})
    result = gate(folder, cli)
    assert (result.code, suite_of(result)["verdict"]) == (4, "invalid")
    assert "there is no prompt `p`" in suite_of(result)["reason"]
    assert "pull request of its own" in suite_of(result)["reason"]


def test_examples_that_lie_outside_the_prompts_count_too(
    folder: ProjectFolder, cli: Cli, served: Chat
) -> None:
    shots = "- {{input: {{message: x}}, output: {}}}\n"
    folder.write(
        {"prompts/p.yaml": f"examples: {{file: /shots.yaml}}\n{GOOD}", "shots.yaml": shots.format("a")}
    )
    start_branch(folder)
    folder.write({"shots.yaml": shots.format("b")})
    assert suite_of(gate(folder, cli))["verdict"] != "unchanged"
    assert len(served.messages) == 2 * ASKED_CASES


def test_a_limit_of_latency_is_held(folder: ProjectFolder, cli: Cli, served: Chat) -> None:
    folder.write({"evals/s.yaml": f"{ASKED}gate: {{max_p95_latency_ms: 0.001}}\n"})
    start_branch(folder)
    folder.write({"prompts/p.yaml": ASKING.format(text="{{ message }}").replace("user", "system")})
    result = gate(folder, cli)
    assert (result.code, suite_of(result)["verdict"]) == (1, "over_limit")
    assert "p95 latency" in suite_of(result)["reason"]


def test_a_limit_of_cost_is_held_at_the_base_s_prices(folder: ProjectFolder, cli: Cli, served: Chat) -> None:
    prices = "input_usd_per_million = {0}\noutput_usd_per_million = {0}\n"
    settings(folder, served.url, more=prices.format(1000))
    folder.write({"evals/s.yaml": f"{ASKED}gate: {{max_cost_usd_per_case: 0.01}}\n"})
    start_branch(folder)
    settings(folder, served.url, more=prices.format(0))
    folder.write({"prompts/p.yaml": GOOD.replace("user", "system")})
    result = gate(folder, cli)
    assert (result.code, suite_of(result)["verdict"]) == (1, "over_limit")
    assert "cost per case" in suite_of(result)["reason"]


def test_a_base_whose_suite_is_wrong_gives_no_verdict(folder: ProjectFolder, cli: Cli, served: Chat) -> None:
    folder.write({"evals/s.yaml": "nonsense: 1\n"})
    start_branch(folder)
    folder.write({"evals/s.yaml": ASKED})
    result = gate(folder, cli)
    assert (result.code, suite_of(result)["verdict"]) == (4, "invalid")
    assert "the base's files are wrong" in suite_of(result)["reason"]


def test_a_base_whose_prompt_is_wrong_gives_no_verdict(folder: ProjectFolder, cli: Cli, served: Chat) -> None:
    folder.write({"prompts/p.yaml": "nonsense: 1\n"})
    start_branch(folder)
    folder.write({"prompts/p.yaml": GOOD})
    result = gate(folder, cli)
    assert (result.code, suite_of(result)["verdict"]) == (4, "invalid")
    assert "the base's files are wrong" in suite_of(result)["reason"]


def test_a_head_whose_files_are_wrong_has_to_be_mended(folder: ProjectFolder, cli: Cli, served: Chat) -> None:
    start_branch(folder)
    folder.write({"evals/s.yaml": "nonsense: 1\n", "evals/t.yaml": "other: 1\n"})
    result = gate(folder, cli)
    assert (result.code, result.out) == (3, "")
    assert "evals/s.yaml" in result.err
    assert "evals/t.yaml" in result.err


def test_an_empty_answer_is_scored(folder: ProjectFolder, cli: Cli) -> None:
    def reply(message: str) -> Reply:
        return said("" if message.startswith("Shout") else message)

    with chat(reply) as model:
        settings(folder, model.url)
        folder.write({".gitignore": ".promptops/\n", "prompts/p.yaml": GOOD, "evals/s.yaml": ASKED})
        folder.write_rows("evals/datasets/d.jsonl", case_rows(ASKED_CASES))
        start_branch(folder)
        folder.write({"prompts/p.yaml": BAD})
        result = gate(folder, cli)
    assert (result.code, metric_of(result)["broke"]) == (1, ASKED_CASES)


def test_a_prompt_that_no_suite_uses_is_checked_before_anything_is_asked(
    folder: ProjectFolder, cli: Cli, served: Chat
) -> None:
    folder.write({"prompts/unused.yaml": GOOD})
    start_branch(folder)
    folder.write({"prompts/p.yaml": BAD, "prompts/unused.yaml": "nonsense: 1\n"})
    result = gate(folder, cli)
    assert (result.code, served.messages) == (3, [])
    assert "prompts/unused.yaml" in result.err


WITH_TESTS = """\
model: hosted_vllm/small
messages:
  - {{role: user, content: "{text}"}}
testData:
{rows}
evaluators:
  - {{name: right, string: {{contains: m}}}}
"""


def with_tests(text: str, rows: int = ASKED_CASES) -> dict[str, str]:
    listed = "\n".join(f"  - {{message: m{n}}}" for n in range(rows))
    return {"prompts/own.prompt.yml": WITH_TESTS.format(text=text, rows=listed)}


def test_a_prompt_s_own_tests_are_the_base_s(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        settings(folder, model.url)
        folder.write({".gitignore": ".promptops/\n", **with_tests("{{message}}")})
        start_branch(folder)
        folder.write(with_tests("no", rows=1))
        result = gate(folder, cli)
        (found,) = result.json["suites"]
        assert (result.code, found["metrics"][0]["broke"]) == (1, ASKED_CASES)
        assert any("removed" in change for change in found["ruler"]["changes"])
        folder.write(with_tests("no"))
        (found,) = gate(folder, cli).json["suites"]
        assert (found["metrics"][0]["broke"], found["ruler"]["changes"]) == (ASKED_CASES, [])
