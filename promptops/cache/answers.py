"""Answers by what was asked, in one SQLite file: crash-safe, and safe for several processes at once."""

from __future__ import annotations

import json
import sqlite3
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from promptops.errors import ProjectError
from promptops.files.state_folder import make_state_folder
from promptops.model.record import JsonValue, Record

FILE = "answers.sqlite"
FORMAT = 1
COMPRESSED_FROM_BYTES = 256
LOCK_TIMEOUT_S = 60.0
USES_WRITTEN_TOGETHER = 10_000
MOST_UNWRITTEN = 256
WRITTEN_EVERY_S = 0.25
DAY_S = 86_400

FORGET_UNUSED = "delete from answers where key in (select key from answers order by used_on, key limit ?)"
TABLE = """
create table if not exists answers (
    key blob primary key,
    used_on integer not null,
    answer blob not null
) without rowid
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheStats(Record):
    """How much is kept: `bytes` on disk, and the days (since 1970-01-01, UTC) of the oldest and newest use."""

    answers: int
    bytes: int
    oldest_use: int | None
    newest_use: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneResult(Record):
    """What was thrown away, and what is left."""

    removed: int
    left: CacheStats


class AnswerCache:
    """The cache of a project. The file is made when the first answer is kept; one thread uses an instance.

    Answers are committed together, a few times a second: a commit each would hold up the calls. What a
    killed process had not committed stands in the journal of its run, but for what scorers asked, which the next
    run asks again.

    All methods raise ProjectError when the file cannot be read or written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._connection: sqlite3.Connection | None = None
        self._used: set[bytes] = set()
        self._unwritten: dict[bytes, bytes] = {}
        self._written_at_s = time.monotonic()
        self._today = today()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, key: str) -> JsonValue | None:
        """The answer under a key of hex digits, or None."""
        raw = bytes.fromhex(key)
        if raw in self._unwritten:
            return _unpacked(self._unwritten[raw])
        if self._is_absent():
            return None
        with self._told():
            row = self._open().execute("select answer, used_on from answers where key = ?", (raw,)).fetchone()
            if row is None:
                return None
            if row[1] != self._today:
                self._note_use(raw)
            return _unpacked(row[0])

    def has(self, key: str) -> bool:
        """Whether there is an answer under a key, without reading it."""
        raw = bytes.fromhex(key)
        if raw in self._unwritten:
            return True
        if self._is_absent():
            return False
        with self._told():
            return self._open().execute("select 1 from answers where key = ?", (raw,)).fetchone() is not None

    def put(self, key: str, answer: JsonValue) -> None:
        """Keeps an answer, in place of an earlier one."""
        self._unwritten[bytes.fromhex(key)] = _packed(answer)
        now_s = time.monotonic()
        if len(self._unwritten) >= MOST_UNWRITTEN or now_s - self._written_at_s >= WRITTEN_EVERY_S:
            self._written_at_s = now_s
            self._write()

    def _write(self) -> None:
        if not self._unwritten:
            return
        rows = [(key, self._today, answer) for key, answer in self._unwritten.items()]
        with self._told():
            connection = self._open()
            connection.execute("begin immediate")
            connection.executemany("insert or replace into answers values (?, ?, ?)", rows)
            connection.execute("commit")
        self._unwritten.clear()

    def stats(self) -> CacheStats:
        """How much is kept."""
        if not self.path.exists():
            return CacheStats(answers=0, bytes=0, oldest_use=None, newest_use=None)
        with self._told():
            count, oldest, newest = (
                self._open().execute("select count(*), min(used_on), max(used_on) from answers").fetchone()
            )
        return CacheStats(answers=count, bytes=self._bytes(), oldest_use=oldest, newest_use=newest)

    def prune(self, *, max_bytes: int, max_age_days: float) -> PruneResult:
        """Throws away what was not used for long, then what was used longest ago, down to the bounds."""
        if not self.path.exists():
            return PruneResult(removed=0, left=self.stats())
        with self._told():
            connection = self._open()
            removed = connection.execute(
                "delete from answers where used_on < ?", (self._today - max_age_days,)
            ).rowcount
            if removed or self._bytes() > max_bytes:
                _compact(connection)
            while self._bytes() > max_bytes and (count := _count(connection)):
                too_many = count - min(count - 1, int(count * max_bytes / self._bytes()))
                removed += connection.execute(FORGET_UNUSED, (too_many,)).rowcount
                _compact(connection)
        return PruneResult(removed=removed, left=self.stats())

    def is_larger_than(self, max_bytes: int) -> bool:
        """Whether pruning is due."""
        return self._bytes() > max_bytes

    def close(self) -> None:
        """Writes what is not written, notes what was used today, and lets go of the file."""
        self._write()
        if self._connection is None:
            return
        with self._told():
            self._write_uses()
            self._connection.close()
            self._connection = None

    def _note_use(self, key: bytes) -> None:
        self._used.add(key)
        if len(self._used) >= USES_WRITTEN_TOGETHER:
            self._write_uses()

    def _write_uses(self) -> None:
        if not self._used or self._connection is None:
            return
        self._connection.execute("begin immediate")
        self._connection.executemany(
            "update answers set used_on = ? where key = ?", [(self._today, key) for key in self._used]
        )
        self._connection.execute("commit")
        self._used.clear()

    def _bytes(self) -> int:
        return sum(_size(self.path.with_name(name)) for name in (FILE, f"{FILE}-wal"))

    def _is_absent(self) -> bool:
        return self._connection is None and not self.path.exists()

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            make_state_folder(self.path.parent)
            connection = sqlite3.connect(self.path, timeout=LOCK_TIMEOUT_S, isolation_level=None)
            try:
                # Answers are longer than a row of a small page; WAL survives a killed process without an fsync each.
                connection.execute("pragma page_size = 16384")
                _use_wal(connection)
                connection.execute("pragma synchronous = normal")
                self._check_format(connection)
                connection.execute(TABLE)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _check_format(self, connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("pragma user_version").fetchone()
        if version == 0:
            connection.execute(f"pragma user_version = {FORMAT}")
        elif version != FORMAT:
            raise ProjectError(
                f"`{self.path}` was written by another version of promptops",
                hint="delete it; it is only a cache",
            )

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise ProjectError(f"cannot use the answers in `{self.path}`: {error}") from None
        except OSError as error:
            raise ProjectError(f"cannot use the answers in `{self.path}`: {error.strerror}") from None
        except (sqlite3.DatabaseError, zlib.error, ValueError) as error:
            raise ProjectError(
                f"the answers in `{self.path}` are damaged: {error}", hint="delete it; it is only a cache"
            ) from None


def _use_wal(connection: sqlite3.Connection) -> None:
    give_up_at_s = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError as error:
            # SQLite does not wait for another process that is doing the same to a new file.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up_at_s:
                raise
            time.sleep(0.01)
        else:
            return


def _count(connection: sqlite3.Connection) -> int:
    (count,) = connection.execute("select count(*) from answers").fetchone()
    return int(count)


def _compact(connection: sqlite3.Connection) -> None:
    """Gives back the room of what was deleted."""
    connection.execute("vacuum")
    connection.execute("pragma wal_checkpoint(truncate)")


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def today() -> int:
    """Whole days since 1970-01-01, UTC."""
    return int(time.time() // DAY_S)


_ENCODER = json.JSONEncoder(separators=(",", ":"))


def _packed(answer: JsonValue) -> bytes:
    text = _ENCODER.encode(answer).encode()
    return zlib.compress(text, 1) if len(text) > COMPRESSED_FROM_BYTES else text


def _unpacked(packed: bytes) -> JsonValue:
    # JSON never begins with the byte that a zlib stream begins with.
    answer: JsonValue = json.loads(zlib.decompress(packed) if packed[:1] == b"\x78" else packed)
    return answer
