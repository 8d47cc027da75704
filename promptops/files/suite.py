"""Suite files: how they are found and read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from promptops.errors import InvalidFilesError, Location, Problem, did_you_mean
from promptops.files.codec import decode
from promptops.files.document import Document
from promptops.files.tree import SourceTree, read_file
from promptops.files.yaml_source import read_yaml
from promptops.model.conversation import LAST
from promptops.model.record import JsonValue, Record
from promptops.model.suite import AnswerSteps, Suite

SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerSource(Record):
    """The options that fit every scorer; what else stands beside them belongs to the scorer's plugin."""

    type: str
    negate: bool = field(default=False, metadata={"key": "not"})
    threshold: float | None = None
    weight: float | None = field(default=None, metadata={"ge": 0})
    answer: AnswerSteps | None = None
    expected: JsonValue = None
    reduce: str | None = None
    turn: str | int = LAST


COMMON_KEYS = ("type", "not", "threshold", "weight", "answer", "expected", "reduce", "turn")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedSuite(Record):
    """A suite with its name and the file it came from."""

    name: str
    path: PurePosixPath
    suite: Suite
    document: Document

    def where(self, *keys: str | int, at_key: bool = False) -> Location:
        """The place of a part of the suite."""
        return self.document.locate(keys, at_key=at_key)


def suite_files(tree: SourceTree, folder: str) -> Iterator[tuple[str, PurePosixPath]]:
    """The name and path of every suite, sorted by path."""
    for path in tree.files(PurePosixPath(folder)):
        if path.parent == PurePosixPath(folder) and path.suffix in SUFFIXES:
            yield path.stem, path


def load_suite(tree: SourceTree, path: PurePosixPath) -> LoadedSuite:
    """Reads one suite file; whether plugins, prompts and data exist is checked by who uses them.

    Raises:
        InvalidFilesError: with every problem of the file's form.
    """
    document = read_yaml(read_file(tree, path), str(path))
    suite = decode(Suite, document)
    problems = list(_contradictions(suite, document))
    if problems:
        raise InvalidFilesError(problems)
    return LoadedSuite(name=path.stem, path=path, suite=suite, document=document)


def scorer_parts(
    loaded: LoadedSuite, written: Mapping[str, JsonValue], keys: tuple[str | int, ...]
) -> tuple[ScorerSource, dict[str, JsonValue]]:
    """The common options of a scorer that stands at `keys`, and the options of its plugin.

    Raises:
        InvalidFilesError: a common option has the wrong form.
    """
    common = {key: value for key, value in written.items() if key in COMMON_KEYS}
    options = {key: value for key, value in written.items() if key not in COMMON_KEYS}
    source = decode(ScorerSource, loaded.document.replaced(keys, common), keys)
    return source, options


def target_parts(target: str | Mapping[str, JsonValue] | None) -> tuple[str, JsonValue]:
    """A target's type and options: `render`, `{command: [argv]}` and `{http: {url: …}}` are all accepted."""
    if target is None:
        return "prompt", {}
    if isinstance(target, str):
        return target, {}
    ((name, options),) = target.items()
    return name, options


def _contradictions(suite: Suite, document: Document) -> Iterator[Problem]:
    def problem(keys: tuple[Any, ...], rule: str, message: str, hint: str | None = None) -> Problem:
        return Problem(document.locate(keys, at_key=True), rule, message, hint)

    if suite.prompt and suite.prompts:
        yield problem(("prompts",), "twice", "`prompt` and `prompts` exclude each other")
    for key in ("target", "retriever"):
        named = getattr(suite, key)
        if isinstance(named, Mapping) and len(named) != 1:
            yield problem((key,), "invalid-value", f"`{key}` names exactly one kind of target")
    if suite.turns is not None and suite.retriever is not None:
        yield problem(("turns",), "twice", "`turns` and `retriever` exclude each other")
    if suite.repeats < 1:
        yield problem(("repeats",), "invalid-value", "`repeats` must be at least 1")
    if not suite.scorers:
        yield problem(("scorers",), "missing-key", "a suite needs at least one scorer")
    ref = suite.dataset_ref
    if ref.sample is not None and ref.sample < 1:
        yield problem(("dataset", "sample"), "invalid-value", "`sample` must be at least 1")
    primary = suite.gate.primary
    if primary is not None and primary not in suite.scorers:
        hint = did_you_mean(primary, suite.scorers) or f"the scorers are {', '.join(suite.scorers)}"
        yield problem(("gate", "primary"), "unknown-scorer", f"there is no scorer `{primary}`", hint)
