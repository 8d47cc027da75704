from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from promptops import registry
from promptops.errors import InvalidFilesError, Location
from promptops.files.yaml_source import read_yaml
from promptops.plugin import Case, Completion, Sample, Score


def build(scorer: str, options: dict[str, Any]) -> Any:
    """A scorer with its options, made as a suite makes it."""
    plugin = registry.plugin("scorers", scorer, Location("suite.yaml"))
    return registry.build(plugin, options, read_yaml(b"{}", "suite.yaml"), ())


def score_of(
    scorer: str,
    output: str,
    expected: Any = None,
    *,
    completion: Completion | None = None,
    fields: Mapping[str, Any] | None = None,
    **options: Any,
) -> Score:
    """Scores one output: `score_of("exact_match", output, expected, ignore_case=True)`."""
    sample = Sample(
        output=output,
        expected=expected,
        case=Case(id="case", fields=fields or {}),
        completion=completion or Completion(output=output),
    )
    result: Score = build(scorer, options).score(sample)
    return result


@pytest.fixture
def score() -> Callable[..., Score]:
    """See `score_of`."""
    return score_of


@pytest.fixture
def refusal() -> Callable[..., str]:
    """Why a scorer refuses its options: `refusal("regex", pattern="(")`."""

    def refused(scorer: str, **options: Any) -> str:
        with pytest.raises(InvalidFilesError) as caught:
            build(scorer, options)
        return caught.value.problems[0].message

    return refused
