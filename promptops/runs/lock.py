"""A lock on an open file that ends with its process, however that ends."""

from __future__ import annotations

import sys
from typing import IO, Any

if sys.platform == "win32":
    import msvcrt

    FAR_AWAY = 1 << 62
    """A byte that nobody writes: Windows locks the bytes themselves."""

    def try_lock(stream: IO[Any]) -> bool:
        """Whether the lock was free and is now held, until the stream is closed."""
        position = stream.tell()
        try:
            stream.seek(FAR_AWAY)
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            stream.seek(position)
        return True

else:
    import fcntl

    def try_lock(stream: IO[Any]) -> bool:
        """Whether the lock was free and is now held, until the stream is closed."""
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
