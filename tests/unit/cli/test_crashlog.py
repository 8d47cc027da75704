from __future__ import annotations

import re
from pathlib import Path

import pytest

from promptops.cli._crashlog import write_crash_log

KEY = "plain-words-0123456789"
LOOKS_LIKE_ONE = "sk-proj-abcdef0123456789"


def test_a_crash_log_tells_all_but_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_API_KEY", KEY)
    error = RuntimeError(f"refused {KEY} and {LOOKS_LIKE_ONE}")
    told = write_crash_log(error, ["eval", f"--set=key={KEY}"])
    path = re.search(r"`(.*)`", told)
    assert path is not None
    log = Path(path[1])
    text = log.read_text(encoding="utf-8")
    log.unlink()
    assert "RuntimeError: refused [key] and [key]" in text
    assert KEY not in text
    assert LOOKS_LIKE_ONE not in text
