"""For authors of plugins: the checks that promptops runs over its own."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import fields, is_dataclass
from inspect import iscoroutinefunction
from typing import Any, cast

from promptops import registry
from promptops.engine.answer import extract
from promptops.engine.score import adjusted, joined
from promptops.engine.scorer_plan import ScorerPlan
from promptops.errors import Location
from promptops.files.codec import decode_value
from promptops.files.declared_types import key_of
from promptops.model.suite import Case
from promptops.plugin import (
    CaseFailure,
    Completion,
    Example,
    GroupScorer,
    JsonValue,
    Sample,
    Scale,
    Score,
    Scorer,
)

MEGABYTE = 1_000_000

ODD_OUTPUTS = (
    "", " \n\t ", "None", "null", "true", "\0", "\ud800", "[" * 10_000, "9" * 10_000, "1e999", '{"a": NaN}',
    '{"a": "b', "{'a': 1}", "- .", "\u2212", "e\u0301\u202e\u200b\U0001f469\u200d\U0001f680 \u05e9\u05dc\u05d5\u05dd",
    "<a><!DOCTYPE", "```json\n", "a: &a [*a]", "SELECT", "|||\n|-", "\ufeff{}", "\r\n\x85\u2028",
)  # fmt: skip
"""What models have answered, or might: no output may break a scorer."""
LARGE_OUTPUTS = tuple(
    (piece * (MEGABYTE // len(piece)))[:MEGABYTE]
    for piece in (
        "word ",
        "[",
        '{"a":',
        "7",
        "<b>",
        "a,b\n",
        "- x\n",
        "(",
        "I can't \"",
        "é",
        "a\u0301\u0323",
    )
)
"""A megabyte of each."""


def check_scorer(plugin: type[Any]) -> None:
    """Runs a scorer's examples and checks what every scorer promises.

    Each option has to stand in the docstring or in an example, scores are in the scale's range, the same
    sample scores the same twice and is left as it was, and no output breaks the scorer.

    Raises:
        AssertionError: with what is wrong.
        InvalidFilesError: the options of an example do not fit.
    """
    _check_declarations(plugin)
    for example in plugin.examples:
        plan = _plan("example", plugin, example.options)
        score = _check_score(plan, _sample(example, example.output))
        got = None if score is None else score.value
        assert got == example.score, f"{example} scores {got}: {score.reason if score else 'lost'}"
        for output in ODD_OUTPUTS:
            _check_score(plan, _sample(example, output))
    # Every large output is scored, and with every example's options a large one: all with all takes too long.
    for number in range(max(len(plugin.examples), len(LARGE_OUTPUTS)) if plugin.examples else 0):
        example = plugin.examples[number % len(plugin.examples)]
        plan = _plan("example", plugin, example.options)
        _scored(plan, _sample(example, LARGE_OUTPUTS[number % len(LARGE_OUTPUTS)]))


def _plan(name: str, plugin: type[Any], options: Mapping[str, JsonValue]) -> ScorerPlan:
    """A scorer, or a group with its members; of what fits every scorer a member may have `not` and `weight`."""
    own = {key: value for key, value in options.items() if key not in ("type", "not", "weight")}
    scorer = decode_value(plugin, own, Location("example"))
    members = scorer.scorers if isinstance(scorer, GroupScorer) else {}
    parts = (
        _plan(f"{name}.{member}", registry.plugin("scorers", written["type"], Location(member)), written)
        for member, written in members.items()
    )
    return ScorerPlan(
        name=name,
        type=plugin.__name__,
        scorer=scorer,
        options=own,
        negate=options.get("not", False),
        weight=options.get("weight"),
        parts=tuple(parts),
    )


def _check_declarations(plugin: type[Any]) -> None:
    documentation = plugin.__doc__ or ""
    # A dataclass without a docstring gets its signature as one.
    is_documented = bool(documentation.strip()) and not documentation.startswith(f"{plugin.__name__}(")
    assert is_documented, "a scorer's docstring is its documentation"
    assert type(plugin.version) is int, "`version` is a whole number"
    assert plugin.version >= 1, "`version` counts from 1"
    assert isinstance(plugin.scale, Scale), "`scale` is a Scale"
    needs_others = getattr(plugin, "runs_local_code", False) or iscoroutinefunction(
        getattr(plugin, "score", None)
    )
    assert plugin.examples or needs_others, "a scorer has examples"
    shown = {name for example in plugin.examples for name in example.options}
    assert is_dataclass(plugin), "a scorer is a dataclass: its fields are its options"
    for option in fields(plugin):
        name = key_of(option)
        is_told = name in shown or re.search(rf"\b{name}\b", documentation)
        assert is_told, f"the option `{name}` stands neither in the docstring nor in an example"


def _sample(example: Example, output: str) -> Sample:
    return Sample(
        output=extract(output, None),
        expected=deepcopy(example.expected),
        case=Case(id="example", fields={}),
        completion=example.completion or Completion(output=output),
    )


def _check_score(plan: ScorerPlan, sample: Sample) -> Score | None:
    """The score, or None for a lost case."""
    before = deepcopy(sample)
    first, second = _scored(plan, sample), _scored(plan, sample)
    assert first == second, f"the same sample scores {first}, then {second}"
    assert sample == before, "the scorer changed its sample"
    if first is not None and first.value is not None:
        _check_range(first.value, plan.case_scale)
    return first


def _scored(plan: ScorerPlan, sample: Sample) -> Score | None:
    try:
        score = _score(plan, sample)
    except CaseFailure:
        return None
    except Exception as error:
        raise AssertionError(f"the output {sample.output[:40]!r} breaks the scorer: {error!r}") from error
    assert isinstance(score, Score), f"`score` returned {type(score).__name__}, not a Score"
    return score


def _score(plan: ScorerPlan, sample: Sample) -> Score:
    if not plan.parts:
        return cast("Scorer", plan.scorer).score(sample)
    return joined(plan, [adjusted(part, _score(part, sample)) for part in plan.parts])


def _check_range(value: float, scale: Scale) -> None:
    assert math.isfinite(value), f"{value} is not a finite number"
    assert value >= 0, f"{value} is less than 0"
    if scale is Scale.BINARY:
        assert value in (0.0, 1.0), f"a binary score is 0 or 1, not {value}"
    if scale is Scale.UNIT:
        assert value <= 1, f"a score of the scale `unit` is at most 1, not {value}"
