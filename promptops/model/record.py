from __future__ import annotations

from typing import Any, ClassVar, TypeAlias

JsonValue: TypeAlias = Any
"""None, bool, int, float, str, list or dict of the same; recursion costs the codec more than it tells."""


class Record:
    """Base of every data class: how strictly the codec reads it from a file.

    A plain dict on purpose, so that data classes need no third-party import.
    """

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}
