"""Money, durations and sizes as people read them."""

from __future__ import annotations

from datetime import date, timedelta

from promptops.model.result import Scale

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


def delta_text(delta: float, scale: Scale = Scale.UNIT) -> str:
    """A difference of scores, always with its sign: in points, or as it is for counts."""
    unit = "" if scale is Scale.COUNT else " pts"
    return f"{_signed(delta, scale)}{unit}"


def interval_text(low: float | None, high: float | None, scale: Scale = Scale.UNIT) -> str:
    """The limits of a difference: in points, or as they are for counts."""
    if low is None or high is None:
        return ""
    return f"[{_signed(low, scale)}, {_signed(high, scale)}]"


def _signed(value: float, scale: Scale) -> str:
    shown = f"{value:+.3g}" if scale is Scale.COUNT else f"{value * 100:+.1f}"
    return shown.replace("-", "−")
