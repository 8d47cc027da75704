"""What a tree of YAML nodes means as plain data, and what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from promptops.errors import InvalidFilesError, Location, Problem
from promptops.files.document import shown
from promptops.files.yaml_nodes import DEFAULT_TAGS, MERGE, SCALAR_TYPES, TAG, Node, place_of
from promptops.model.record import JsonValue

MOST_ALIASES = 50
MOST_LEVELS = 50
MOST_DIGITS = 300
"""Longer numbers are infinite as a float, and slow to read as an int."""
BYTES_PER_NODE = 10
"""A file's largest size over this is how many values it may hold, and how many its aliases may add."""

QUOTE_TEMPLATE = 'quote the value: "{{ … }}"'


def too_deep(where: Location) -> InvalidFilesError:
    """The error of a file with too many levels."""
    return InvalidFilesError.single(where, "yaml-too-deep", f"nested deeper than {MOST_LEVELS} levels")


def build(
    root: Node, path: str, text: str, most_repeated: int, alias_places: Callable[[], Iterable[Location]]
) -> JsonValue:
    """The plain data of a tree; what aliases repeat is shared.

    Raises:
        InvalidFilesError: with every problem of the tree.
    """
    builder = _Builder(path, text, most_repeated, alias_places)
    data = builder.build(root, 1).data
    if builder.problems:
        raise InvalidFilesError(builder.problems)
    return data


class _Built(NamedTuple):
    """A node's data, how many values it holds with its aliases written out, and how many levels."""

    data: JsonValue
    size: int
    levels: int


def _text_size(text: str) -> int:
    """A text counts as the values that its bytes could hold, so that no alias can repeat a long one freely."""
    return 1 + len(text) // BYTES_PER_NODE


@dataclass(slots=True)
class _Builder:
    """Turns nodes into plain data, and finds what is wrong with them."""

    path: str
    text: str
    most_repeated: int
    alias_places: Callable[[], Iterable[Location]]
    problems: list[Problem] = field(default_factory=list)
    built: dict[Node, _Built | None] = field(default_factory=dict)
    aliases: int = 0
    repeated: int = 0

    def build(self, node: Node, level: int) -> _Built:
        """The data of a node, which stands at `level` (from 1). A node met again is an alias."""
        if node in self.built:
            return self._alias(self.built[node], level)
        self.built[node] = None
        if node.id == "scalar":
            built = _Built(self._scalar(node), _text_size(node.value), 1)
        else:
            self._check_tag(node)
            built = self._mapping(node, level) if node.id == "mapping" else self._sequence(node, level)
        self.built[node] = built
        return built

    def _alias(self, target: _Built | None, level: int) -> _Built:
        self.aliases += 1
        if self.aliases > MOST_ALIASES:
            raise self._stopped("yaml-alias", f"more than {MOST_ALIASES} aliases")
        if target is None:
            raise self._stopped("yaml-alias", "this alias stands inside what it repeats")
        self.repeated += target.size
        if self.repeated > self.most_repeated:
            raise self._stopped("yaml-alias", "the aliases up to this one repeat too much")
        if level + target.levels - 1 > MOST_LEVELS:
            raise self._stopped("yaml-too-deep", f"this alias nests deeper than {MOST_LEVELS} levels")
        return target

    def _stopped(self, rule: str, message: str) -> InvalidFilesError:
        """The error at the current alias; nodes do not hold the places of aliases."""
        places = islice(self.alias_places(), self.aliases - 1, None)
        where = next(places, Location(self.path))
        return InvalidFilesError([*self.problems, Problem(where, rule, message)])

    def _sequence(self, node: Node, level: int) -> _Built:
        parts = [self.build(each, level + 1) for each in node.value]
        return _Built([part.data for part in parts], 1 + sum(part.size for part in parts), _levels(parts))

    def _mapping(self, node: Node, level: int) -> _Built:
        data: dict[str, JsonValue] = {}
        merged: dict[str, JsonValue] = {}
        firsts: dict[str, Node] = {}
        parts: list[_Built] = []
        for key_node, value_node in node.value:
            key = self._key(node, key_node, level)
            parts.append(value := self.build(value_node, level + 1))
            first = firsts.setdefault(key, key_node)
            if first is not key_node:
                message = f"the key `{shown(key)}` is already in line {first.start_mark.line + 1}"
                self._report(key_node, "duplicate-key", message)
            elif key_node.tag == MERGE:
                merged = self._merged(key_node, value_node, value.data)
            else:
                data[key] = value.data
        size = 1 + sum(part.size for part in parts) + sum(map(_text_size, firsts))
        return _Built({**merged, **data}, size, _levels(parts))

    def _key(self, mapping: Node, node: Node, level: int) -> str:
        """A key's text; for a key that is not text, after it is reported, one that is like no other."""
        key = self.build(node, level + 1).data
        if isinstance(key, str):
            return key
        start = mapping.start_mark.index
        if node.id == "mapping" and self.text[start : start + 2] == "{{":
            self._report(mapping, "yaml-syntax", "a template must be quoted", QUOTE_TEMPLATE)
        else:
            hint = f'quote it: "{shown(node.value)}"' if node.id == "scalar" else None
            self._report(node, "yaml-type", "a key must be text", hint)
        return f"\0{node.start_mark.index}"

    def _merged(self, key: Node, node: Node, data: JsonValue) -> dict[str, JsonValue]:
        """The keys that `<<` brings in; of two sources the first wins."""
        merged: dict[str, JsonValue] = {}
        sources = zip(node.value, data, strict=True) if isinstance(data, list) else [(node, data)]
        for source, values in sources:
            if not isinstance(values, dict):
                self._report(key, "yaml-type", "`<<` takes an object or a list of objects")
            elif any(each.tag == MERGE for each, _ in source.value):
                self._report(key, "yaml-alias", "`<<` cannot take an object that has `<<` itself")
            else:
                merged = {**values, **merged}
        return merged

    def _scalar(self, node: Node) -> JsonValue:
        declared = SCALAR_TYPES.get(node.tag)
        if declared is None:
            if node.tag != MERGE:
                self._check_tag(node)
            return node.value
        if len(node.value) <= MOST_DIGITS and declared.pattern.match(node.value):
            value = declared.read(node.value)
            if not isinstance(value, float) or math.isfinite(value):
                return value
        message = f"`{shown(node.value)}` cannot be read as {declared.words}"
        self._report(node, "yaml-type", message, "put it in quotes to make it text")
        return None

    def _check_tag(self, node: Node) -> None:
        if node.tag != DEFAULT_TAGS[node.id]:
            tag = shown(node.tag.replace(TAG, "!!"))
            self._report(node, "yaml-type", f"the tag `{tag}` is not supported", "leave the tag out")

    def _report(self, node: Node, rule: str, message: str, hint: str | None = None) -> None:
        self.problems.append(Problem(place_of(self.path, node), rule, message, hint))


def _levels(parts: list[_Built]) -> int:
    return 1 + max((part.levels for part in parts), default=0)
