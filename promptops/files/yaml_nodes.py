"""A tree of YAML nodes: the types of its scalars, and the places of its parts."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from promptops.errors import Location
from promptops.files.document import Keys, Mark
from promptops.model.record import JsonValue

TAG = "tag:yaml.org,2002:"
MERGE = f"{TAG}merge"
DEFAULT_TAGS = {"scalar": f"{TAG}str", "sequence": f"{TAG}seq", "mapping": f"{TAG}map"}


class Placed(Protocol):
    """Anything of the parser that begins somewhere; its marks count lines, columns and characters from 0."""

    start_mark: Any


class Node(Placed, Protocol):
    """A node as the parser composes it; `id` is scalar, sequence or mapping, `value` a text or child nodes."""

    id: str
    tag: str
    value: Any
    end_mark: Any


class ScalarType(NamedTuple):
    """A scalar type of YAML 1.2's core: how it is spelled, which characters begin it, how it is read."""

    words: str
    pattern: re.Pattern[str]
    first: tuple[str, ...]
    read: Callable[[str], JsonValue]


SCALAR_TYPES = {
    f"{TAG}null": ScalarType(
        "an empty value", re.compile(r"(?:null|Null|NULL|~|)\Z"), ("n", "N", "~", ""), lambda _: None
    ),
    f"{TAG}bool": ScalarType(
        "`true` or `false`",
        re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"),
        tuple("tTfF"),
        lambda text: text[0] in "tT",
    ),
    f"{TAG}int": ScalarType(
        "a whole number", re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z"), tuple("-+0123456789"), int
    ),
    f"{TAG}float": ScalarType(
        "a number",
        re.compile(
            r"(?:[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?"
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
        ),
        tuple("-+.0123456789"),
        lambda text: math.nan if text[-1].isalpha() else float(text),
    ),
}


def place_of(path: str, placed: Placed) -> Location:
    """Where something of the parser begins."""
    return Location(path, placed.start_mark.line + 1, placed.start_mark.column + 1)


@dataclass(frozen=True, slots=True)
class NodeMarks:
    """The places of a tree of nodes; an empty file has only a beginning."""

    root: Node | None

    def find(self, keys: Keys, *, at_key: bool) -> Mark | None:
        """See Marks."""
        if self.root is None:
            return None if keys else Mark(1, 1, 0, 0)
        key_node, node = self.root, self.root
        for key in keys:
            step = _child(node, key)
            if step is None:
                return None
            key_node, node = step
        chosen = key_node if at_key else node
        start = chosen.start_mark
        return Mark(start.line + 1, start.column + 1, start.index, chosen.end_mark.index)


def _child(node: Node, key: str | int) -> tuple[Node, Node] | None:
    """The key's node and the value's; an item of a list is its own key."""
    if node.id == "sequence":
        inside = isinstance(key, int) and 0 <= key < len(node.value)
        return (node.value[key], node.value[key]) if inside else None
    if node.id != "mapping":
        return None
    own = (pair for pair in node.value if pair[0].value == key and pair[0].tag != MERGE)
    merged = (_child(source, key) for source in _merge_sources(node))
    return next(own, None) or next((pair for pair in merged if pair), None)


def _merge_sources(node: Node) -> Iterator[Node]:
    for key, value in node.value:
        if key.tag == MERGE:
            yield from value.value if value.id == "sequence" else [value]
