from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from promptops.errors import ExitCode, LedgerError, VcsError
from tests.support.ledger import Hub, OpenLedger, entry, key
from tests.support.project import ProjectFolder

REF = "refs/promptops/runs"


def tree(project: ProjectFolder, ref: str = REF) -> str:
    return project.git("rev-parse", f"{ref}^{{tree}}")


def minutes(open_ledger: OpenLedger, project: ProjectFolder, name: str = "a") -> list[int]:
    return [found.run.time.minute for found in open_ledger(project).find(key(name))]


def test_a_fresh_clone_finds_what_another_pushed(hub: Hub, open_ledger: OpenLedger) -> None:
    writer, reader = hub.clone("writer"), hub.clone("reader")
    ledger = open_ledger(writer)
    ledger.append([entry("a", 0), entry("a", 1)])
    sent = ledger.push()
    assert (sent.sent, sent.received) == (2, 0)
    assert minutes(open_ledger, reader) == []
    assert open_ledger(reader).pull().received == 2
    assert open_ledger(reader).find(key("a")) == (entry("a", 1), entry("a", 0))


def test_pull_and_push_where_nothing_is(hub: Hub, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(hub.clone("one"))
    assert ledger.pull().received == 0
    assert ledger.push().sent == 0
    assert hub.git("for-each-ref", "--format=%(refname)") == "refs/heads/main"


def test_pushing_twice_sends_nothing_new(hub: Hub, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(hub.clone("one"))
    ledger.append([entry("a")])
    assert ledger.push().sent == 1
    tip = hub.git("rev-parse", REF)
    assert ledger.push().sent == 0
    assert hub.git("rev-parse", REF) == tip


def test_unpushed_runs_of_two_clones_are_united(hub: Hub, open_ledger: OpenLedger) -> None:
    one, two = hub.clone("one"), hub.clone("two")
    open_ledger(one).append([entry("a", 0), entry("b", 0)])
    open_ledger(two).append([entry("a", 1), entry("c", 0)])
    open_ledger(one).push()
    exchange = open_ledger(two).push()
    assert (exchange.sent, exchange.received) == (2, 2)
    assert minutes(open_ledger, two) == [1, 0]
    open_ledger(one).pull()
    assert one.git("rev-parse", REF) == two.git("rev-parse", REF) == hub.git("rev-parse", REF)


def test_the_union_is_the_same_whoever_makes_it(hub: Hub, open_ledger: OpenLedger) -> None:
    one, two = hub.clone("one"), hub.clone("two")
    open_ledger(one).append([entry("a", 0), entry("b", 0)])
    open_ledger(two).append([entry("a", 1), entry("b", 0), entry("c", 0)])
    for ours, theirs in ((one, two), (two, one)):
        url = f"file://{theirs.root}"
        ours.git("remote", "set-url", "origin", url)
    before = two.git("rev-parse", REF)
    open_ledger(one).pull()
    united = tree(one)
    one.git("update-ref", "refs/saved", REF)
    one.git("update-ref", REF, f"{REF}^2")
    open_ledger(two).pull()
    assert tree(two) == united
    assert before != two.git("rev-parse", REF)
    assert one.git("rev-list", "--count", "--merges", "refs/saved") == "1"


def test_pull_keeps_what_was_not_pushed(hub: Hub, open_ledger: OpenLedger) -> None:
    one, two = hub.clone("one"), hub.clone("two")
    open_ledger(one).append([entry("a", 0)])
    open_ledger(one).push()
    ledger = open_ledger(two)
    ledger.append([entry("a", 1)])
    assert ledger.pull().received == 1
    status = ledger.status()
    assert (status.runs, status.keys, status.unpushed, status.unpulled) == (2, 1, 1, 0)
    two.git("update-ref", "-d", REF)
    assert ledger.status().unpulled == 1


def test_a_plain_fetch_and_push_leave_the_ledger_alone(hub: Hub, open_ledger: OpenLedger) -> None:
    one = hub.clone("one")
    open_ledger(one).append([entry("a")])
    one.git("push", "--quiet", "--all")
    assert hub.git("for-each-ref", "--format=%(refname)") == "refs/heads/main"
    before = one.git("for-each-ref"), (one.root / ".git" / "config").read_bytes()
    open_ledger(one).pull()
    assert (one.git("for-each-ref"), (one.root / ".git" / "config").read_bytes()) == before
    assert not (one.root / ".git" / "FETCH_HEAD").exists()


def test_a_shallow_clone_reads_and_writes(hub: Hub, open_ledger: OpenLedger) -> None:
    full = hub.clone("full")
    full.write({"more": "1"}).commit()
    full.git("push", "--quiet")
    for minute in range(3):
        open_ledger(full).append([entry("a", minute)])
        open_ledger(full).push()
    shallow = hub.clone("shallow", "--depth", "1")
    ledger = open_ledger(shallow)
    ledger.pull()
    ledger.append([entry("a", 3)])
    assert ledger.push().sent == 1
    assert minutes(open_ledger, shallow) == [3, 2, 1, 0]
    assert hub.git("rev-list", "--count", REF) == "4"
    assert shallow.git("rev-list", "--count", "HEAD") == "1"


def test_pruning_is_published_and_the_pruned_do_not_come_back(hub: Hub, open_ledger: OpenLedger) -> None:
    one, two = hub.clone("one"), hub.clone("two")
    for minute in range(4):
        open_ledger(one).append([entry("a", minute)])
    open_ledger(one).push()
    open_ledger(two).pull()
    open_ledger(two).append([entry("a", 9)])
    pruned = open_ledger(one).prune(1)
    assert (pruned.kept, pruned.dropped, pruned.published) == (1, 3, True)
    assert hub.git("rev-list", "--count", REF) == "1"
    open_ledger(two).push()
    assert minutes(open_ledger, two) == [9, 3]
    open_ledger(one).pull()
    assert minutes(open_ledger, one) == [9, 3]
    assert hub.git("rev-list", "--count", REF) == "2"


def test_a_clone_with_nothing_of_its_own_takes_the_fresh_chain_over(
    hub: Hub, open_ledger: OpenLedger
) -> None:
    one, two = hub.clone("one"), hub.clone("two")
    for minute in range(3):
        open_ledger(one).append([entry("a", minute)])
    open_ledger(one).push()
    open_ledger(two).pull()
    open_ledger(one).prune(1)
    assert open_ledger(two).pull().received == 0
    assert two.git("rev-parse", REF) == hub.git("rev-parse", REF)
    assert minutes(open_ledger, two) == [2]


def test_pruning_takes_in_what_others_pushed(hub: Hub, open_ledger: OpenLedger) -> None:
    one, two = hub.clone("one"), hub.clone("two")
    open_ledger(one).append([entry("a", 0), entry("a", 1)])
    open_ledger(two).append([entry("b", 0)])
    open_ledger(two).push()
    assert open_ledger(one).prune(1).kept == 2
    assert hub.git("ls-tree", "-r", "--name-only", REF, "runs/").count("\n") == 1


def refusing(hub: Hub, how: str) -> None:
    if how == "hidden":
        hub.git("config", "receive.hideRefs", "refs/promptops")
        return
    hook = hub.remote / "hooks" / "pre-receive"
    hook.write_text(
        "#!/bin/sh\nread old new ref\ncase $ref in refs/promptops/*) exit 1;; esac\n", encoding="utf-8"
    )
    hook.chmod(0o755)


@pytest.mark.parametrize("how", ["hidden", "hook"])
def test_a_remote_that_refuses_the_ref(how: str, hub: Hub, open_ledger: OpenLedger) -> None:
    refusing(hub, how)
    one = hub.clone("one")
    ledger = open_ledger(one)
    ledger.append([entry("a")])
    with pytest.raises(LedgerError, match="refuses the ledger's ref") as caught:
        ledger.push()
    assert caught.value.exit_code == ExitCode.NO_VERDICT
    assert "`ref` under `[ledger]`" in (caught.value.hint or "")
    named = re.findall("`(refs/[^`]+)`", caught.value.hint or "")
    for ref in named:
        other = open_ledger(one, ref=ref)
        other.append([entry("a")])
        assert other.push().sent == 1
    assert len(named) == 2


def test_a_prune_that_cannot_be_published_is_undone(hub: Hub, open_ledger: OpenLedger) -> None:
    one = hub.clone("one")
    ledger = open_ledger(one)
    ledger.append([entry("a", 0), entry("a", 1)])
    ledger.push()
    refusing(hub, "hook")
    before = one.git("rev-parse", REF)
    with pytest.raises(LedgerError, match="refuses"):
        ledger.prune(1)
    assert one.git("rev-parse", REF) == before == hub.git("rev-parse", REF)


def test_the_users_push_hook_does_not_run(hub: Hub, open_ledger: OpenLedger) -> None:
    one = hub.clone("one")
    hook = one.root / ".git" / "hooks" / "pre-push"
    hook.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    ledger = open_ledger(one)
    ledger.append([entry("a")])
    assert ledger.push().sent == 1


def test_without_a_remote(project: ProjectFolder, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(project)
    ledger.append([entry("a")])
    for verb in (ledger.pull, ledger.push):
        with pytest.raises(VcsError, match="no remote `origin`") as caught:
            verb()
        assert "`git remote add origin URL`" in (caught.value.hint or "")
    assert ledger.status().unpushed == 1


def test_a_remote_that_is_gone(hub: Hub, open_ledger: OpenLedger) -> None:
    one = hub.clone("one")
    hub.remote.rename(hub.folder / "moved.git")
    ledger = open_ledger(one)
    ledger.append([entry("a")])
    with pytest.raises(LedgerError, match="cannot be used") as caught:
        ledger.push()
    assert "`git ls-remote origin`" in (caught.value.hint or "")


def test_a_ref_of_the_remote_that_holds_something_else(hub: Hub, open_ledger: OpenLedger) -> None:
    one = hub.clone("one")
    hub.git("update-ref", REF, "main")
    ledger = open_ledger(one)
    ledger.append([entry("a")])
    mine = one.git("rev-parse", REF)
    with pytest.raises(VcsError, match="something else"):
        ledger.push()
    assert hub.git("rev-parse", REF) == hub.git("rev-parse", "main")
    assert one.git("rev-parse", REF) == mine


def test_a_ledger_deleted_at_the_remote_can_be_pushed_again(hub: Hub, open_ledger: OpenLedger) -> None:
    one = hub.clone("one")
    ledger = open_ledger(one)
    ledger.append([entry("a")])
    ledger.push()
    hub.git("update-ref", "-d", REF)
    assert ledger.push().sent == 1
    assert hub.git("rev-parse", REF) == one.git("rev-parse", REF)


def test_a_damaged_ledger_is_mended_by_what_the_error_says(hub: Hub, open_ledger: OpenLedger) -> None:
    one = hub.clone("one")
    ledger = open_ledger(one)
    ledger.append([entry("a")])
    ledger.push()
    path = one.git("ls-tree", "-r", "--name-only", REF, "scores/")
    oid = one.git("rev-parse", f"{REF}:{path}")
    stored = one.root / ".git" / "objects" / oid[:2] / oid[2:]
    stored.chmod(0o644)
    stored.write_bytes(b"garbage")
    with pytest.raises(LedgerError, match="damaged") as caught:
        open_ledger(one).find(key("a"))
    match = re.search("`(git update-ref [^`]+) && promptops ledger pull`", caught.value.hint or "")
    assert match is not None
    stored.unlink()
    subprocess.run(match[1], shell=True, check=True, cwd=one.root)
    mended = open_ledger(one)
    assert mended.pull().received == 1
    assert mended.find(key("a")) == (entry("a"),)


def test_a_writer_that_keeps_losing_gives_up(hub: Hub, open_ledger: OpenLedger) -> None:
    one = hub.clone("one")
    lock = hub.remote / "refs" / "promptops" / "runs.lock"
    lock.parent.mkdir(parents=True)
    lock.write_text("", encoding="utf-8")
    ledger = open_ledger(one, patience_s=0.3)
    ledger.append([entry("a")])
    with pytest.raises(LedgerError, match="others kept writing"):
        ledger.push()
    lock.unlink()
    assert ledger.push().sent == 1


def test_a_branch_as_the_ledgers_place(hub: Hub, open_ledger: OpenLedger, tmp_path: Path) -> None:
    one = hub.clone("one")
    ledger = open_ledger(one, ref="refs/heads/promptops-data")
    ledger.append([entry("a")])
    ledger.push()
    two = hub.clone("two")
    other = open_ledger(two, ref="refs/heads/promptops-data")
    assert other.pull().received == 1
    assert other.find(key("a")) == (entry("a"),)
    assert two.git("branch", "--show-current") == "main"


def test_a_clone_without_blobs_fetches_the_scores_at_once(hub: Hub, open_ledger: OpenLedger) -> None:
    hub.git("config", "uploadpack.allowFilter", "true")
    one = hub.clone("one")
    open_ledger(one).append([entry("a")])
    open_ledger(one).push()
    two = hub.clone("two", "--filter=blob:none", "--no-checkout")
    open_ledger(two).pull()
    hub.remote.rename(hub.folder / "moved.git")
    assert open_ledger(two).find(key("a")) == (entry("a"),)


def test_settings_that_a_job_hands_to_git_hold(
    hub: Hub, open_ledger: OpenLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = hub.clone("one")
    one.git("remote", "set-url", "origin", "https://example.invalid/remote.git")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.file://{hub.remote}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://example.invalid/remote.git")
    ledger = open_ledger(one)
    ledger.append([entry("a")])
    assert ledger.push().sent == 1
