from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.errors import InvalidFilesError, Location
from promptops.files.codec import decode, decode_value, encode
from promptops.files.editor_schema import DRAFT_07, schema_for
from promptops.files.yaml_source import read_yaml
from promptops.model.config import Config
from promptops.model.record import JsonValue, Record
from promptops.model.suite import AnswerSteps, DatasetRef, Gate, Suite

GOOD_SUITE = """\
description: Routing
prompts: [support/triage]
target: {command: [python3, answer.py]}
dataset: {path: cases.jsonl, sample: 300}
inputs: {message: "{{ case.text }}"}
kind: golden
answer: {after: "Answer:", line: last}
scorers:
  accuracy: {type: exact_match, ignore_case: true}
gate: {primary: accuracy, budget: 0, floor: 0.8, must_pass: [case-17]}
"""


class Tone(StrEnum):
    CALM = "calm"
    LOUD = "loud"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner(Record):
    """A part."""

    size: int
    shape: Literal["round", "square"] = "round"


@dataclass(frozen=True, slots=True, kw_only=True)
class Other(Record):
    """Another part."""

    weight: float
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole(Record):
    """Every kind of field."""

    name: str = ""
    negate: bool = field(default=False, metadata={"key": "not"})
    share: float = field(default=0.5, metadata={"ge": 0, "le": 1})
    tone: Tone = Tone.CALM
    part: str | Inner | None = None
    word: Literal["all", "none"] | Inner = "all"
    either: Inner | Other | None = None
    parts: tuple[Inner, ...] = ()
    content: str | tuple[Inner, ...] = ""
    pair: tuple[int, str] = (0, "")
    named: Mapping[str, Inner] = field(default_factory=dict)
    anything: JsonValue = None

    def __post_init__(self) -> None:
        if self.name == "forbidden":
            raise ValueError("this name is taken")


def said(cls: type[object], text: str, *keys: str | int) -> list[str]:
    with pytest.raises(InvalidFilesError) as caught:
        decode(cls, read_yaml(text.encode(), "a.yaml"), keys)
    return [f"{problem.rule} {problem}" for problem in caught.value.problems]


def test_a_good_suite_is_read_with_its_types() -> None:
    assert decode(Suite, read_yaml(GOOD_SUITE.encode(), "a.yaml")) == Suite(
        description="Routing",
        prompts=("support/triage",),
        target={"command": ["python3", "answer.py"]},
        dataset=DatasetRef(path="cases.jsonl", sample=300),
        inputs={"message": "{{ case.text }}"},
        kind="golden",
        answer=AnswerSteps(after="Answer:", line="last"),
        scorers={"accuracy": {"type": "exact_match", "ignore_case": True}},
        gate=Gate(primary="accuracy", budget=0.0, floor=0.8, must_pass=("case-17",)),
    )


def test_a_bad_suite_shows_every_problem_in_order_and_in_plain_words() -> None:
    text = """\
promt: a
dataset:
  id: 3
scorers:
  a: 3
kind: simple
slices: lang
repeats: 1.5
gate:
  floor: high
  must_pass: [1, a]
  budgt: 1
target: 3
"""
    assert said(Suite, text) == [
        "unknown-key a.yaml:1:1: unknown key `promt` (did you mean `prompt`?)",
        "missing-key a.yaml:2:1: the key `path` is missing in `dataset`",
        "wrong-type a.yaml:3:7: `dataset.id`: expected text, got a number (put it in quotes to make it text)",
        "wrong-type a.yaml:5:6: `scorers.a`: expected an object, got a number",
        "invalid-value a.yaml:6:7: `kind`: `simple` is not one of `sample`, `golden` (did you mean `sample`?)",
        "wrong-type a.yaml:7:9: `slices`: expected a list, got text",
        "wrong-type a.yaml:8:10: `repeats`: expected a whole number, got a number with a decimal point",
        "wrong-type a.yaml:10:10: `gate.floor`: expected a number, got text",
        "wrong-type a.yaml:11:15: `gate.must_pass[0]`: expected text, got a number (put it in quotes to make it text)",
        "unknown-key a.yaml:12:3: unknown key `budgt` in `gate` (did you mean `budget`?)",
        "wrong-type a.yaml:13:9: `target`: expected text or an object, got a number (put it in quotes to make it text)",
    ]


INNER = "an object with keys `size`, `shape`"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("share: 2", "invalid-value a.yaml:1:8: `share`: must be at most 1"),
        ("share: -1", "invalid-value a.yaml:1:8: `share`: must be at least 0"),
        ("share: true", "wrong-type a.yaml:1:8: `share`: expected a number, got `true`"),
        ("share: '1'", "wrong-type a.yaml:1:8: `share`: expected a number, got text"),
        ("name: forbidden", "invalid-value a.yaml:1:1: this name is taken"),
        ("name:", "wrong-type a.yaml:1:6: `name`: expected text, got nothing"),
        ("not: 1", "wrong-type a.yaml:1:6: `not`: expected `true` or `false`, got a number"),
        (
            "tone: lod",
            "invalid-value a.yaml:1:7: `tone`: `lod` is not one of `calm`, `loud` (did you mean `loud`?)",
        ),
        ("tone: [x]", "wrong-type a.yaml:1:7: `tone`: expected one of `calm`, `loud`, got a list"),
        ("part: [x]", f"wrong-type a.yaml:1:7: `part`: expected text or {INNER}, got a list"),
        ("part: {size: x}", "wrong-type a.yaml:1:14: `part.size`: expected a whole number, got text"),
        ("part: {}", "missing-key a.yaml:1:1: the key `size` is missing in `part`"),
        (
            "part: {size: 1, deep: 2}",
            "unknown-key a.yaml:1:17: unknown key `deep` in `part` (the known keys are `size`, `shape`)",
        ),
        (
            "word: nine",
            "invalid-value a.yaml:1:7: `word`: `nine` is not one of `all`, `none` (did you mean `none`?)",
        ),
        ("word: 1", f"wrong-type a.yaml:1:7: `word`: expected one of `all`, `none` or {INNER}, got a number"),
        (
            "word: {size: 1.5}",
            "wrong-type a.yaml:1:14: `word.size`: expected a whole number, got a number with a decimal point",
        ),
        ("either: {weight: 1}", "missing-key a.yaml:1:1: the key `colour` is missing in `either`"),
        ("parts: [{size: 1}, 3]", f"wrong-type a.yaml:1:20: `parts[1]`: expected {INNER}, got a number"),
        (
            "content: [{size: 1, shape: oval}]",
            "invalid-value a.yaml:1:28: `content[0].shape`: `oval` is not one of `round`, `square`",
        ),
        ("content: {a: 1}", "wrong-type a.yaml:1:10: `content`: expected text or a list, got an object"),
        ("pair: [x, y]", "wrong-type a.yaml:1:8: `pair[0]`: expected a whole number, got text"),
        (
            "named: {a: {size: x}}",
            "wrong-type a.yaml:1:19: `named.a.size`: expected a whole number, got text",
        ),
        ("named: {a: {size: 1}, b: {}}", "missing-key a.yaml:1:23: the key `size` is missing in `named.b`"),
        ("[]", "wrong-type a.yaml:1:1: expected an object, got a list"),
        ("", "wrong-type a.yaml:1:1: expected an object, got nothing"),
        ("zzz: true", "unknown-key a.yaml:1:1: unknown key `zzz`"),
    ],
)
def test_a_mistake_is_explained_by_the_type_that_fits_its_kind(text: str, problem: str) -> None:
    assert said(Whole, text) == [problem]


@pytest.mark.parametrize(
    "text",
    ["tone: {}", "{}: 1", "part: {{{}: 1, size: 1}}", "named: {{{}: 3}}", "{0}: 1\n{0}: 2", "a: !!int {}"],
)
def test_messages_repeat_a_files_own_text_shortly_and_without_control_characters(text: str) -> None:
    for own in ("y" * 500, '"\\e[31m\\nINJECTED\\u0085"'):
        (message,) = said(
            Whole, text.format(f"? {own}\n" if len(own) > 400 and text.startswith("{}") else own)
        )
        assert len(message) < 250
        assert message.isprintable()


def test_a_part_of_a_document_is_read_and_its_problems_stand_in_the_file() -> None:
    text = "parts:\n  - {size: 1}\n  - {size: x}\n"
    document = read_yaml(text.encode(), "a.yaml")
    assert decode(Inner, document, ("parts", 0)) == Inner(size=1)
    assert said(Inner, text, "parts", 1) == [
        "wrong-type a.yaml:3:12: `parts[1].size`: expected a whole number, got text"
    ]
    assert said(tuple[Inner, ...], text, "parts") == said(Inner, text, "parts", 1)


def test_a_part_that_is_absent_is_missing_at_its_parent() -> None:
    assert said(Inner, "a:\n  b: 1\n", "a", "c") == ["missing-key a.yaml:1:1: the key `a.c` is missing"]
    assert said(Inner, "a: [1]", "a", 1) == ["missing-key a.yaml:1:1: the key `a[1]` is missing"]


def test_a_key_that_is_a_word_of_python_is_read_and_written() -> None:
    whole = decode(Whole, read_yaml(b"not: true", "a.yaml"))
    assert whole.negate
    assert encode(whole)["not"] is True
    assert said(Whole, "negate: true")[0].startswith("unknown-key a.yaml:1:1: unknown key `negate`")


def test_a_value_without_a_file_is_read_and_its_problems_point_at_one_place() -> None:
    where = Location("environment")
    assert decode_value(Whole, {"parts": ({"size": 1},), "tone": Tone.LOUD}, where).parts == (Inner(size=1),)
    with pytest.raises(InvalidFilesError) as caught:
        decode_value(Config, {"run": {"retries": "3", "lnae": "auto"}}, where)
    assert [str(problem) for problem in caught.value.problems] == [
        "environment: `run.retries`: expected a whole number, got text",
        "environment: unknown key `lnae` in `run` (did you mean `lane`?)",
    ]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), "`anything.x` must be a finite number"),
        (float("-inf"), "`anything.x` must be a finite number"),
        (10**400, "`anything.x` must be a finite number"),
        (object(), "`anything.x` is of a type that JSON does not have"),
        (b"x", "`anything.x` is of a type that JSON does not have"),
    ],
)
def test_a_value_that_json_does_not_have_is_refused(value: object, message: str) -> None:
    with pytest.raises(InvalidFilesError) as caught:
        decode_value(Whole, {"anything": {"x": value}}, Location("environment"))
    assert [problem.message for problem in caught.value.problems] == [message]


def test_text_that_is_not_unicode_is_refused() -> None:
    with pytest.raises(InvalidFilesError):
        decode_value(Whole, {"name": "\ud800"}, Location("environment"))


def test_encoding_leaves_plain_data_only() -> None:
    whole = Whole(
        tone=Tone.LOUD, part=Inner(size=1), pair=(1, "a"), named={"x": Inner(size=2)}, anything=(1, {2})
    )
    assert encode(whole) == {
        "name": "",
        "not": False,
        "share": 0.5,
        "tone": "loud",
        "part": {"size": 1, "shape": "round"},
        "word": "all",
        "either": None,
        "parts": [],
        "content": "",
        "pair": [1, "a"],
        "named": {"x": {"size": 2, "shape": "round"}},
        "anything": [1, [2]],
    }
    assert type(encode(whole)["tone"]) is str


numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**9), 10**9)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda each: st.lists(each) | st.dictionaries(st.text(), each),
)
options = st.dictionaries(st.text(), json_values, max_size=3)
suites = st.builds(
    Suite,
    description=st.text(),
    prompt=st.none() | st.text(),
    models=st.lists(st.text(), max_size=3).map(tuple),
    parameters=options,
    target=st.none() | st.text() | options,
    dataset=st.text() | st.builds(DatasetRef, path=st.text(), sample=st.none() | st.integers()),
    inputs=st.none() | options,
    expected=json_values,
    kind=st.sampled_from(["sample", "golden"]),
    answer=st.none()
    | st.builds(AnswerSteps, after=st.none() | st.text(), line=st.sampled_from(["first", None])),
    scorers=st.dictionaries(st.text(), options, max_size=3),
    gate=st.builds(Gate, floor=st.none() | st.floats(allow_nan=False, allow_infinity=False)),
)


@given(suites)
def test_a_suite_survives_encoding_and_decoding(suite: Suite) -> None:
    plain = json.loads(json.dumps(encode(suite)))
    assert decode_value(Suite, plain, Location("suite")) == suite


def test_the_schema_for_editors_is_draft_07_with_descriptions() -> None:
    schema = schema_for(Suite, title="A promptops suite")
    jsonschema.Draft7Validator.check_schema(schema)
    assert (schema["$schema"], schema["title"]) == (DRAFT_07, "A promptops suite")
    assert schema["additionalProperties"] is False
    assert schema["description"].startswith("A suite file as it is written")
    gate = schema["definitions"]["Gate"]
    assert gate["additionalProperties"] is False
    assert gate["description"].startswith("What a pull request may not break")
    assert "$defs" not in json.dumps(schema)


@pytest.mark.parametrize(
    "text",
    [
        GOOD_SUITE,
        GOOD_SUITE + "extra: 1",
        GOOD_SUITE.replace("golden", "silver"),
        "dataset: a",
        "scorers: {}",
    ],
)
def test_the_schema_and_the_codec_agree(text: str) -> None:
    document = read_yaml(text.encode(), "a.yaml")
    fits_schema = jsonschema.Draft7Validator(schema_for(Suite, title="x")).is_valid(document.data)
    if fits_schema:
        decode(Suite, document)
    else:
        assert said(Suite, text)


def test_the_schema_uses_the_key_of_the_file_for_a_word_of_python() -> None:
    properties = schema_for(Whole, title="x")["properties"]
    assert "not" in properties
    assert "negate" not in properties
