"""The report in a real browser. Each page is watched: an error or a request of any kind fails its test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from promptops.reporters import html_report
from promptops.reporters.report import Report

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]
LONGEST_WAIT_MS = 10_000
OpenReport = Callable[..., Any]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The machine's own browser; none is downloaded."""
    if find_spec("playwright") is None:
        pytest.skip("needs playwright: pip install -e '.[browser]'")
    if CHROMIUM is None:
        pytest.skip("needs Chromium, for instance by apt-get install chromium")
    from playwright.sync_api import sync_playwright

    # Chromium has no sandbox for root.
    sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *sandbox])
        yield browser
        browser.close()


@pytest.fixture
def open_report(chromium: Any, tmp_path: Path) -> Iterator[OpenReport]:
    """Opens reports, each in a browser of its own; options are those of a browser context."""
    troubles: list[str] = []
    contexts = []

    def opened(report: Report, *, at: str = "", is_watched: bool = True, **options: Any) -> Any:
        path = tmp_path / "report.html"
        path.write_text(html_report.text(report), encoding="utf-8")
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(LONGEST_WAIT_MS)
        address = path.as_uri()
        if is_watched:
            watch(page, address)
        page.goto(address + at)
        return page

    def watch(page: Any, address: str) -> None:
        page.on("console", lambda message: troubles.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
        page.on("dialog", lambda dialog: troubles.append(f"dialog: {dialog.message}"))
        page.on(
            "request",
            lambda request: (
                None if request.url.partition("#")[0] == address else troubles.append(request.url)
            ),
        )

    yield opened
    for context in contexts:
        context.close()
    assert troubles == []
