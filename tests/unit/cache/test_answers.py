from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from promptops.cache.answers import FILE, MOST_UNWRITTEN, USES_WRITTEN_TOGETHER, AnswerCache, today
from promptops.errors import ExitCode, ProjectError
from promptops.model.record import JsonValue
from tests.support.cli import Cli
from tests.support.process import wait_until
from tests.support.project import REPOSITORY, ProjectFolder

WRITER = """
import sys, time
from pathlib import Path
from promptops.cache.answers import AnswerCache
from tests.unit.cache.test_answers import answer, key
folder, first, count, then = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
cache = AnswerCache(folder)
for number in range(first, first + count):
    cache.put(key(number), answer(number))
    if then == "read back":
        assert cache.get(key(number)) == answer(number)
print("put", flush=True)
if then == "hang":
    time.sleep(1000)
cache.close()
"""

BEGINNER = """
import sys, time
from pathlib import Path
from promptops.cache.answers import AnswerCache
from tests.unit.cache.test_answers import answer, key
folder, number, rounds, begin_at_s = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
for round in range(rounds):
    time.sleep(max(0, begin_at_s + round * 0.02 - time.time()))
    with AnswerCache(folder / str(round)) as cache:
        cache.put(key(number), answer(number))
"""


def key(number: int) -> str:
    return sha256(str(number).encode()).hexdigest()


def answer(number: int) -> JsonValue:
    """Short ones and long ones, which are kept in different ways."""
    return {
        "output": f"ä{number}" * (1 + 200 * (number % 3)),
        "latency_ms": number + 0.5,
        "data": {"a": [None]},
    }


def writer(folder: Path, first: int, count: int, then: str = "close") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(folder), str(first), str(count), then]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)


def fill(folder: Path, numbers: Iterable[int]) -> None:
    with AnswerCache(folder) as cache:
        for number in numbers:
            cache.put(key(number), answer(number))


def kept(folder: Path, numbers: Iterable[int]) -> list[int]:
    with AnswerCache(folder) as cache:
        return [number for number in numbers if cache.get(key(number)) == answer(number)]


def used_on(folder: Path) -> dict[bytes, int]:
    with closing(sqlite3.connect(folder / FILE)) as connection:
        return dict(connection.execute("select key, used_on from answers"))


def last_used(folder: Path, number: int, days_ago: int) -> None:
    with closing(sqlite3.connect(folder / FILE)) as connection, connection:
        connection.execute(
            "update answers set used_on = ? where key = ?", (today() - days_ago, bytes.fromhex(key(number)))
        )


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """A cache of a hundred answers."""
    fill(tmp_path, range(100))
    return tmp_path


def test_nothing_is_known_and_nothing_is_made_before_the_first_answer(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with AnswerCache(folder) as cache:
        assert cache.get(key(1)) is None
        assert cache.stats().answers == 0
        assert cache.prune(max_bytes=0, max_age_days=0).removed == 0
    assert not folder.exists()


def test_an_answer_is_seen_before_it_is_written_and_after_reopening(tmp_path: Path) -> None:
    with AnswerCache(tmp_path) as cache:
        cache.put(key(1), answer(1))
        assert cache.get(key(1)) == answer(1)
        cache.put(key(1), answer(2))
        assert cache.get(key(1)) == answer(2)
    with AnswerCache(tmp_path) as cache:
        assert cache.get(key(1)) == answer(2)
        assert cache.get(key(2)) is None
        cache.put(key(1), answer(3))
    with AnswerCache(tmp_path) as cache:
        assert cache.get(key(1)) == answer(3)


def test_many_answers_are_written_before_the_cache_is_closed(tmp_path: Path) -> None:
    with AnswerCache(tmp_path) as cache:
        for number in range(MOST_UNWRITTEN):
            cache.put(key(number), answer(number))
        assert kept(tmp_path, range(MOST_UNWRITTEN)) == list(range(MOST_UNWRITTEN))


@pytest.mark.slow
def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    writers, each = 6, 300
    running = [writer(tmp_path, n * each, each, "read back") for n in range(writers)]
    assert [process.communicate()[0] for process in running] == ["put\n"] * writers
    assert [process.returncode for process in running] == [0] * writers
    assert kept(tmp_path, range(writers * each)) == list(range(writers * each))


@pytest.mark.slow
def test_processes_that_make_the_file_at_once_lose_nothing(tmp_path: Path) -> None:
    processes, rounds = 6, 40
    begin_at_s = time.time() + 1.0
    running = [
        subprocess.Popen(
            [sys.executable, "-c", BEGINNER, *map(str, (tmp_path, number, rounds, begin_at_s))],
            cwd=REPOSITORY,
        )
        for number in range(processes)
    ]
    assert [process.wait() for process in running] == [0] * processes
    for number in range(rounds):
        assert kept(tmp_path / str(number), range(processes)) == list(range(processes))


def test_processes_that_keep_the_same_answer_do_not_disturb_each_other(tmp_path: Path) -> None:
    running = [writer(tmp_path, 0, 50) for _ in range(3)]
    for process in running:
        process.communicate()
        assert process.returncode == 0
    with AnswerCache(tmp_path) as cache:
        assert cache.stats().answers == 50


def test_a_killed_writer_leaves_whole_batches_that_can_be_read(tmp_path: Path) -> None:
    with writer(tmp_path, 0, 3 * MOST_UNWRITTEN + 1, "hang") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "put\n"
        process.kill()
    assert len(kept(tmp_path, range(3 * MOST_UNWRITTEN))) == 3 * MOST_UNWRITTEN
    fill(tmp_path, [9999])
    assert kept(tmp_path, [9999]) == [9999]


@pytest.mark.parametrize(
    "content", [b"not a database at all, but long enough " * 9, b"SQLite format 3\0" + b"x" * 9000]
)
def test_a_file_that_is_no_cache_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(ProjectError, match=FILE) as told, AnswerCache(tmp_path) as cache:
        cache.get(key(1))
    assert told.value.exit_code is ExitCode.MEND_FIRST


@pytest.mark.parametrize("damage", [b"{half of an ans", b"\x78\x01half of a stream", b"\xff\xfe"])
def test_a_damaged_answer_is_told(full: Path, damage: bytes) -> None:
    with closing(sqlite3.connect(full / FILE)) as connection, connection:
        connection.execute("update answers set answer = ?", (damage,))
    with pytest.raises(ProjectError, match="damaged") as told, AnswerCache(full) as cache:
        cache.get(key(1))
    assert told.value.hint is not None


def test_pages_that_were_overwritten_are_told(full: Path) -> None:
    path = full / FILE
    content = bytearray(path.read_bytes())
    content[len(content) // 3 :] = b"\xa5" * len(content[len(content) // 3 :])
    path.write_bytes(content)
    with pytest.raises(ProjectError, match=FILE):
        kept(full, range(100))


def test_a_file_of_another_version_is_told(full: Path) -> None:
    with closing(sqlite3.connect(full / FILE)) as connection:
        connection.execute("pragma user_version = 99")
    with pytest.raises(ProjectError, match="another version") as told, AnswerCache(full) as cache:
        cache.get(key(1))
    assert "delete it" in (told.value.hint or "")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = AnswerCache(tmp_path / "file" / "state")
    cache.put(key(1), answer(1))
    with pytest.raises(ProjectError, match="cannot write to"):
        cache.close()


def test_a_folder_that_cannot_be_written_is_told(full: Path) -> None:
    # A folder in place of SQLite's log refuses also the superuser.
    (full / f"{FILE}-wal").mkdir()
    with pytest.raises(ProjectError, match="cannot use the answers"), AnswerCache(full) as cache:
        cache.get(key(1))


def test_stats(full: Path) -> None:
    last_used(full, 7, days_ago=30)
    with AnswerCache(full) as cache:
        stats = cache.stats()
    assert (stats.answers, stats.oldest_use, stats.newest_use) == (100, today() - 30, today())
    assert stats.bytes >= (full / FILE).stat().st_size


def test_use_is_noted_once_a_day_when_the_cache_is_closed(full: Path) -> None:
    for number in (1, 2, 3):
        last_used(full, number, days_ago=10)
    with AnswerCache(full) as cache:
        cache.get(key(1))
        cache.get(key(3))
    days = used_on(full)
    assert [days[bytes.fromhex(key(n))] for n in (1, 2, 3)] == [today(), today() - 10, today()]


def test_many_uses_are_noted_together(tmp_path: Path) -> None:
    count = USES_WRITTEN_TOGETHER
    with AnswerCache(tmp_path) as cache:
        for number in range(count):
            cache.put(key(number), number)
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute("update answers set used_on = used_on - 1")
    with AnswerCache(tmp_path) as cache:
        for number in range(count):
            cache.get(key(number))
        assert set(used_on(tmp_path).values()) == {today()}


def test_prune_by_age_forgets_what_was_not_used_for_longer(full: Path) -> None:
    for number in range(100):
        last_used(full, number, days_ago=number)
    with AnswerCache(full) as cache:
        pruned = cache.prune(max_bytes=10**9, max_age_days=60)
    assert pruned.removed == sum(number > 60 for number in range(100))
    assert pruned.left.answers == 100 - pruned.removed
    assert kept(full, range(100)) == list(range(61))


def test_prune_by_size_forgets_what_was_used_longest_ago(tmp_path: Path) -> None:
    fill(tmp_path, range(1000))
    for number in range(1000):
        last_used(tmp_path, number, days_ago=number)
    with AnswerCache(tmp_path) as cache:
        before = cache.stats()
        bound = before.bytes // 2
        pruned = cache.prune(max_bytes=bound, max_age_days=10_000)
        assert pruned.left.bytes <= bound
        assert not cache.is_larger_than(bound)
    left = kept(tmp_path, range(1000))
    assert left == list(range(pruned.left.answers))
    # Not much more than what had to go is gone.
    assert pruned.left.answers > 1000 // 4


def test_room_that_age_makes_is_not_made_again_by_size(tmp_path: Path) -> None:
    fill(tmp_path, range(1000))
    for number in range(700, 1000):
        last_used(tmp_path, number, days_ago=100)
    with AnswerCache(tmp_path) as cache:
        pruned = cache.prune(max_bytes=int(cache.stats().bytes * 0.9), max_age_days=50)
    assert pruned.removed == 300
    assert kept(tmp_path, range(1000)) == list(range(700))


def test_prune_to_nothing(full: Path) -> None:
    with AnswerCache(full) as cache:
        assert cache.prune(max_bytes=0, max_age_days=10_000).left.answers == 0
        cache.put(key(1), answer(1))
    assert kept(full, range(100)) == [1]


def test_one_process_prunes_while_another_writes(full: Path) -> None:
    with writer(full, 1000, 2000, "read back") as process:
        wait_until(lambda: len(used_on(full)) > 100)
        while process.poll() is None:
            with AnswerCache(full) as cache:
                cache.prune(max_bytes=60_000, max_age_days=10_000)
    assert process.returncode == 0


def test_the_verbs_of_an_empty_project(folder: ProjectFolder, cli: Cli) -> None:
    assert cli("cache", "stats", at=folder.root).out == "0 answers, 0 bytes\n"
    stats = cli("cache", "stats", "--format", "json", at=folder.root)
    nothing = {"answers": 0, "bytes": 0, "oldest_use": None, "newest_use": None}
    assert (stats.code, stats.json) == (0, {"format": 1, "verb": "cache stats", "exit_code": 0, **nothing})
    pruned = cli("cache", "prune", "--format", "json", at=folder.root)
    assert (pruned.code, pruned.json["removed"], pruned.json["left"]) == (0, 0, nothing)
    assert cli("cache", "prune", at=folder.root).out.startswith("0 answers forgotten, 0 left")
    assert not (folder.root / ".promptops").exists()


def test_the_verbs(folder: ProjectFolder, cli: Cli) -> None:
    state = folder.root / ".promptops"
    fill(state, range(100))
    last_used(state, 7, days_ago=30)
    stats = cli("cache", "stats", "--format", "json", at=folder.root).json
    assert (stats["answers"], stats["newest_use"] - stats["oldest_use"]) == (100, 30)
    assert cli("cache", "stats", at=folder.root).out.startswith("100 answers, ")
    pruned = cli("cache", "prune", "--max-age-days", "29.5", "--format", "json", at=folder.root).json
    assert (pruned["removed"], pruned["left"]["answers"]) == (1, 99)
    folder.write({"promptops.toml": "[cache]\nmax_megabytes = 0.001\n"})
    assert cli("cache", "prune", at=folder.root).out.startswith("99 answers forgotten, 0 left")


def test_the_verbs_tell_of_damage(folder: ProjectFolder, cli: Cli) -> None:
    folder.write({f".promptops/{FILE}": "nonsense, " * 100})
    for verb in ("stats", "prune"):
        result = cli("cache", verb, at=folder.root)
        assert result.code == 3
        assert "delete it; it is only a cache" in result.err


def test_what_is_kept_is_plain_json_or_a_compressed_form_of_it(full: Path) -> None:
    with closing(sqlite3.connect(full / FILE)) as connection:
        sizes = dict(connection.execute("select key, length(answer) from answers"))
    longest = max(range(100), key=lambda number: len(json.dumps(answer(number))))
    assert sizes[bytes.fromhex(key(longest))] < len(json.dumps(answer(longest))) / 2
