from __future__ import annotations

import json
import math
import re
from functools import cache

from promptops.model.record import JsonValue

_FENCE = re.compile(r"```(?:json)?[ \t]*\n(.*?)```", re.DOTALL | re.IGNORECASE)


def parse_json(text: str) -> JsonValue:
    """The JSON value that a text is.

    Raises:
        ValueError: it is none.
    """
    try:
        return _decoder().decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def find_json(text: str) -> JsonValue:
    """The JSON value that a text is, holds in a fenced block, or holds as its first object or list.

    Raises:
        ValueError: there is none.
    """
    fenced = _FENCE.search(text)
    for candidate in (text, fenced[1] if fenced else None):
        if candidate is not None:
            try:
                return parse_json(candidate)
            except ValueError:
                continue
    for match in list(re.finditer(r"[{\[]", text))[:20]:
        try:
            return _decoder().raw_decode(text, match.start())[0]
        except (ValueError, RecursionError):
            continue
    raise ValueError("no JSON in the text")


def finite(digits: str) -> float:
    """A number of JSON text; raises ValueError for one that is beyond every float."""
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"`{digits}` is too large a number")
    return number


def _refuse(name: str) -> JsonValue:
    raise ValueError(f"{name} is not JSON")


@cache
def _decoder() -> json.JSONDecoder:
    return json.JSONDecoder(parse_constant=_refuse, parse_float=finite)
