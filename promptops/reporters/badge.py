"""A suite's score as a badge: the JSON that shields.io reads from an address ("Endpoint Badge")."""

from __future__ import annotations

import json

from promptops.model.history import History
from promptops.model.result import Scale
from promptops.reporters.printable import shortened

SCHEMA_VERSION = 1
LONGEST_LABEL = 40
COLOURS = ((0.95, "brightgreen"), (0.9, "green"), (0.8, "yellowgreen"), (0.7, "yellow"), (0.6, "orange"))
LOWEST = "red"
UNRATED = "blue"
"""For counts, of which nobody knows how high is high."""


def badge_text(history: History) -> str:
    """The newest score; of several cells the lowest and the highest, in the colour of the lowest.

    Nothing more is written than shields.io knows: it refuses the rest.
    """
    sha = history.commits[-1].sha
    points = [point for series in history.series for point in series.points if point.commit == sha]
    means = sorted(point.mean for point in points)
    shares = all(point.scale is not Scale.COUNT for point in points)
    texts = dict.fromkeys(_number(mean, share=shares) for mean in (means[0], means[-1]))
    metric = shortened(points[0].metric, LONGEST_LABEL)
    fields = {
        "schemaVersion": SCHEMA_VERSION,
        "label": shortened(history.suite, LONGEST_LABEL),
        "message": f"{metric} {'–'.join(texts)}{' %' if shares else ''}",
        "color": _colour(means[0]) if shares else UNRATED,
    }
    return json.dumps(fields, ensure_ascii=False) + "\n"


def _number(mean: float, *, share: bool) -> str:
    return f"{mean * 100:.1f}" if share else f"{mean:.3g}"


def _colour(mean: float) -> str:
    return next((colour for least, colour in COLOURS if mean >= least), LOWEST)
