from __future__ import annotations

import hashlib
import json

from promptops.model.record import JsonValue


def canonical_json(value: JsonValue) -> bytes:
    """The one spelling of a JSON value: sorted keys, no blanks, UTF-8.

    Raises:
        ValueError: the value holds NaN or an infinity, which JSON does not have.
    """
    return _ENCODER.encode(value).encode("utf-8", "surrogatepass")


def content_digest(value: JsonValue) -> str:
    """SHA-256 of the canonical JSON, as 64 hex digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def _plain(value: object) -> JsonValue:
    if hasattr(value, "items"):
        return dict(value.items())
    raise TypeError(f"{type(value).__name__} is not a JSON value")


_ENCODER = json.JSONEncoder(
    sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_plain
)
