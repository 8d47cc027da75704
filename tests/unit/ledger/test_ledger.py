from __future__ import annotations

import os
import random
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from promptops.errors import ExitCode, LedgerError, VcsError
from promptops.ledger.chain import Change, write
from promptops.ledger.records import digest_of
from promptops.model.ledger import LostAnswer
from promptops.vcs.repo import Repository
from tests.support.ledger import OpenLedger, entry, key
from tests.support.project import ProjectFolder

REF = "refs/promptops/runs"


def object_at(project: ProjectFolder, name: str) -> Path:
    oid = project.git("rev-parse", name)
    return project.root / ".git" / "objects" / oid[:2] / oid[2:]


def ledger_paths(project: ProjectFolder, folder: str = "") -> list[str]:
    paths = project.git("ls-tree", "-r", "--name-only", REF).splitlines()
    return [path for path in paths if path.startswith(folder)]


def test_what_is_appended_is_found_newest_first(project: ProjectFolder, open_ledger: OpenLedger) -> None:
    runs = [entry("a", minute) for minute in (3, 1, 2)] + [entry("b", 9)]
    ledger = open_ledger(project)
    assert ledger.append(runs[:2]) == 2
    assert ledger.append(runs[2:]) == 2
    assert open_ledger(project).find(key("a")) == (runs[0], runs[2], runs[1])
    assert ledger.find(key("b")) == (runs[3],)


def test_nothing_is_found_where_nothing_is(project: ProjectFolder, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(project)
    assert ledger.find(key("a")) == ()
    ledger.append([entry("a")])
    assert ledger.find(key("b")) == ()
    assert ledger.find("no key") == ()


def test_scores_come_back_as_they_were(project: ProjectFolder, open_ledger: OpenLedger) -> None:
    lost = (LostAnswer(case=2, repeat=0, kind="timeout"),)
    written = entry("a", scores=(1.0, 0.1 + 0.2, None, 7.0, 1e-300), lost=lost)
    ledger = open_ledger(project)
    ledger.append([written])
    (found,) = ledger.find(key("a"))
    assert found == written
    assert found.scores.by_case("accuracy") == ((1.0,), (0.1 + 0.2,), (None,), (7.0,), (1e-300,))
    assert isinstance(found.scores.values["accuracy"][0][0], float)


def test_a_score_that_is_no_number_is_no_score(project: ProjectFolder, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(project)
    ledger.append([entry("a", scores=(float("nan"), float("inf"), 1.0))])
    assert ledger.find(key("a"))[0].scores.values["accuracy"] == ((None, None, 1.0),)


def test_the_same_run_twice_is_one_run_and_one_commit(
    project: ProjectFolder, open_ledger: OpenLedger
) -> None:
    ledger = open_ledger(project)
    ledger.append([entry("a"), entry("a")])
    tip = project.git("rev-parse", REF)
    assert ledger.append([entry("a")]) == 0
    assert ledger.append([]) == 0
    assert project.git("rev-parse", REF) == tip
    assert len(ledger.find(key("a"))) == 1


def test_the_layout(project: ProjectFolder, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(project)
    ledger.append([entry("a", 0), entry("a", 1), entry("b", 2, scores=(1, 1, 1))])
    ledger.append([entry("b", 3, scores=(1, 1, 1))])
    folder = f"runs/{key('a')[:2]}/{key('a')}/"
    assert len(ledger_paths(project, folder)) == 2
    assert len(ledger_paths(project, "runs/")) == 4
    assert len(ledger_paths(project, "scores/")) == 2
    assert len(ledger_paths(project, "cases/")) == 1
    assert project.git("rev-list", "--count", REF) == "2"
    text = project.git("cat-file", "blob", f"{REF}:{ledger_paths(project, folder)[0]}")
    assert text.startswith('{"cases":"')
    assert '"format":1,' in text


def test_only_as_many_runs_are_found_as_the_settings_say(
    project: ProjectFolder, open_ledger: OpenLedger
) -> None:
    runs = [entry("a", minute) for minute in range(5)]
    ledger = open_ledger(project, keep=2)
    ledger.append(runs)
    assert ledger.find(key("a")) == (runs[4], runs[3])
    assert ledger.status().runs == 5


def test_times_in_other_zones_are_compared_as_times(project: ProjectFolder, open_ledger: OpenLedger) -> None:
    early, late = (
        replace(entry("a"), run=replace(entry("a").run, started_at=time))
        for time in ("2026-01-01T12:00:00+09:00", "2026-01-01T11:00:00Z")
    )
    ledger = open_ledger(project)
    ledger.append([early, late])
    assert ledger.find(key("a")) == (late, early)


def test_an_entry_that_is_not_whole_is_refused(project: ProjectFolder, open_ledger: OpenLedger) -> None:
    good = entry("a")
    wrong = [
        replace(good, run=replace(good.run, key="../../etc")),
        replace(good, run=replace(good.run, started_at="yesterday")),
        replace(good, run=replace(good.run, started_at="2026-01-01T00:00:00")),
        replace(good, run=replace(good.run, repeats=2)),
        replace(good, cases=replace(good.cases, ids=good.cases.ids[:2])),
        replace(good, cases=replace(good.cases, contents=())),
    ]
    ledger = open_ledger(project)
    for each in wrong:
        with pytest.raises(ValueError):
            ledger.append([good, each])
    assert ledger.status().tip is None


def test_the_users_things_are_left_alone(project: ProjectFolder, open_ledger: OpenLedger) -> None:
    project.write({"prompts/a.yaml": "edited", "staged": "s"}).git("add", "staged")
    mine = project.root / ".git"
    kept = [mine / "index", mine / "config", mine / "HEAD", mine / "refs" / "heads" / "main"]
    before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in kept]
    hooks = mine / "hooks"
    for name in ("reference-transaction", "post-commit", "pre-commit"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {project.root}/hook-ran\nexit 1\n", encoding="utf-8")
        (hooks / name).chmod(0o755)
    ledger = open_ledger(project)
    ledger.append([entry("a", 0), entry("a", 1)])
    ledger.prune(1)
    assert [(path.read_bytes(), path.stat().st_mtime_ns) for path in kept] == before
    assert not (project.root / "hook-ran").exists()
    assert project.git("for-each-ref", "--format=%(refname)") == f"refs/heads/main\n{REF}"
    assert not list(mine.glob("fast_import_crash*"))


def test_without_a_user_name(
    project: ProjectFolder, open_ledger: OpenLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{name}_NAME")
        monkeypatch.delenv(f"GIT_{name}_EMAIL")
    open_ledger(project).append([entry("a")])
    assert project.git("log", "-1", "--format=%an <%ae>", REF) == "promptops <promptops@localhost>"


def test_a_user_name_with_brackets(project: ProjectFolder, open_ledger: OpenLedger) -> None:
    project.git("config", "user.name", "Ada <Lovelace>")
    project.git("config", "user.email", "ada@example.org")
    open_ledger(project).append([entry("a")])
    assert project.git("log", "-1", "--format=%an|%ae", REF) == "Ada Lovelace|ada@example.org"


def test_inside_a_hook_of_another_repository(
    project: ProjectFolder, open_ledger: OpenLedger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = ProjectFolder(tmp_path / "other")
    other.write({"x": "x"}).commit()
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.root))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.root / ".git" / "index"))
    ledger = open_ledger(project)
    ledger.append([entry("a")])
    assert ledger.find(key("a")) == (entry("a"),)
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name)
    assert project.git("rev-parse", REF)
    assert other.git("for-each-ref", "--format=%(refname)") == "refs/heads/main"


def test_worktrees_share_one_ledger(project: ProjectFolder, open_ledger: OpenLedger, tmp_path: Path) -> None:
    project.git("worktree", "add", "--quiet", str(tmp_path / "other"))
    open_ledger(tmp_path / "other").append([entry("a")])
    assert open_ledger(project).find(key("a")) == (entry("a"),)


def test_a_reader_sees_what_others_write_and_pack(project: ProjectFolder, open_ledger: OpenLedger) -> None:
    reader, writer = open_ledger(project), open_ledger(project)
    for minute in range(4):
        writer.append([entry("a", minute)])
        assert len(reader.find(key("a"))) == minute + 1
    # Once: packed refs of the same second and size are the same to a Git that is running.
    project.git("gc", "--quiet", "--prune=now")
    assert len(reader.find(key("a"))) == 4
    writer.append([entry("a", 4)])
    assert len(reader.find(key("a"))) == 5


@pytest.mark.parametrize("part", ["runs", "scores", "cases"])
@pytest.mark.parametrize("how", ["lost", "garbage", "edited"])
def test_a_damaged_file_is_named_with_the_way_out(
    part: str, how: str, project: ProjectFolder, open_ledger: OpenLedger
) -> None:
    ledger = open_ledger(project)
    ledger.append([entry("a")])
    (path,) = ledger_paths(project, part)
    ledger.append([entry("b", scores=(1, 1, 1, 1))])
    stored = object_at(project, f"{REF}:{path}")
    content = zlib.decompress(stored.read_bytes())
    stored.chmod(0o644)
    if how == "lost":
        stored.unlink()
    else:
        stored.write_bytes(b"garbage" if how == "garbage" else zlib.compress(content.replace(b"a", b"e")))
    with pytest.raises(LedgerError, match="missing or damaged") as caught:
        open_ledger(project).find(key("a"))
    assert "`git fsck`" in (caught.value.hint or "")
    assert len(open_ledger(project).find(key("b"))) == 1


def test_a_run_of_a_later_version_asks_for_an_update(project: ProjectFolder, open_ledger: OpenLedger) -> None:
    repository = Repository.around(project.root)
    assert repository is not None
    content = b'{"format":2,"new":true}\n'
    path = f"runs/{key('a')[:2]}/{key('a')}/{digest_of(content)}.json"
    write(repository, Change(message="later", contents={path: content}), ref=REF, old=None)
    with pytest.raises(LedgerError, match="later version") as caught:
        open_ledger(project).find(key("a"))
    assert caught.value.exit_code == ExitCode.NO_VERDICT
    assert "pip install --upgrade" in (caught.value.hint or "")


def test_a_ref_that_holds_something_else_is_left_alone(
    project: ProjectFolder, open_ledger: OpenLedger
) -> None:
    ledger = open_ledger(project, ref="refs/heads/main")
    before = project.git("rev-parse", "main")
    with pytest.raises(VcsError, match="something else") as caught:
        ledger.append([entry("a")])
    assert "[ledger]" in (caught.value.hint or "")
    assert project.git("rev-parse", "main") == before


@pytest.mark.parametrize(
    "ref",
    ["runs", "HEAD", "refs/x", "refs/promptops/../runs", "refs/a b/c", "refs/promptops/runs.lock", "--refs/a/b",
     "refs/promptops/runs.", "refs/promptops-remote/origin/runs", "refs/a/b\nrefs/c/d"],
)  # fmt: skip
def test_a_setting_that_is_no_ref(ref: str, project: ProjectFolder, open_ledger: OpenLedger) -> None:
    with pytest.raises(VcsError, match="no name for the ledger's ref") as caught:
        open_ledger(project, ref=ref)
    assert caught.value.exit_code == ExitCode.MEND_FIRST


def test_a_ref_in_the_way(project: ProjectFolder, open_ledger: OpenLedger) -> None:
    project.git("update-ref", "refs/promptops/runs/deeper", "HEAD")
    with pytest.raises(LedgerError, match="cannot be written") as caught:
        open_ledger(project).append([entry("a")])
    assert "[ledger]" in (caught.value.hint or "")
    assert project.git("for-each-ref", "--format=%(refname)", "refs/promptops-scratch") == ""


def test_a_lock_that_stays_is_named(project: ProjectFolder, open_ledger: OpenLedger) -> None:
    lock = project.root / ".git" / "refs" / "promptops" / "runs.lock"
    lock.parent.mkdir(parents=True)
    lock.write_text("", encoding="utf-8")
    with pytest.raises(LedgerError) as caught:
        open_ledger(project, patience_s=0.2).append([entry("a")])
    assert "runs.lock" in (caught.value.hint or "")
    lock.unlink()
    assert open_ledger(project).append([entry("a")]) == 1


def test_other_refs_work(project: ProjectFolder, open_ledger: OpenLedger) -> None:
    for ref in ("refs/notes/promptops", "refs/heads/promptops-data"):
        ledger = open_ledger(project, ref=ref)
        ledger.append([entry("a")])
        assert ledger.find(key("a")) == (entry("a"),)
        assert ledger.status().ref == ref


def test_prune_keeps_the_newest_of_each_key_on_a_fresh_chain(
    project: ProjectFolder, open_ledger: OpenLedger
) -> None:
    ledger = open_ledger(project)
    for minute in range(4):
        ledger.append([entry("a", minute, scores=(minute, 0, 0)), entry("b", minute)])
    pruned = ledger.prune(2)
    assert (pruned.kept, pruned.dropped, pruned.published) == (4, 4, False)
    assert [found.run.time.minute for found in ledger.find(key("a"))] == [3, 2]
    assert project.git("rev-list", "--count", REF) == "1"
    assert len(ledger_paths(project, "scores/")) == 3
    assert ledger.prune(2).dropped == 0
    with pytest.raises(ValueError, match="at least one"):
        ledger.prune(0)


def test_prune_of_an_empty_ledger(project: ProjectFolder, open_ledger: OpenLedger) -> None:
    pruned = open_ledger(project).prune()
    assert (pruned.kept, pruned.dropped) == (0, 0)


def test_status_of_an_empty_ledger(project: ProjectFolder, open_ledger: OpenLedger) -> None:
    status = open_ledger(project).status()
    assert (status.tip, status.runs, status.keys, status.unpushed, status.unpulled) == (None, 0, 0, 0, 0)


def test_readers_leave_no_process_behind(project: ProjectFolder, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(project)
    ledger.append([entry("a")])
    ledger.find(key("a"))
    process = ledger._shelf.objects._process
    assert process is not None
    os.kill(process.pid, 0)
    ledger.close()
    assert process.returncode is not None


def test_many_runs_of_many_cases_stay_small(project: ProjectFolder, open_ledger: OpenLedger) -> None:
    rng = random.Random(1)
    scores: list[float | None] = [float(rng.random() < 0.8) for _ in range(1000)]
    entries = []
    for minute in range(100):
        for case in rng.sample(range(1000), 100):
            scores[case] = float(rng.random() < 0.8)
        entries.append(entry("a", minute, scores=tuple(scores)))
    open_ledger(project).append(entries)
    project.git("gc", "--quiet", "--prune=now")
    sizes = dict(line.split(": ") for line in project.git("count-objects", "-v").splitlines())
    assert int(sizes["size-pack"]) < 400, "KiB"
    records = ledger_paths(project, "runs/")
    assert len(records) == 100
    assert int(project.git("cat-file", "-s", f"{REF}:{records[0]}")) < 2048
