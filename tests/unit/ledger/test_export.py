from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from promptops.errors import LedgerError
from promptops.ledger.export import export_text, parse_export
from tests.support.ledger import OpenLedger, entry, key
from tests.support.project import ProjectFolder


def test_an_export_holds_what_the_ledger_finds(
    project: ProjectFolder, open_ledger: OpenLedger, tmp_path: Path
) -> None:
    ledger = open_ledger(project, keep=2)
    ledger.append([*(entry("a", minute) for minute in range(3)), entry("b", 9)])
    path = tmp_path / "new" / "baseline.json"
    assert ledger.export(path) == 3
    assert parse_export(path.read_bytes(), str(path)) == (entry("b", 9), entry("a", 2), entry("a", 1))
    assert ledger.export(path, [key("b"), key("unknown")]) == 1
    assert parse_export(path.read_bytes(), str(path)) == (entry("b", 9),)
    assert [each.name for each in path.parent.iterdir()] == ["baseline.json"]


def test_an_export_is_the_same_whatever_the_order() -> None:
    entries = [entry(name, minute) for name in "abc" for minute in range(3)]
    text = export_text(entries)
    random.Random(7).shuffle(entries)
    assert export_text(entries) == text
    assert json.loads(text)["format"] == 1
    assert text.endswith("}\n")
    assert max(map(len, text.splitlines())) < 2000


def test_a_new_run_is_a_new_line_or_two() -> None:
    before = export_text([entry("a", 0), entry("b", 0)]).splitlines()
    after = export_text([entry("a", 0), entry("b", 0), entry("b", 1)]).splitlines()
    assert len(after) == len(before) + 1
    assert {line.rstrip(",") for line in before} < {line.rstrip(",") for line in after}


def test_an_empty_export() -> None:
    assert parse_export(export_text([]).encode(), "x") == ()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 1}', '{"format": "1", "runs": {}}', "\x00"])
def test_what_is_no_export(content: str) -> None:
    with pytest.raises(LedgerError, match=r"`base\.json` is no ledger export") as caught:
        parse_export(content.encode(), "base.json")
    assert "`promptops ledger export base.json`" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "edit", [('"mean":0.5', '"mean":0.9'), ("[1,0,0.5]", "[1,1,0.5]"), ("case-1", "case-9")]
)
def test_an_edited_export_is_refused(edit: tuple[str, str]) -> None:
    text = export_text([entry("a")])
    assert edit[0] in text
    with pytest.raises(LedgerError, match="edited by hand"):
        parse_export(text.replace(*edit).encode(), "base.json")


def test_an_export_with_other_line_ends_is_the_same() -> None:
    text = export_text([entry("a")])
    assert parse_export(text.replace("\n", "\r\n").encode(), "x") == (entry("a"),)


def test_an_export_of_a_later_version() -> None:
    with pytest.raises(LedgerError, match="later version"):
        parse_export(b'{"format": 2}', "base.json")


def test_an_export_that_cannot_be_written(project: ProjectFolder, open_ledger: OpenLedger) -> None:
    with pytest.raises(LedgerError, match="cannot be written"):
        open_ledger(project).export(project.root / "prompts" / "a.yaml" / "x.json")
