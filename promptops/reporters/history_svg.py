"""The trend of a suite as a picture for a page: inline SVG without script, style sheet or anything from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.etree.ElementTree import Element, SubElement, tostring

from promptops.model.history import History, HistoryPoint, HistorySeries
from promptops.reporters.diff_phrases import SHA
from promptops.reporters.printable import shortened

WIDTH, HEIGHT = 720, 220
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 16, 24
LINE_HEIGHT = 18
TICKS = 4
LONGEST = 120
COLOURS = ("#3b7dd8", "#d9822b", "#2e9e5b", "#b5488f", "#8a6fdf", "#a3862a")
"""Middle tones, which can be seen on white and on black; the rest of the picture has the colour of the text."""


@dataclass(frozen=True, slots=True)
class Plane:
    """Where commits and scores lie in the picture."""

    places: dict[str, int]
    low: float
    high: float

    @classmethod
    def of(cls, history: History) -> Plane:
        """A plane with room for every interval."""
        points = [point for series in history.series for point in series.points]
        lows = [point.mean if point.ci_low is None else point.ci_low for point in points]
        highs = [point.mean if point.ci_high is None else point.ci_high for point in points]
        low, high = min(lows), max(highs)
        places = {commit.sha: place for place, commit in enumerate(history.commits)}
        return cls(places, low, high) if high > low else cls(places, low - 0.05, high + 0.05)

    def x(self, place: float) -> float:
        """Across; `place` counts commits from 0, and may lie between two."""
        step = (WIDTH - LEFT - RIGHT) / len(self.places)
        return round(LEFT + (place + 0.5) * step, 1)

    def y(self, score: float) -> float:
        """Down."""
        share = (score - self.low) / (self.high - self.low)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)


def history_svg(history: History) -> str:
    """The chart: a point with its interval at each commit, joined by a line where scores are alike.

    A dashed line stands where the ruler or the model changed. Colours of axes and words are the page's.
    """
    plane = Plane.of(history)
    named = [series for series in history.series if series.name]
    height = HEIGHT + LINE_HEIGHT * len(named)
    title = shortened(f"{history.suite} on {history.ref}", LONGEST)
    svg = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {WIDTH} {height}",
            "role": "img",
            "aria-label": title,
            "font-family": "system-ui, sans-serif",
            "font-size": "12",
        },
    )
    SubElement(svg, "title").text = title
    _draw_axes(svg, plane, history)
    for number, series in enumerate(history.series):
        colour = COLOURS[number % len(COLOURS)]
        _draw_series(svg, plane, series, colour)
        if series.name:
            y = HEIGHT + LINE_HEIGHT * named.index(series)
            SubElement(svg, "circle", {"cx": str(LEFT), "cy": str(y + 4), "r": "4", "fill": colour})
            _word(svg, LEFT + 10, y + 8, series.name, "start")
    return tostring(svg, encoding="unicode")


def _draw_axes(svg: Element, plane: Plane, history: History) -> None:
    for step in range(TICKS + 1):
        score = plane.low + (plane.high - plane.low) * step / TICKS
        y = plane.y(score)
        _line(svg, (LEFT, y), (WIDTH - RIGHT, y), {"stroke": "currentColor", "stroke-opacity": "0.15"})
        _word(svg, LEFT - 8, y + 4, f"{score:.3f}", "end")
    first, last = history.commits[0], history.commits[-1]
    ends = (
        [(first, LEFT, "start")] if first is last else [(first, LEFT, "start"), (last, WIDTH - RIGHT, "end")]
    )
    for commit, x, anchor in ends:
        _word(svg, x, HEIGHT - 6, f"{commit.sha[:SHA]} {commit.committed_at[:10]}", anchor)


def _draw_series(svg: Element, plane: Plane, series: HistorySeries, colour: str) -> None:
    for run in _alike(series.points):
        places = [f"{plane.x(plane.places[point.commit])},{plane.y(point.mean)}" for point in run]
        if len(run) > 1:
            line = {"fill": "none", "stroke": colour, "stroke-width": "2", "points": " ".join(places)}
            SubElement(svg, "polyline", line)
    for before, point in zip((None, *series.points), series.points, strict=False):
        x = plane.x(plane.places[point.commit])
        if before is not None and point.unlike:
            between = plane.x((plane.places[before.commit] + plane.places[point.commit]) / 2)
            mark = {"stroke": "currentColor", "stroke-dasharray": "4 4", "stroke-opacity": "0.6"}
            told = f"not alike: {', '.join(point.unlike)} changed"
            _tell(_line(svg, (between, TOP), (between, HEIGHT - BOTTOM), mark), told)
        if point.ci_low is not None and point.ci_high is not None:
            whisker = {"stroke": colour, "stroke-opacity": "0.5", "stroke-width": "2"}
            _line(svg, (x, plane.y(point.ci_low)), (x, plane.y(point.ci_high)), whisker)
        dot = {"cx": str(x), "cy": str(plane.y(point.mean)), "r": "4", "fill": colour}
        _tell(SubElement(svg, "circle", dot), _told(point))


def _alike(points: Sequence[HistoryPoint]) -> Iterator[Sequence[HistoryPoint]]:
    """The stretches in which each score may be held against the one before."""
    starts = [0, *(place for place, point in enumerate(points) if place and point.unlike), len(points)]
    for start, end in pairwise(starts):
        yield points[start:end]


def _told(point: HistoryPoint) -> str:
    known = point.ci_low is not None and point.ci_high is not None
    interval = f" [{point.ci_low:.3f}, {point.ci_high:.3f}]" if known else ""
    runs = f"{point.runs} runs of {point.n:,}" if point.runs > 1 else f"n = {point.n:,}"
    return f"{point.commit[:SHA]}: {point.metric} {point.mean:.3f}{interval}, {runs}"


def _line(
    svg: Element, start: tuple[float, float], end: tuple[float, float], more: dict[str, str]
) -> Element:
    ends = {"x1": start[0], "y1": start[1], "x2": end[0], "y2": end[1]}
    return SubElement(svg, "line", {**{name: str(value) for name, value in ends.items()}, **more})


def _word(svg: Element, x: float, y: float, words: str, anchor: str) -> None:
    place = {"x": str(x), "y": str(y), "text-anchor": anchor, "fill": "currentColor"}
    SubElement(svg, "text", place).text = shortened(words, LONGEST)


def _tell(element: Element, words: str) -> None:
    SubElement(element, "title").text = shortened(words, LONGEST)
