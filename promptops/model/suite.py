from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from promptops.model.record import JsonValue, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetRef(Record):
    """Which cases a suite uses; `qrels` says which documents answer them."""

    path: str
    qrels: str | None = None
    sha256: str | None = None
    id: str = "id"
    where: str | None = None
    sample: int | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSteps(Record):
    """Which part of an output is scored; the steps apply in this order."""

    after: str | None = None
    line: Literal["first", "last"] | None = None
    regex: str | None = None
    json_path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate(Record):
    """What a pull request may not break; None means the setting of `[gate]`."""

    primary: str | None = None
    budget: float | None = None
    margin: float | None = None
    floor: float | None = None
    must_pass: tuple[str, ...] = ()
    max_cost_usd_per_case: float | None = None
    max_p95_latency_ms: float | None = None
    max_missing: float | None = None
    watch_drop: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite(Record):
    """A suite file as it is written; its name is the file's stem.

    `scorers` hold the options of each scorer's plugin next to the options that fit every scorer
    (`type`, `not`, `threshold`, `weight`, `answer`, `expected`, `reduce`, `turn`). `turns` makes a conversation of
    each case: a list of what the user says, or of `{user, inputs, expected, tools}`.
    """

    description: str = ""
    prompt: str | None = None
    prompts: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)
    target: str | Mapping[str, JsonValue] | None = None
    retriever: str | Mapping[str, JsonValue] | None = None
    dataset: str | DatasetRef
    inputs: Mapping[str, JsonValue] | None = None
    turns: JsonValue = None
    expected: JsonValue = None
    cluster: str | None = None
    slices: tuple[str, ...] = ()
    weight: str | None = None
    kind: Literal["sample", "golden"] = "sample"
    answer: AnswerSteps | None = None
    repeats: int = 1
    scorers: Mapping[str, Mapping[str, JsonValue]]
    gate: Gate = field(default_factory=Gate)

    @property
    def prompt_names(self) -> tuple[str, ...]:
        """The prompts of the grid; empty for a target that takes no prompt."""
        return (self.prompt,) if self.prompt else self.prompts

    @property
    def dataset_ref(self) -> DatasetRef:
        """The dataset, also where only its path was given."""
        return DatasetRef(path=self.dataset) if isinstance(self.dataset, str) else self.dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(Record):
    """One row of a dataset; `line` is where it stands in its file, if that has lines."""

    id: str
    fields: Mapping[str, JsonValue]
    line: int | None = None


def look_up(fields: JsonValue, path: str) -> JsonValue:
    """The value at a dotted path (`judge.relevance`, `items.0.id`), or None where there is none."""
    value: JsonValue = fields
    for key in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, (list, tuple)) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def as_text(value: JsonValue) -> str:
    """A value as it is shown to a model and compared: text as it is, all else as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
