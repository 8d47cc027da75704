"""What became of the ledger, in a line or two."""

from __future__ import annotations

from promptops.model.ledger import LedgerExchange, LedgerExport, LedgerPruning, LedgerStatus
from promptops.reporters.amounts import counted
from promptops.reporters.printable import printable


def status_text(status: LedgerStatus) -> str:
    """How much there is, and what to do about what is not shared."""
    if status.tip is None and not status.unpulled:
        return f"{status.ref} is empty: `promptops eval` on a clean tree adds the first run, `promptops ledger pull` fetches"
    lines = [f"{status.ref}: {counted(status.runs, 'run')} of {counted(status.keys, 'evaluation')}"]
    if status.unpushed:
        lines.append(f"{counted(status.unpushed, 'run')} not at `{status.remote}` yet: promptops ledger push")
    if status.unpulled:
        lines.append(
            f"{counted(status.unpulled, 'run')} of `{status.remote}` not here yet: promptops ledger pull"
        )
    return "\n".join(lines)


def exchange_text(exchange: LedgerExchange) -> str:
    """How much went which way."""
    return f"{counted(exchange.sent, 'run')} sent, {counted(exchange.received, 'run')} received"


def pruning_text(pruning: LedgerPruning) -> str:
    """How much is left, and where."""
    where = " here and at the remote" if pruning.published else ""
    return f"{counted(pruning.dropped, 'run')} forgotten{where}, {counted(pruning.kept, 'run')} left"


def export_text(export: LedgerExport) -> str:
    """Where the file is."""
    return f"{counted(export.runs, 'run')} written to {printable(export.path)}"
