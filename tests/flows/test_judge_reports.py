"""What reports say of a judge: its rate raw and corrected, how much it shows, what it asked, what that cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from promptops.model.comparison import GateRules
from promptops.stats.judging import accuracy_of, rogan_gladen
from promptops.stats.power import power_binary
from tests.flows.test_judge import SUITE, answer, by_output, judge, project
from tests.flows.test_judge_gate import GROUP
from tests.support.calibrated import GOOD, calibrate
from tests.support.chat_project import settings
from tests.support.cli import Cli, only_suite
from tests.support.gated import gate, metric_of, suite_of
from tests.support.openai_server import Answer
from tests.support.project import ProjectFolder
from tests.support.service import Service

CASES, WORSE, UNCLEAR = 60, 20, 1
JUDGED = SUITE.replace("    question", "    evidence: false\n    question")
USAGE = Answer().body()["usage"]
PRICE = {"input_usd_per_million": 2.0, "output_usd_per_million": 10.0}
CALL_USD = (
    USAGE["prompt_tokens"] * PRICE["input_usd_per_million"]
    + USAGE["completion_tokens"] * PRICE["output_usd_per_million"]
) / 1e6


def reply(body: Any) -> str:
    unclear = "unclear" in body["messages"][-1]["content"]
    return answer("cannot_tell") if unclear else by_output(body)


@pytest.fixture
def server() -> Iterator[Service]:
    with judge(reply) as running:
        yield running


def written(folder: ProjectFolder, server: Service, suite: str = JUDGED, *, worse: int = WORSE) -> None:
    project(folder, server.url, suite, cases=CASES)
    settings(
        folder,
        f"{server.url}/v1",
        run="retries = 0",
        more="\n".join(f"{k} = {v}" for k, v in PRICE.items()),
    )
    texts = ["unclear"] * UNCLEAR + ["is worse"] * worse + ["is fine"] * (CASES - worse - UNCLEAR)
    rows = [{"id": f"c{n}", "output": f"40 euros, {text} {n}"} for n, text in enumerate(texts)]
    folder.write_rows("evals/outputs.jsonl", rows)


def corrected(rate: float, n: int, **changed: int) -> dict[str, float]:
    counts = {"tp": GOOD.tp, "fn": GOOD.fn, "tn": GOOD.tn, "fp": GOOD.fp} | changed
    passes, fails = counts["tp"] + counts["fn"], counts["tn"] + counts["fp"]
    found = rogan_gladen(
        rate,
        n,
        specificity=counts["tn"] / fails,
        fails=fails,
        sensitivity=counts["tp"] / passes,
        passes=passes,
    )
    assert found is not None
    return {"raw": rate, "value": found.value, "low": found.low, "high": found.high}


def test_eval_tells_the_rate_raw_and_corrected(folder: ProjectFolder, cli: Cli, server: Service) -> None:
    written(folder, server)
    calibrate(folder)
    suite = only_suite(cli("eval", "--format", "json", at=folder.root))
    (found,) = suite["judges"]
    scored = CASES - UNCLEAR
    rate = (scored - WORSE) / scored
    assert suite["metrics"][0]["mean"] == pytest.approx(rate)
    assert found["head"]["rate"] == pytest.approx(corrected(rate, scored))
    assert (found["head"]["answers"], found["head"]["unscored"]) == (CASES, UNCLEAR)
    accuracy = accuracy_of(GOOD)
    assert (found["j"], found["j_low"]) == pytest.approx((accuracy.j, accuracy.j_low))
    text = " ".join(cli("eval", at=folder.root).out.split())
    value = found["head"]["rate"]
    assert f"pass rate {rate:.3f} raw, {value['value']:.3f} [{value['low']:.3f}, {value['high']:.3f}]" in text
    assert f"shows {accuracy.j:.0%} of a true change" in text
    assert f"cannot tell in {UNCLEAR} of {CASES}" in text
    assert "may gate" in text


def test_a_negated_judge_is_corrected_the_other_way_round(
    folder: ProjectFolder, cli: Cli, server: Service
) -> None:
    written(folder, server, f"{JUDGED}    not: true\n")
    calibrate(folder)
    (found,) = only_suite(cli("eval", "--format", "json", at=folder.root))["judges"]
    scored = CASES - UNCLEAR
    turned = corrected(1 - WORSE / scored, scored)
    rate = found["head"]["rate"]
    assert rate["raw"] == pytest.approx(WORSE / scored)
    assert (rate["value"], rate["low"], rate["high"]) == pytest.approx(
        (1 - turned["value"], 1 - turned["high"], 1 - turned["low"])
    )


@pytest.mark.parametrize(
    "more",
    [
        "    reduce: majority\n",
        "cluster: context\n",
        "    range: {low: 0, high: 1, anchors: {'1': all}}\n",
    ],
)
def test_what_is_no_plain_share_of_passes_is_not_corrected(
    more: str, folder: ProjectFolder, cli: Cli, server: Service
) -> None:
    written(folder, server, JUDGED + more)
    calibrate(folder)
    (found,) = only_suite(cli("eval", "--format", "json", at=folder.root))["judges"]
    assert found["calibrated_at"] is not None
    assert found["head"]["rate"] is None


def test_an_uncalibrated_judge_has_its_raw_rate_alone(
    folder: ProjectFolder, cli: Cli, server: Service
) -> None:
    written(folder, server)
    (found,) = only_suite(cli("eval", "--format", "json", at=folder.root))["judges"]
    assert (found["j"], found["head"]["rate"], found["why_advisory"]) == (None, None, ["not calibrated"])
    assert "judge grounded: may not gate: not calibrated" in " ".join(cli("eval", at=folder.root).out.split())


def on_a_branch(folder: ProjectFolder, server: Service) -> None:
    written(folder, server, worse=0)
    calibrate(folder)
    folder.commit()
    folder.git("switch", "--quiet", "--create", "branch")
    written(folder, server)
    folder.commit()


def test_the_gate_tells_of_both_sides_in_every_report(
    folder: ProjectFolder, cli: Cli, server: Service
) -> None:
    on_a_branch(folder, server)
    result = gate(folder, cli, "--report", "markdown=report.md,html=report.html")
    (found,) = suite_of(result)["judges"]
    metric = metric_of(result)
    for side in ("base", "head"):
        assert found[side]["rate"] == pytest.approx(corrected(metric[f"{side}_mean"], metric["n"]))
        assert found[side]["unscored"] == UNCLEAR
    assert found["mde80"] == pytest.approx(metric["mde80"] / accuracy_of(GOOD).j)
    flip_rate = (metric["broke"] + metric["fixed"] + 2) / (metric["n"] + 2)
    assert metric["power_at_watch_drop"] == pytest.approx(
        power_binary(GateRules().watch_drop, metric["n"], flip_rate, accuracy_of(GOOD).j)
    )
    shows = f"{accuracy_of(GOOD).j:.0%} of a true change"
    sees = f"finds true drops from {found['mde80'] * 100:.0f} pts"
    terminal = " ".join(cli("gate", at=folder.root).out.split())
    markdown = (folder.root / "report.md").read_text(encoding="utf-8")
    html = (folder.root / "report.html").read_text(encoding="utf-8")
    for text in (terminal, markdown, html):
        assert shows in text
        assert sees in text
        assert f"with {GOOD.labels} labels" in text
        assert f"{metric['base_mean']:.3f} → {metric['head_mean']:.3f} raw" in text


def test_what_judges_cost_stands_apart_from_the_target(
    folder: ProjectFolder, cli: Cli, server: Service
) -> None:
    written(folder, server)
    first, second = (only_suite(cli("eval", "--format", "json", at=folder.root)) for _ in range(2))
    assert (first["calls"], first["cost_usd"], first["paid_usd"]) == (CASES, 0, 0)
    asked = {
        "calls": CASES,
        "cached": 0,
        "input_tokens": CASES * USAGE["prompt_tokens"],
        "output_tokens": CASES * USAGE["completion_tokens"],
        "cost_usd": pytest.approx(CASES * CALL_USD),
        "paid_usd": pytest.approx(CASES * CALL_USD),
    }
    assert first["judging"] == asked
    assert second["judging"] == asked | {"calls": 0, "cached": CASES, "paid_usd": 0}
    assert f"{CASES} calls of judges" in cli("eval", at=folder.root).out


def test_a_judge_that_cannot_be_read_is_paid_all_the_same(folder: ProjectFolder, cli: Cli) -> None:
    with judge(lambda _: "no idea") as server:
        written(folder, server)
        suite = only_suite(cli("eval", "--format", "json", at=folder.root))
    assert (suite["errored"], suite["judging"]["calls"]) == (CASES, len(server.calls))
    assert suite["judging"]["paid_usd"] == pytest.approx(len(server.calls) * CALL_USD)


def test_each_side_has_its_own_judges(folder: ProjectFolder, cli: Cli, server: Service) -> None:
    on_a_branch(folder, server)
    result = gate(folder, cli)
    found = suite_of(result)["judging"]
    assert {side["calls"] + side["cached"] for side in found.values()} == {CASES}
    assert sum(side["calls"] for side in found.values()) == len(server.calls)
    assert result.json["paid_usd"] == pytest.approx(len(server.calls) * CALL_USD)


def test_a_limit_of_cost_is_about_the_target(folder: ProjectFolder, cli: Cli, server: Service) -> None:
    limited = f"{JUDGED}gate: {{max_cost_usd_per_case: {CALL_USD / 2}}}\n"
    written(folder, server, limited)
    folder.commit()
    folder.git("switch", "--quiet", "--create", "branch")
    written(folder, server, limited, worse=0)
    folder.commit()
    assert suite_of(gate(folder, cli))["checks"] == []


@pytest.mark.parametrize(
    ("suite", "calls"),
    [
        (JUDGED, {("grounded", "hosted_vllm/judge"): CASES}),
        (
            JUDGED.replace("[hosted_vllm/judge]", "[hosted_vllm/a, hosted_vllm/b]")
            + "    repeats: 3\nrepeats: 2\n",
            {("grounded", f"hosted_vllm/{name}"): CASES * 3 * 2 for name in "ab"},
        ),
        (GROUP, {("both.one", "hosted_vllm/judge"): CASES, ("both.two", "hosted_vllm/other"): CASES}),
    ],
)
def test_a_dry_run_counts_what_judges_would_ask(
    suite: str, calls: dict[tuple[str, str], int], folder: ProjectFolder, cli: Cli, server: Service
) -> None:
    written(folder, server, suite)
    found = only_suite(cli("eval", "--dry-run", "--format", "json", at=folder.root))
    assert {(each["scorer"], each["model"]): each["calls"] for each in found["judges"]} == calls
    assert not server.calls
    text = cli("eval", "--dry-run", at=folder.root).out
    assert all(f"{count} calls of {model}" in text for (_, model), count in calls.items())
    ran = only_suite(cli("eval", "--format", "json", at=folder.root))["judging"]
    assert ran["calls"] + ran["cached"] == sum(calls.values())
