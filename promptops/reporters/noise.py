"""How noisy a suite is, in a few lines."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.noise import NoiseReport, SuiteNoise
from promptops.model.prompt import model_label
from promptops.reporters.amounts import cost_text
from promptops.reporters.printable import printable


def noise_text(report: NoiseReport) -> str:
    """The figures of each cell, with what they mean."""
    base = report.base
    lines = [f"{printable(base.ref)} @ {base.sha[:9]} against itself"]
    for suite in report.suites:
        lines += _suite_lines(suite)
    if report.calls:
        lines.append(f"{report.calls:,} calls, paid {cost_text(report.paid_usd)}")
    return "\n".join(lines)


def _suite_lines(suite: SuiteNoise) -> Iterator[str]:
    names = (
        suite.suite,
        suite.prompt,
        model_label(suite.model) if suite.model else f"target: {suite.target}",
    )
    yield ""
    yield f"{printable(' · '.join(filter(None, names)))}: {printable(suite.metric)}"
    yield f"  {suite.runs} runs of {suite.cases:,} cases, {_where(suite)}"
    if suite.missing:
        yield f"  {suite.missing:,} more cases have no score in one of the runs"
    if suite.deterministic:
        yield "  deterministic: equal questions get equal answers, so only what is edited can change a score"
    yield _line("flip rate", _percent(suite.flip_rate), "of the cases differ between two runs")
    imagined = f"of {suite.repetitions:,} imagined harmless changes would fail the gate"
    yield _line("false alarms", _percent(suite.false_alarms), imagined)
    if suite.mde80 < 1:
        yield _line("visible drop", f"{suite.mde80 * 100:.1f} pts", "is found in 80 of 100 changes")
    else:
        yield _line("visible drop", "none", "would be found in 80 of 100 changes")
    yield _line("cases", f"{suite.cases_for_10:,}", "would be needed to find a drop of 10 pts that often")
    yield _line("", f"{suite.cases_for_5:,}", "for a drop of 5 pts")
    if suite.plant is not None and suite.caught is not None:
        planted = f"of as many changes with a planted drop of {suite.plant * 100:g} pts would fail the gate"
        yield _line("caught", _percent(suite.caught), planted)


def _where(suite: SuiteNoise) -> str:
    return "from the ledger" if suite.how == "ledger" else "asked now"


def _line(name: str, figure: str, meaning: str) -> str:
    return f"  {name:<13}{figure:>9}  {meaning}"


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"
