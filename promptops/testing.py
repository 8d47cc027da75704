"""For authors of plugins: the checks that promptops runs over its own."""

from __future__ import annotations

from inspect import getdoc
from typing import Any

from promptops.engine.answer import extract
from promptops.errors import Location
from promptops.files.codec import decode_value
from promptops.model.suite import Case
from promptops.plugin import Completion, Example, Sample, Scale


def check_scorer(plugin: type[Any]) -> None:
    """Runs a scorer's examples and checks what every scorer promises.

    Raises:
        AssertionError: with what is wrong.
    """
    assert getdoc(plugin), "a scorer's docstring is its documentation"
    assert isinstance(plugin.version, int), "`version` is a whole number"
    assert isinstance(plugin.scale, Scale), "`scale` is a Scale"
    for example in plugin.examples:
        _check_example(plugin, example)


def _check_example(plugin: type[Any], example: Example) -> None:
    scorer = decode_value(plugin, dict(example.options), Location("example"))
    completion = example.completion or Completion(output=example.output)
    case = Case(id="example", fields={})
    sample = Sample(
        output=extract(example.output, None), expected=example.expected, case=case, completion=completion
    )
    first, second = scorer.score(sample), scorer.score(sample)
    assert first == second, f"{example} scores {first.value}, then {second.value}"
    assert first.value == example.score, f"{example} scores {first.value}: {first.reason}"
    if first.value is not None and plugin.scale is Scale.BINARY:
        assert first.value in (0.0, 1.0), "a binary score is 0 or 1"
