"""What a case asks, as one text that can be compared with others."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from promptops.engine.near_texts import normalised
from promptops.model.record import JsonValue

NOT_ASKED = frozenset({"id", "expected", "relevant", "meta", "metadata"})
"""Fields that say about a case what it does not ask."""


def asked_text(fields: Mapping[str, JsonValue], without: Collection[str] = ()) -> str:
    """The longest text among the fields, inner ones too, normalised; empty where there is none.

    The longest one is the message, the question or the document; the rest are labels and the like.
    """
    kept = {key: value for key, value in fields.items() if key not in NOT_ASKED and key not in without}
    return max(map(normalised, texts_of(kept)), key=len, default="")


def all_texts(fields: Mapping[str, JsonValue], without: Collection[str] = ()) -> str:
    """All texts among the fields, normalised, in the order of their names."""
    kept = {key: fields[key] for key in sorted(fields) if key not in NOT_ASKED and key not in without}
    return "\n".join(map(normalised, texts_of(kept)))


def texts_of(value: JsonValue) -> Iterator[str]:
    """Every text in a value that is not blank."""
    if isinstance(value, str):
        if value.strip():
            yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from texts_of(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from texts_of(each)
