from __future__ import annotations

import json
import math
import re
from functools import cache
from itertools import islice

from promptops.model.fenced import fenced
from promptops.model.record import JsonValue

MOST_BEGINNINGS = 20
_BEGINNING = re.compile(r"[{\[]")


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
    try:
        return parse_json(text)
    except ValueError:
        block = fenced(text, "json")
    if block is not None:
        try:
            return parse_json(block)
        except ValueError:
            pass
    for match in islice(_BEGINNING.finditer(text), MOST_BEGINNINGS):
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
