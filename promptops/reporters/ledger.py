"""What became of the ledger, in a line or two."""

from __future__ import annotations

from promptops.model.ledger import LedgerExchange, LedgerExport, LedgerPruning, LedgerStatus
from promptops.reporters.printable import printable


def status_text(status: LedgerStatus) -> str:
    """How much there is, and what to do about what is not shared."""
    if status.tip is None and not status.unpulled:
        return f"{status.ref} is empty: `promptops eval` on a clean tree adds the first run, `promptops ledger pull` fetches"
    lines = [f"{status.ref}: {_runs(status.runs)} of {_things(status.keys)}"]
    if status.unpushed:
        lines.append(f"{_runs(status.unpushed)} not at `{status.remote}` yet: promptops ledger push")
    if status.unpulled:
        lines.append(f"{_runs(status.unpulled)} of `{status.remote}` not here yet: promptops ledger pull")
    return "\n".join(lines)


def exchange_text(exchange: LedgerExchange) -> str:
    """How much went which way."""
    return f"{_runs(exchange.sent)} sent, {_runs(exchange.received)} received"


def pruning_text(pruning: LedgerPruning) -> str:
    """How much is left, and where."""
    where = " here and at the remote" if pruning.published else ""
    return f"{_runs(pruning.dropped)} forgotten{where}, {_runs(pruning.kept)} left"


def export_text(export: LedgerExport) -> str:
    """Where the file is."""
    return f"{_runs(export.runs)} written to {printable(export.path)}"


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count:,} runs"


def _things(count: int) -> str:
    return "1 evaluation" if count == 1 else f"{count:,} evaluations"
