"""Money, durations and sizes as people read them."""

from __future__ import annotations

from datetime import date, timedelta

EPOCH = date(1970, 1, 1)
KILO = 1000
ONE_CENT_USD = 0.01
ONE_SECOND_MS = 1000


def counted(count: int, noun: str) -> str:
    """A number with its noun."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def cost_text(cost_usd: float | None) -> str:
    """Money for people; an unknown price is never shown as nothing."""
    if cost_usd is None:
        return "unknown"
    cents_matter = cost_usd == 0 or cost_usd >= ONE_CENT_USD
    return f"${cost_usd:.2f}" if cents_matter else f"${cost_usd:.2g}"


def latency_text(latency_ms: float | None) -> str:
    """A duration for people."""
    if latency_ms is None:
        return "–"
    if latency_ms < 1:
        return "<1 ms"
    return f"{latency_ms:.0f} ms" if latency_ms < ONE_SECOND_MS else f"{latency_ms / ONE_SECOND_MS:.1f} s"


def bytes_text(size: int) -> str:
    """Room on a disk for people."""
    for unit in ("bytes", "kB", "MB"):
        if size < KILO:
            return f"{size:.0f} {unit}"
        size = size // KILO
    return f"{size:,} GB"


def day_text(day: int | None) -> str:
    """A day, counted from 1970-01-01, in ISO form."""
    return "–" if day is None else (EPOCH + timedelta(days=day)).isoformat()


def delta_text(delta: float) -> str:
    """A difference of scores in points, always with its sign."""
    return f"{delta * 100:+.1f} pts".replace("-", "−")


def interval_text(low: float | None, high: float | None) -> str:
    """The limits of a difference in points."""
    if low is None or high is None:
        return ""
    return f"[{low * 100:+.1f}, {high * 100:+.1f}]".replace("-", "−")
