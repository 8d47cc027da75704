"""The one import of a plugin author: protocols, and the types that they speak of.

A plugin is one module with one class and a last line `PLUGIN: type[Scorer] = MyScorer`. The module's
name is the plugin's name, the class's fields are its options, its docstring is its documentation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, ClassVar, Protocol, runtime_checkable

from promptops.model.prompt import RenderedPrompt
from promptops.model.record import JsonValue, Record
from promptops.model.result import NOT_ASKED, Completion, Item, Part, Scale, Score, pass_or_fail
from promptops.model.suite import Case, as_text, look_up

__all__ = [
    "NOT_ASKED",
    "NO_EXPECTED",
    "AsyncScorer",
    "Case",
    "CaseFailure",
    "Completion",
    "DatasetFormat",
    "Embedder",
    "Example",
    "GroupScorer",
    "Item",
    "JsonValue",
    "Model",
    "Part",
    "Record",
    "RenderedPrompt",
    "Request",
    "Row",
    "Sample",
    "Scale",
    "Score",
    "Scorer",
    "SuiteScorer",
    "Target",
    "TargetContext",
    "as_text",
    "look_up",
    "pass_or_fail",
]


NO_EXPECTED = "no_expected"
"""The kind of failure of a scorer that finds nothing to compare with; `turn: each` passes over such a turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample(Record):
    """What a scorer sees: the answer (after the suite's `answer` steps), what was expected, and all else.

    `tools` are those that the prompt offers, in OpenAI's form.
    """

    output: str
    expected: JsonValue
    case: Case
    completion: Completion
    tools: tuple[Mapping[str, JsonValue], ...] = ()

    def expected_texts(self) -> tuple[str, ...]:
        """The accepted texts: a list in the dataset means that each of them is right.

        Raises:
            CaseFailure: the case has no expected value.
        """
        if self.expected is None:
            raise CaseFailure(NO_EXPECTED, "the case has no expected value")
        if isinstance(self.expected, (list, tuple)):
            return tuple(as_text(each) for each in self.expected)
        return (as_text(self.expected),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example(Record):
    """A documented example of a scorer, run by the contract test and printed by `promptops show`."""

    output: str
    score: float | None
    expected: JsonValue = None
    options: Mapping[str, JsonValue] = field(default_factory=dict)
    completion: Completion | None = None


class CaseFailure(Exception):  # noqa: N818 - a loss of one case, which the engine turns into a value
    """One case could not be answered or scored; it counts as missing, never as wrong.

    `kind` is a stable snake_case word, `message` is for people.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


@runtime_checkable
class Scorer(Protocol):
    """Turns a sample into a score. Bump `version` whenever results may change."""

    version: ClassVar[int]
    scale: ClassVar[Scale]
    examples: ClassVar[tuple[Example, ...]]

    def score(self, sample: Sample) -> Score:
        """The score of one sample; raise `CaseFailure` when the scorer itself breaks."""
        ...


@runtime_checkable
class SuiteScorer(Scorer, Protocol):
    """A scorer whose metric is no mean of scores, but one statistic of all cases, like F1.

    Each score brings the `item` of its case; its value says how right this case is by itself, so that
    reports can name cases that broke.
    """

    def statistic(self, items: Sequence[Item], weights: Sequence[float]) -> float:
        """In [0, 1], higher is better; NaN where it is not defined. Equal items may come as one."""
        ...


@runtime_checkable
class GroupScorer(Protocol):
    """A scorer that joins others; its scale is binary where all of them pass or fail, if it says so."""

    version: ClassVar[int]
    scale: ClassVar[Scale]
    examples: ClassVar[tuple[Example, ...]]

    @property
    def scorers(self) -> Mapping[str, Mapping[str, JsonValue]]:
        """The scorers that are joined, as a suite writes them."""
        ...

    def join(self, parts: Sequence[Part]) -> Score:
        """The score of the group."""
        ...


@runtime_checkable
class AsyncScorer(Protocol):
    """A scorer that waits for others: a service, a model. It is opened once a run, and its calls overlap."""

    version: ClassVar[int]
    scale: ClassVar[Scale]
    examples: ClassVar[tuple[Example, ...]]

    async def open(self, context: TargetContext) -> None:
        """Get ready. Raises PromptopsError."""
        ...

    async def score(self, sample: Sample) -> Score:
        """As Scorer's; one that takes longer than `[run] timeout_s` loses the case.

        A scorer that sets `keeps_time = True` bounds each of its calls itself, so that it may wait for its turn. One
        that asks models may say in `calls_per_output()` how often it asks which: a mapping from name to number.
        """
        ...

    async def close(self) -> None:
        """Stop what `open` started."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Record):
    """What a target is asked: the case, the suite's inputs for it, and the rendered prompt if there is one."""

    case: Case
    inputs: Mapping[str, JsonValue]
    rendered: RenderedPrompt | None = None
    repeat: int = 0


class Model(Protocol):
    """What a rendered prompt is sent to."""

    async def complete(self, rendered: RenderedPrompt, sample: int = 0) -> Completion:
        """Answer; raises CaseFailure for a lost case and TargetError when no call can succeed.

        `sample` tells independent answers to the same request apart.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Embedder(Protocol):
    """What makes vectors of texts."""

    async def embed(self, text: str) -> Sequence[float]:
        """The vector of a text, which is asked for once; raises as `Model.complete` does."""
        ...


class TargetContext(Protocol):
    """What a target, or a scorer that waits for others, may ask of the project it runs in."""

    @property
    def timeout_s(self) -> float:
        """Seconds that one call may take."""
        ...

    @property
    def folder(self) -> str:
        """The real path of the tree's root: working folder of commands, import path of functions."""
        ...

    @property
    def offline(self) -> bool:
        """Whether nothing may be asked over the network."""
        ...

    def open_data(self, path: str) -> tuple[BinaryIO, str]:
        """A file named in the suite, opened for reading as bytes, and its path for messages."""
        ...

    def require_local_code(self, what: str) -> None:
        """Raises ConfigError unless `[plugins] local` allows code of this repository."""
        ...

    def model(self, name: str) -> Model:
        """The model of that name."""
        ...

    def embedder(self, name: str) -> Embedder:
        """What makes vectors of texts by the model of that name. Raises ConfigError."""
        ...


class Target(Protocol):
    """What is evaluated. One instance serves a whole run; calls overlap."""

    version: ClassVar[int]
    needs_prompt: ClassVar[bool]
    shorthand: ClassVar[str | None]
    """The option that a plain value fills: `command: [argv]` means `command: {argv: [argv]}`."""

    async def open(self, context: TargetContext) -> None:
        """Get ready: read recordings, check permission, find the model. Raises PromptopsError."""
        ...

    async def complete(self, request: Request) -> Completion:
        """Answer one case; raises CaseFailure for a lost case, TargetError when none can succeed."""
        ...

    async def close(self) -> None:
        """Stop what `open` started."""
        ...

    def identity(self) -> JsonValue:
        """What beside the options tells this target apart (the digest of a recording)."""
        ...


Row = tuple[int | None, Mapping[str, Any]]
"""A dataset's row with its line (from 1) where the format has lines."""


class DatasetFormat(Protocol):
    """Reads one kind of dataset file as a stream."""

    suffixes: ClassVar[tuple[str, ...]]

    def read(self, stream: BinaryIO, path: str) -> Iterator[Row]:
        """The rows in order; raises InvalidFilesError with line and column. `path` is for messages."""
        ...
