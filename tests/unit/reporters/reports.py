"""Reports made up for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from promptops.commands.gate import exit_code_of
from promptops.model.comparison import Verdict
from promptops.model.diff import SuiteComparison
from promptops.model.result import CaseResult, CaseScored, Completion
from promptops.reporters.diff_cases import CaseView, kinds_of
from promptops.reporters.report import Report
from tests.unit.reporters.comparisons import broken, comparison, metric, scored, suite


def report(
    *suites: SuiteComparison, cases: Sequence[CaseView] = (), strict: bool = False, **changed: Any
) -> Report:
    """What `gate` reports of some suites."""
    found = comparison(*suites, **changed)
    exit_code = exit_code_of(found, strict=strict)
    command = "promptops gate --against 1a2b3c4d5 --head 9f8e7d6c5"
    return Report(verb="gate", comparison=found, exit_code=exit_code, command=command, cases=cases)


def view(of: SuiteComparison, id_: str, base: CaseResult | None, head: CaseResult | None) -> CaseView:
    """A case as both sides answered it."""
    return CaseView(
        suite=of,
        id=id_,
        kinds=kinds_of(of).get(id_, ()),
        base=() if base is None else (base,),
        head=() if head is None else (head,),
    )


def answered(id_: str, output: str, value: float, *, latency_ms: float = 0.0, reason: str = "") -> CaseScored:
    """An answer that took so long."""
    completion = Completion(output=output, latency_ms=latency_ms)
    return scored(id_, output, value, reason=reason, completion=completion)


def with_output(output: str, name: str = "route", **changed: Any) -> Report:
    """A failing suite in which everything that others write is that text."""
    of = suite(
        name,
        metric(Verdict.REGRESSED, output, metric=output or "accuracy"),
        case_ids=broken(output or "case"),
        **{"changed": (output,), "prompt": output, **changed},
    )
    head = answered(output or "case", output, 0.0, reason=output)
    return report(of, cases=[view(of, output or "case", answered("c", output, 1.0), head)])
