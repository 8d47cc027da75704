"""Reports made up for tests of the page: everything that a report can hold, and as many cases as are wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from promptops.errors import ExitCode
from promptops.model.comparison import Check, GateRules, SliceDelta, Verdict
from promptops.model.diff import (
    CaseIds,
    CaseRate,
    Comparison,
    PromptDiff,
    Ruler,
    SideCost,
    SideLatency,
    SuiteComparison,
)
from promptops.model.prompt_change import PromptChange
from promptops.model.result import (
    CaseErrored,
    CaseResult,
    CaseScored,
    Completion,
    LatencySummary,
    MetricSummary,
    Scale,
    Score,
)
from promptops.reporters.diff_cases import every_case, views
from promptops.reporters.report import Report
from tests.unit.reporters.comparisons import comparison, metric, suite

LABELS = ("refund", "card_arrival", "cancel_order", "technical_help", "invoice_request", "other")
SENTENCES = (
    "your order was sent on Monday and should reach you within three days if not please write to us again "
    "with its number so that we can look it up the courier has the parcel we are sorry for the trouble"
)
WORDS = SENTENCES.split()
RULES = GateRules(margin=0.05, budget=0.02, floor=0.7)


def report(told: Comparison, results: Sequence[tuple[int, CaseResult]], **changed: Any) -> Report:
    values: dict[str, Any] = {
        "verb": "gate",
        "exit_code": ExitCode.NO,
        "command": "promptops gate --against 1a2b3c4d5 --head 9f8e7d6c5",
        "cases": views(every_case(told, results), results),
    }
    return Report(comparison=told, **(values | changed))


def one_case(base: Completion, head: Completion, **changed: Any) -> Report:
    """A report with a single case, called `a`, that broke."""
    values: dict[str, Any] = {"case_id": "a", "repeat": 0, "inputs": {"message": "hello"}}
    results = [
        (cell, CaseScored(completion=answer, scores={"accuracy": Score(value=value)}, **(values | changed)))
        for cell, answer, value in ((0, base, 1.0), (1, head, 0.0))
    ]
    case_id = results[0][1].case_id
    told = suite("qa", metric(Verdict.REGRESSED), case_ids=CaseIds(broke=(case_id,), lower=(case_id,)))
    return report(comparison(told), results)


def of_size(cases: int, *, characters: int = 500, seed: int = 1) -> Report:
    """A report on answers of about so many characters each; every fifth case broke, some were fixed."""
    random = Random(seed)
    ids = [f"case-{number:05}" for number in range(cases)]
    broke, fixed = tuple(ids[::5]), tuple(ids[3::17])
    results: list[tuple[int, CaseResult]] = []
    for id_ in ids:
        asked = _asked(id_, random)
        words = [random.choice(WORDS) for _ in range(characters // 5)]
        edited = [random.choice(WORDS) if random.random() < 0.1 else word for word in words]
        for cell, said, passes in ((0, words, id_ not in fixed), (1, edited, id_ not in broke)):
            completion = Completion(
                output=" ".join(said),
                latency_ms=random.lognormvariate(6.5 + 0.2 * cell, 0.5),
                cost_usd=random.lognormvariate(-7, 0.4),
                input_tokens=200,
                output_tokens=len(said),
            )
            score = Score(value=float(passes), reason="" if passes else "not what was expected")
            case = CaseScored(repeat=0, completion=completion, scores={"accuracy": score}, **asked)
            results.append((cell, case))
    told = suite(
        "support",
        metric(Verdict.REGRESSED, "worse by 0.6 to 7.8 pts", n=cases),
        rules=RULES,
        case_ids=CaseIds(broke=broke, lower=broke, fixed=fixed, higher=fixed),
    )
    return report(comparison(told), results)


def full() -> Report:
    """A report in which everything that a page can show is shown once."""
    suites = (_labelled(), _chat(), _new())
    told = comparison(
        *suites,
        overall=metric(Verdict.REGRESSED, "worse by 0.2 to 6.9 pts", metric="pooled", n=432, delta=-0.035),
        prompts=(PromptDiff(prompt="support/route", changes=(EDITED, TEMPERATURE)),),
        dirty_paths=("prompts/support/route.yaml",),
        settings_changes=("`[gate] strict` false → true",),
        paid_usd=0.41,
    )
    return report(told, [*_label_results(), *_chat_results()])


EDITED = PromptChange(
    what="the system message is edited",
    diff=(
        "@@ -1,6 +1,6 @@",
        " You route what customers write.",
        "-Decide what the customer wants from us now, not what happened before.",
        "+Decide what the customer wants, and do not guess what happened before.",
        " Answer with the label alone:",
        "-- refund: money back for a delivered order",
        "+- refund: money back",
        " - card_arrival: a card that has not come",
        "@@ -20,2 +20,3 @@",
        " Never answer with two labels.",
        "+Never explain.",
    ),
)
TEMPERATURE = PromptChange(what="parameters: temperature 0 → 0.7")


def _labelled() -> SuiteComparison:
    primary = metric(Verdict.REGRESSED, "worse by 0.6 to 7.8 pts")
    results = [(cell, each) for cell, each in _label_results() if isinstance(each, CaseScored)]
    passed = {(cell, each.case_id): each.scores["accuracy"].value for cell, each in results}
    ids = sorted({id_ for _, id_ in passed})
    broke = tuple(id_ for id_ in ids if (passed[0, id_], passed.get((1, id_))) == (1.0, 0.0))
    fixed = tuple(id_ for id_ in ids if (passed[0, id_], passed.get((1, id_))) == (0.0, 1.0))
    return suite(
        "route",
        primary,
        metric(
            Verdict.INCONCLUSIVE,
            "",
            metric="macro_f1",
            primary=False,
            delta=0.006,
            ci_low=-0.05,
            ci_high=0.06,
        ),
        prompt="support/route",
        model="openai/gpt-4o-mini",
        base_model="openai/gpt-4o-mini",
        changed=("prompt support/route",),
        how="ledger",
        base_runs=3,
        base_scored_at="2026-01-01T00:00:00+00:00",
        calls=300,
        cached=148,
        rules=RULES,
        ruler=Ruler(
            changes=("budget 0 → 0.02", "1 case edited: ticket-007"),
            branch_metrics=(
                MetricSummary(
                    metric="accuracy",
                    primary=True,
                    scale=Scale.BINARY,
                    n=300,
                    mean=0.77,
                    ci_low=0.7,
                    ci_high=0.8,
                ),
            ),
        ),
        rates=(CaseRate(cases="edited", metric="accuracy", n=1, base_mean=None, head_mean=1.0),),
        checks=(
            Check(verdict=Verdict.OVER_LIMIT, reason="p95 latency 2.1 s is above its limit of 2.0 s"),
            Check(
                verdict=Verdict.BELOW_FLOOR, reason="the mean 0.690 is below the floor 0.700", warning=True
            ),
        ),
        case_ids=CaseIds(
            broke=broke,
            lower=broke,
            fixed=fixed,
            higher=fixed,
            edited=("ticket-007",),
            errored=("ticket-299",),
        ),
        branch_cell=2,
        cost_usd=SideCost(base=0.12, head=0.16),
        latency_ms=SideLatency(
            base=LatencySummary(p50=640, p95=1410), head=LatencySummary(p50=910, p95=2100)
        ),
        slices=tuple(_slices()),
    )


def _slices() -> Iterator[SliceDelta]:
    for value, delta in (("de", -0.12), ("en", 0.01), ("fr", -0.02)):
        yield SliceDelta(
            slice="lang",
            value=value,
            delta=metric(Verdict.REGRESSED if delta < -0.1 else Verdict.INCONCLUSIVE, primary=False, n=100, delta=delta, ci_low=delta - 0.06, ci_high=delta + 0.06),
            stands_out=delta < -0.1,
        )  # fmt: skip


def _label_results() -> list[tuple[int, CaseResult]]:
    """Labels on both sides; the head loses a case, and has one more as the branch edits it."""
    random = Random(7)
    found: list[tuple[int, CaseResult]] = []
    for number in range(300):
        asked = _asked(f"ticket-{number:03}", random)
        near = LABELS[(LABELS.index(asked["expected"]) + 1) % len(LABELS)]
        for cell, right in ((0, 0.82), (1, 0.76)):
            is_right = random.random() < right
            said = asked["expected"] if is_right else random.choice((near, near, *LABELS))
            found.append((cell, _labelled_case(asked, said, random, cell)))
    lost = CaseErrored(case_id="ticket-299", repeat=0, kind="timeout", message="no answer within 120 s")
    edited = replace(found[15][1], scores={"accuracy": Score(value=1.0)})  # type: ignore[arg-type]
    return [*found[:-1], (1, lost), (2, edited)]


def _labelled_case(asked: Mapping[str, Any], said: str, random: Random, cell: int) -> CaseScored:
    expected = asked["expected"]
    reason = "" if said == expected else f"`{said}` instead of `{expected}`"
    answer = Completion(
        output=said,
        latency_ms=random.lognormvariate(6.45 + 0.35 * cell, 0.5),
        cost_usd=random.lognormvariate(-7.8 + 0.3 * cell, 0.3),
        input_tokens=412,
        output_tokens=4,
    )
    score = Score(value=float(said == expected), reason=reason, item=[[said], [expected]])
    return CaseScored(repeat=0, completion=answer, scores={"accuracy": score, "macro_f1": score}, **asked)


def _asked(id_: str, random: Random) -> dict[str, Any]:
    """A case as both sides get it."""
    return {
        "case_id": id_,
        "expected": random.choice(LABELS),
        "inputs": {"message": " ".join(random.choice(WORDS) for _ in range(24)), "channel": "mail"},
        "slices": {"lang": random.choice(("de", "en", "fr"))},
    }


def _chat() -> SuiteComparison:
    return suite(
        "chat",
        metric(
            Verdict.NO_WORSE, "no worse than 5 pts", metric="judge", test="paired_t", n=132, broke=None, fixed=None,
            lower=1, higher=1, base_mean=0.71, head_mean=0.72, delta=0.01, ci_low=-0.03, ci_high=0.05,
        ),
        prompt="support/chat",
        model="openai/gpt-4o-mini",
        how="evaluated",
        rules=RULES,
        base_cell=3,
        head_cell=4,
        case_ids=CaseIds(lower=("talk",), higher=("documents",)),
    )  # fmt: skip


def _chat_results() -> list[tuple[int, CaseResult]]:
    """A conversation that was run three times, and an answer made from documents."""
    return [
        *((cell, _talk(cell, repeat)) for cell in (3, 4) for repeat in range(3)),
        *((cell, _from_documents(cell)) for cell in (3, 4)),
    ]


def _talk(cell: int, repeat: int) -> CaseScored:
    polite = "Gladly. " if cell == 3 else ""
    answer = f"{polite}It arrives on {'Monday' if cell == 3 else 'Tuesday'}."
    turns = [
        {"user": "Where is my parcel?", "output": f"{polite}What is its number?"},
        {
            "user": "4711",
            "output": answer,
            "tool_calls": [{"name": "track", "arguments": {"number": 4711}}],
        },
    ]
    last = Completion(output=answer, latency_ms=2100.0 + 10 * repeat, data={"turns": turns})
    score = Score(value=0.9 - 0.2 * (cell - 3) - 0.1 * repeat, reason="It says when the parcel arrives.")
    return CaseScored(case_id="talk", repeat=repeat, completion=last, scores={"judge": score})


def _from_documents(cell: int) -> CaseScored:
    found = ["returns#2", "returns#1"] if cell == 3 else ["returns#2", "shipping#4", "faq"]
    answer = Completion(
        output="You can send it back within 30 days."
        if cell == 3
        else "You can send it back within 30 days, free of charge.",
        latency_ms=900.0,
        cost_usd=0.0004,
        data={"documents": found},
        failure=None if cell == 3 else "cut_off",
    )
    return CaseScored(
        case_id="documents",
        repeat=0,
        completion=answer,
        scores={"judge": Score(value=0.4 if cell == 3 else 0.9)},
        inputs={"question": "Can I send it back?"},
        expected="Within 30 days, for free.",
    )


def _new() -> SuiteComparison:
    return suite(
        "summaries",
        metric(Verdict.NEW, "the base has nothing to compare with", test=None, base_mean=None, delta=None, ci_low=None, ci_high=None, head_mean=0.9),
        base_cell=None,
        head_cell=None,
    )  # fmt: skip
