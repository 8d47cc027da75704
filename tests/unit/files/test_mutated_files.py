"""Whatever a file holds, reading it ends with a record or with problems that name a place."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptops.errors import InvalidFilesError
from promptops.files.codec import decode
from promptops.files.toml_source import read_toml
from promptops.files.yaml_source import read_yaml
from promptops.model.config import Config
from promptops.model.suite import Suite
from tests.support.mutation import Change, mutated, mutations

SUITE = b"""\
# yaml-language-server: $schema=suite.json
description: Intent routing on real customer wording.
prompt: support/triage
dataset: {path: datasets/triage.jsonl, id: id, where: "lang == 'en'", sample: 300, seed: 7}
inputs: &inputs
  message: "{{ case.text }}"
  note: |
    several
    lines
expected: '{{ case.label }}'
cluster: ticket_id
slices: [lang, channel]
kind: sample
answer: {after: "Answer:", line: last}
repeats: 1
scorers:
  accuracy: {type: exact_match, ignore_case: true}
  short: {<<: *inputs, type: max_words, value: 5, not: false, threshold: 1.0}
gate: {primary: accuracy, budget: 0, margin: 0.05, must_pass: [case-17]}
"""

CONFIG = b"""\
[project]
base = "main"
[run]
concurrency = 4
timeout_s = 30.5
[providers.openai]
api_base = "https://api.example.com"
input_usd_per_million = 0.15
[gate]
strict = true
"""


def assert_placed(error: InvalidFilesError, content: bytes) -> None:
    assert error.problems
    for problem in error.problems:
        assert problem.where.path == "file"
        assert (problem.where.line or 1) <= len(content.decode(errors="replace").splitlines()) + 1
        assert "\n" not in problem.message
        assert "Input should" not in problem.message


thorough = settings(max_examples=2500, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.slow
@thorough
@given(mutations)
def test_a_damaged_suite_is_read_or_refused_with_places(
    changes: list[Change],
) -> None:
    content = mutated(SUITE, changes)
    try:
        document = read_yaml(content, "file")
        decode(Suite, document)
    except InvalidFilesError as error:
        assert_placed(error, content)


@pytest.mark.slow
@thorough
@given(mutations)
def test_damaged_settings_are_read_or_refused_with_places(
    changes: list[Change],
) -> None:
    content = mutated(CONFIG, changes)
    try:
        document = read_toml(content, "file")
        decode(Config, document)
    except InvalidFilesError as error:
        assert_placed(error, content)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with contextlib.suppress(InvalidFilesError):
        read_yaml(content, "file")
    with contextlib.suppress(InvalidFilesError):
        read_toml(content, "file")


def test_the_undamaged_files_are_good() -> None:
    assert decode(Suite, read_yaml(SUITE, "file")).prompt == "support/triage"
    assert decode(Config, read_toml(CONFIG, "file")).run.concurrency == 4
