from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from promptops.errors import InvalidFilesError, Location, Problem
from promptops.files.document import HAND_WRITTEN_BYTES, Document, place_after, source_text
from promptops.files.yaml_builder import BYTES_PER_NODE, MOST_LEVELS, QUOTE_TEMPLATE, build, too_deep
from promptops.files.yaml_nodes import MERGE, SCALAR_TYPES, Node, NodeMarks, place_of

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNQUOTED_TEMPLATE = re.compile(r"(?:^|[:,-]\s|[\[{])\s*\{\{")
LIBYAML_TOO_DEEP = "maximum nesting depth"
"""What newer versions of libyaml say before the levels are counted here."""
_FastLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _CoreLoader(_FastLoader):  # type: ignore[misc]  # which of the two is known at run time
    """Composes nodes with the types of YAML 1.2's core; refuses too many or too deep ones on the way."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's form

    def __init__(self, text: str, path: str, most_nodes: int) -> None:
        super().__init__(text)
        self._path = path
        self._room = most_nodes
        self._level = 0

    def descend_resolver(self, current_node: Node | None, current_index: object) -> None:
        """Called by PyYAML before each node."""
        self._level += 1
        self._room -= 1
        if self._level > MOST_LEVELS and current_node is not None:
            raise too_deep(place_of(self._path, current_node))
        if self._room < 0:
            message = "the file holds too many values"
            raise InvalidFilesError.single(Location(self._path), "file-too-large", message)

    def ascend_resolver(self) -> None:
        """Called by PyYAML after each node."""
        self._level -= 1


for _tag, _type in SCALAR_TYPES.items():
    _CoreLoader.add_implicit_resolver(_tag, _type.pattern, list(_type.first))
_CoreLoader.add_implicit_resolver(MERGE, re.compile(r"<<\Z"), ["<"])


def read_yaml(content: bytes, path: str, *, max_bytes: int = HAND_WRITTEN_BYTES) -> Document:
    """Reads one YAML file by the rules of YAML 1.2's core; an empty file is None.

    Raises:
        InvalidFilesError: with every problem, except that a syntax error hides what comes after it.
    """
    text = source_text(content, path, max_bytes)
    unprintable = _UNPRINTABLE.search(text)
    if unprintable is not None:
        where = place_after(text[: unprintable.start()], path)
        message = f"the control character U+{ord(unprintable[0]):04X} is not allowed"
        raise InvalidFilesError.single(where, "control-character", message)
    most_nodes = max_bytes // BYTES_PER_NODE
    root = _compose(text, path, most_nodes)
    if root is None:
        return Document(path, None, text, NodeMarks(None))
    data = build(root, path, text, most_nodes, lambda: _alias_places(text, path))
    return Document(path, data, text, NodeMarks(root))


def _compose(text: str, path: str, most_nodes: int) -> Node | None:
    loader = _CoreLoader(text, path, most_nodes)
    try:
        node: Node | None = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        if LIBYAML_TOO_DEEP in (error.problem or ""):
            raise too_deep(_where(error.problem_mark, path)) from None
        raise InvalidFilesError([_syntax_problem(error, text, path)]) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # chr() of an escape, in the pure loader
        said = str(error).partition("\n")[0]
        raise InvalidFilesError.single(Location(path), "yaml-syntax", f"not valid YAML: {said}") from None
    finally:
        loader.dispose()
    return node


def _alias_places(text: str, path: str) -> Iterator[Location]:
    for event in yaml.parse(text, Loader=_FastLoader):
        if isinstance(event, yaml.AliasEvent):
            yield place_of(path, event)


def _syntax_problem(error: yaml.MarkedYAMLError, text: str, path: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    assert mark is not None
    if mark.index >= len(text.rstrip()) and error.context_mark is not None:
        mark = error.context_mark  # what is not closed says more than the end of the file
    where = _where(mark, path)
    if text[mark.index : mark.index + 1] == "\t":
        return Problem(where, "yaml-tab", "a tab cannot indent in YAML", "use spaces")
    if error.problem == "but found another document":
        return Problem(
            where, "yaml-documents", "a second document begins here", "keep one document in a file"
        )
    line_start = text.rfind("\n", 0, mark.index) + 1
    line = text[line_start:].partition("\n")[0]
    said = " ".join(part for part in (error.problem, error.context) if part)
    hint = QUOTE_TEMPLATE if _UNQUOTED_TEMPLATE.search(line) else _hint(error.problem or "")
    return Problem(where, "yaml-syntax", f"not valid YAML: {said}", hint)


def _where(mark: Any, path: str) -> Location:
    return Location(path, mark.line + 1, mark.column + 1)


def _hint(problem: str) -> str | None:
    if "cannot start any token" in problem:
        return "put the value in quotes"
    if problem.startswith("mapping values are not allowed"):
        return "put a value with `: ` in quotes, or mend the indentation"
    return None
