"""A report for programs, and for `promptops comment`."""

from __future__ import annotations

import json

from promptops.reporters.report import Report, report_content


def text(report: Report) -> str:
    """The report as one JSON object."""
    return json.dumps(report_content(report), ensure_ascii=False, indent=1, allow_nan=False) + "\n"
