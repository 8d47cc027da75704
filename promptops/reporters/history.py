"""The trend of a suite in a terminal: a line of blocks, and a row for each commit, the newest first."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.history import History, HistoryCommit, HistoryPoint, HistorySeries
from promptops.reporters.diff_phrases import SHA
from promptops.reporters.printable import printable, shortened

BLOCKS = "▁▂▃▄▅▆▇█"
BREAK = "│"
HEADER = ("commit", "date", "score", "95 %", "n", "runs")
NARROWEST_SUBJECT = 20


def history_text(history: History, columns: int) -> str:
    """Every cell with its line and its table; no line is wider than so many columns, but for the figures."""
    lines = [f"{printable(history.suite)} on {printable(history.ref)} @ {history.sha[:SHA]}"]
    commits = {commit.sha: commit for commit in history.commits}
    for series in history.series:
        lines += ["", *_series_lines(series, commits, columns)]
    return "\n".join(lines)


def _series_lines(series: HistorySeries, commits: dict[str, HistoryCommit], columns: int) -> Iterator[str]:
    if series.name:
        yield shortened(series.name, columns)
    points = series.points
    low, high = (pick(point.mean for point in points) for pick in (min, max))
    yield f"{shortened(points[-1].metric, columns)}  {low:.3f} {sparkline(series)} {high:.3f}"
    rows = [HEADER, *(_row(point, commits[point.commit]) for point in points)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    head, *told = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows
    )
    yield ""
    yield head.rstrip()
    room = max(NARROWEST_SUBJECT, columns - len(head) - 2)
    for point, row in reversed(list(zip(points, told, strict=True))):
        yield f"{row}  {shortened(commits[point.commit].subject, room)}".rstrip()
        if point.edited:
            yield f"{' ' * SHA}  changed: {printable(', '.join(point.edited))}"
        if point.unlike:
            yield f"{'─' * SHA}  not alike: {printable(', '.join(point.unlike))}"


def sparkline(series: HistorySeries) -> str:
    """The scores as blocks, the oldest first, with a bar between those that are not alike."""
    means = [point.mean for point in series.points]
    low, span = min(means), max(means) - min(means)
    blocks = [
        BLOCKS[round((mean - low) / span * (len(BLOCKS) - 1)) if span else len(BLOCKS) // 2] for mean in means
    ]
    return "".join(
        f"{BREAK}{each}" if point.unlike else each for point, each in zip(series.points, blocks, strict=True)
    )


def _row(point: HistoryPoint, commit: HistoryCommit) -> tuple[str, ...]:
    known = point.ci_low is not None and point.ci_high is not None
    return (
        commit.sha[:SHA],
        commit.committed_at[:10],
        f"{point.mean:.3f}",
        f"[{point.ci_low:.3f}, {point.ci_high:.3f}]" if known else "",
        f"{point.n:,}",
        str(point.runs),
    )
