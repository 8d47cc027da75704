from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from promptops import registry
from promptops.errors import InvalidFilesError, Location
from promptops.plugin import Completion, Example, JsonValue, Record, Sample, Scale, Score
from promptops.testing import check_scorer


@pytest.mark.parametrize("name", registry.names("scorers"))
def test_every_scorer_keeps_its_promises(name: str) -> None:
    check_scorer(registry.plugin("scorers", name, Location(name)))


@pytest.mark.parametrize("name", registry.names("targets"))
def test_every_target_is_documented_and_versioned(name: str) -> None:
    plugin = registry.plugin("targets", name, Location(name))
    assert registry.description(plugin)
    assert plugin.version >= 1
    assert isinstance(plugin.needs_prompt, bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Polite(Record):
    """1 when the output contains `word`."""

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (Example(output="please", expected=["a"], score=1.0),)

    word: str = "please"

    def score(self, sample: Sample) -> Score:
        return Score(value=float(self.word in sample.output))


class Undocumented(Polite):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlyASignature(Polite):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretOption(Polite):
    """1 when the output contains `word`."""

    strength: int = 1


class Versionless(Polite):
    """1 when."""

    version = 0


class Scaleless(Polite):
    """1 when."""

    scale = "binary"  # type: ignore[assignment]


class WithoutExamples(Polite):
    """1 when."""

    examples = ()


class WrongExample(Polite):
    """1 when `word`."""

    examples = (Example(output="please", score=0.0),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moody(Polite):
    """Another score each time; `word` does not matter."""

    calls: ClassVar[list[int]] = []

    def score(self, sample: Sample) -> Score:
        self.calls.append(1)
        return Score(value=float(len(self.calls) % 2))


class Greedy(Polite):
    """1 when `word`, and changes what it was given."""

    def score(self, sample: Sample) -> Score:
        sample.expected.append("b")
        return Score(value=1.0)


class Percent(Polite):
    """A percentage of `word`."""

    scale = Scale.UNIT
    examples = (Example(output="please", score=100.0),)

    def score(self, sample: Sample) -> Score:
        return Score(value=100.0)


class Half(Polite):
    """Half of `word`."""

    examples = (Example(output="please", score=0.5),)

    def score(self, sample: Sample) -> Score:
        return Score(value=0.5)


class NotAScore(Polite):
    """A bare number instead of `word`."""

    def score(self, sample: Sample) -> Any:
        return 1.0


class BreaksOverEmptyOutputs(Polite):
    """1 when the output begins with the first letter of `word`."""

    def score(self, sample: Sample) -> Score:
        return Score(value=float(sample.output[0] == self.word[0]))


@pytest.mark.parametrize(
    ("plugin", "complaint"),
    [
        (Undocumented, "docstring"),
        (OnlyASignature, "docstring"),
        (SecretOption, "the option `strength`"),
        (Versionless, "`version`"),
        (Scaleless, "`scale`"),
        (WithoutExamples, "has examples"),
        (WrongExample, "scores 1.0"),
        (Moody, "the same sample scores"),
        (Greedy, "changed its sample"),
        (Percent, "at most 1"),
        (Half, "0 or 1"),
        (NotAScore, "returned float, not a Score"),
        (BreaksOverEmptyOutputs, "the output '' breaks the scorer: IndexError"),
    ],
)
def test_a_broken_promise_is_named(plugin: type[Any], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_scorer(plugin)


def test_a_scorer_that_keeps_its_promises_passes() -> None:
    check_scorer(Polite)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seconds(Record):
    """How long it took; `options` are for nothing."""

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.COUNT
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="", completion=Completion(output="", latency_ms=2500), score=2.5),
    )

    options: dict[str, JsonValue] = field(default_factory=dict)

    def score(self, sample: Sample) -> Score:
        return Score(value=sample.completion.latency_ms / 1000)


def test_a_count_has_no_upper_bound() -> None:
    check_scorer(Seconds)


class WrongOption(Polite):
    """1 when `word`."""

    examples = (Example(output="please", options={"wrod": "x"}, score=1.0),)


def test_an_example_with_a_wrong_option_is_told() -> None:
    with pytest.raises(InvalidFilesError, match="unknown key `wrod`"):
        check_scorer(WrongOption)
