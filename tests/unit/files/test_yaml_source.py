from __future__ import annotations

import subprocess
import sys
import textwrap
import tracemalloc

import pytest

from promptops.errors import InvalidFilesError, Problem
from promptops.files.document import HAND_WRITTEN_BYTES
from promptops.files.yaml_builder import MOST_ALIASES, MOST_LEVELS
from promptops.files.yaml_source import read_yaml
from promptops.model.record import JsonValue


def data_of(text: str) -> JsonValue:
    return read_yaml(text.encode(), "a.yaml").data


def problems_of(content: str | bytes) -> tuple[Problem, ...]:
    with pytest.raises(InvalidFilesError) as caught:
        read_yaml(content.encode() if isinstance(content, str) else content, "a.yaml")
    return caught.value.problems


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((word, True) for word in ("true", "True", "TRUE")),
        *((word, False) for word in ("false", "False", "FALSE")),
        *((word, None) for word in ("null", "Null", "NULL", "~", "")),
        ("0", 0),
        ("-12", -12),
        ("+7", 7),
        ("1.5", 1.5),
        ("-.5", -0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("-2.5E-1", -0.25),
        ('"12"', "12"),
        ("!!str 12", "12"),
        ("!!float 3.0", 3.0),
        ("'true'", "true"),
    ],
)
def test_scalars_are_read_as_the_core_of_yaml_1_2_says(text: str, value: JsonValue) -> None:
    read = data_of(f"a: {text}")["a"]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "no",
        "on",
        "off",
        "NO",
        "1:30",
        "012",
        "0o14",
        "0x1F",
        "2024-01-01",
        "1_000",
        "tRUE",
        "<<",
        "1.2.3",
    ],
)
def test_what_only_yaml_1_1_takes_for_another_type_stays_text(text: str) -> None:
    assert data_of(f"a: {text}\n{text}: 1") == {"a": text, text: 1} if text != "<<" else data_of("a: <<")


@pytest.mark.parametrize("content", ["", "\n", "# only a comment\n"])
def test_an_empty_file_is_none_and_begins_at_its_beginning(content: str) -> None:
    document = read_yaml(content.encode(), "a.yaml")
    assert document.data is None
    assert str(document.locate(("dataset",))) == "a.yaml:1:1"


def test_byte_order_mark_windows_line_ends_and_emoji_do_not_shift_places() -> None:
    document = read_yaml("\ufeffa: 1\r\nb: |\r\n  x\r\n  y\r\n😀: {c: 2}\r\n".encode(), "a.yaml")
    assert document.data == {"a": 1, "b": "x\ny\n", "😀": {"c": 2}}
    assert str(document.locate(("😀", "c"))) == "a.yaml:5:8"


def test_aliases_and_merge_keys_are_followed_for_data_and_places() -> None:
    document = read_yaml(
        b"base: &b {x: 1, y: 1}\none: {y: 2, <<: *b}\ntwo: {<<: [{x: 3}, *b]}\nsame: *b\n", "a.yaml"
    )
    assert document.data["one"] == {"x": 1, "y": 2}
    assert document.data["two"] == {"x": 3, "y": 1}
    assert document.data["same"] == document.data["base"]
    assert document.locate(("one", "x")) == document.locate(("base", "x"))
    assert str(document.locate(("one", "y"))) == "a.yaml:2:10"


NUMBER_OF_301_DIGITS = "9" * 301


@pytest.mark.parametrize(
    ("content", "where", "rule"),
    [
        ("a: {{ x }}", "1:4", "yaml-syntax"),
        ("a:\n  b: {{ x }} text\n", "2:14", "yaml-syntax"),
        ("{{ x }}", "1:1", "yaml-syntax"),
        ("a: 'open\nb: 1\n", "1:4", "yaml-syntax"),
        ("a: [1, 2\n", "1:4", "yaml-syntax"),
        ("a: b: c", "1:5", "yaml-syntax"),
        ("a: @b", "1:4", "yaml-syntax"),
        ("a: *nowhere", "1:4", "yaml-syntax"),
        ("a:\n\tb: 1", "2:1", "yaml-tab"),
        ("a:\n  \tb: 1", "2:3", "yaml-tab"),
        ("a:\n  b: 1\n\tc: 2", "3:1", "yaml-tab"),
        ("a: |\n  text\n\ttext\n", "3:1", "yaml-tab"),
        ("-\ta: 1", "1:2", "yaml-tab"),
        ("a: 1\na: 2", "2:1", "duplicate-key"),
        ("a:\n  - {b: 1, b: 2}", "2:12", "duplicate-key"),
        ("<<: {a: 1}\n<<: {b: 1}", "2:1", "duplicate-key"),
        ("a: &a [*a]", "1:8", "yaml-alias"),
        ("a: &a {b: *a}", "1:11", "yaml-alias"),
        ("a: &a {x: 1}\nb: &b {<<: *a}\nc: {<<: *b}", "3:5", "yaml-alias"),
        ("a: &x 1\nb: [" + "*x, " * (MOST_ALIASES + 1) + "]", f"2:{5 + 4 * MOST_ALIASES}", "yaml-alias"),
        ("a: 1\n--- \nb: 1", "2:1", "yaml-documents"),
        ("a: !!python/object:os.system x", "1:4", "yaml-type"),
        ("a: !!binary eA==", "1:4", "yaml-type"),
        ("a: !mine {b: 1}", "1:4", "yaml-type"),
        ("a: !!set {b}", "1:4", "yaml-type"),
        ("a: !!int four", "1:4", "yaml-type"),
        ("1: a", "1:1", "yaml-type"),
        ("a: {true: b}", "1:5", "yaml-type"),
        ("? [a]\n: b", "1:3", "yaml-type"),
        ("<<: 3", "1:1", "yaml-type"),
        *((f"a: {text}", "1:4", "yaml-type") for text in (".inf", "-.INF", ".nan", "1e999")),
        (f"a: {NUMBER_OF_301_DIGITS}", "1:4", "yaml-type"),
        ("a: b\x07", "1:5", "control-character"),
        ("é: 1\nb: \x00", "2:4", "control-character"),
        (b"a: \xff", "1:4", "not-utf8"),
    ],
)
def test_each_mistake_is_named_with_rule_line_and_column(content: str | bytes, where: str, rule: str) -> None:
    (problem,) = problems_of(content)
    assert (str(problem.where), problem.rule) == (f"a.yaml:{where}", rule)
    assert not problem.message.endswith(".")
    assert "\n" not in str(problem)


def test_all_problems_but_syntax_are_found_at_once() -> None:
    problems = problems_of("a: 1\na: 2\nb: .inf\n3: x\nc: {d: !!binary x}\n")
    assert [(str(each.where), each.rule) for each in problems] == [
        ("a.yaml:2:1", "duplicate-key"),
        ("a.yaml:3:4", "yaml-type"),
        ("a.yaml:4:1", "yaml-type"),
        ("a.yaml:5:8", "yaml-type"),
    ]


def test_a_second_key_names_the_line_of_the_first() -> None:
    (problem,) = problems_of("a: 1\nb: 2\na: 3")
    assert problem.message == "the key `a` is already in line 1"


@pytest.mark.parametrize("text", ["a: {{ x }}", "a: {{ x }} more", "- {a: {{ x }}}", "- {{ x }} b"])
def test_an_unquoted_template_is_answered_with_quoting(text: str) -> None:
    assert problems_of(text)[0].hint == 'quote the value: "{{ … }}"'


def test_a_quoted_template_is_not_blamed_for_a_mistake_beside_it() -> None:
    assert problems_of('a: "{{ x }}" more')[0].hint is None


def nested(levels: int, inside: str = "") -> str:
    return "[" * levels + inside + "]" * levels


def test_the_deepest_allowed_nesting_is_read_and_one_more_is_refused() -> None:
    assert data_of(nested(MOST_LEVELS)) is not None
    (problem,) = problems_of(nested(MOST_LEVELS + 1))
    assert (str(problem.where), problem.rule) == (f"a.yaml:1:{MOST_LEVELS}", "yaml-too-deep")


def test_an_alias_cannot_nest_deeper_than_the_text_may() -> None:
    half = MOST_LEVELS // 2
    (problem,) = problems_of(f"a: &a {nested(half)}\nb: {nested(half, '*a')}")
    assert (str(problem.where), problem.rule) == (f"a.yaml:2:{4 + half}", "yaml-too-deep")


LAUGHS = "\n".join(
    ["a0: &a0 [x, x]"] + [f"a{level}: &a{level} [*a{level - 1}, *a{level - 1}]" for level in range(1, 25)]
)
LONG_TEXTS = "a: &a " + "x" * 900_000 + "\nb: [" + "*a, " * MOST_ALIASES + "]"
LONG_KEYS = "a: &a {? " + "x" * 900_000 + " : 1}\nb: [" + "*a, " * MOST_ALIASES + "]"
MERGE_CHAIN = "a0: &a0 {k: 1}\n" + "\n".join(
    f"a{level}: &a{level} {{<<: [*a{level - 1}, *a{level - 1}]}}" for level in range(1, 25)
)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        pytest.param(LAUGHS, "yaml-alias", id="billion laughs"),
        pytest.param(LONG_TEXTS, "yaml-alias", id="a long text repeated"),
        pytest.param(LONG_KEYS, "yaml-alias", id="a long key repeated"),
        pytest.param(MERGE_CHAIN, "yaml-alias", id="chained merge keys"),
        pytest.param("[" * 900_000, "yaml-too-deep", id="brackets"),
        pytest.param("- " * 450_000, "yaml-too-deep", id="dashes"),
        pytest.param("[" + "a," * 400_000 + "]", "file-too-large", id="many values"),
        pytest.param("a" * (HAND_WRITTEN_BYTES + 1), "file-too-large", id="many bytes"),
    ],
)
def test_hostile_files_are_refused_in_little_memory(content: str, rule: str) -> None:
    tracemalloc.start()
    problems = problems_of(content)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert problems[-1].rule == rule
    assert peak_bytes < 200_000_000


def test_a_reader_of_datasets_may_allow_larger_files() -> None:
    content = b"- aaaaaaaaaa\n" * 100_000
    assert len(content) > HAND_WRITTEN_BYTES
    assert len(read_yaml(content, "cases.yaml", max_bytes=len(content)).data) == 100_000


WITHOUT_LIBYAML = """
import sys
sys.modules["yaml._yaml"] = None
import yaml
from promptops.errors import InvalidFilesError
from promptops.files.yaml_source import read_yaml

assert not yaml.__with_libyaml__
assert read_yaml(b"a: [no, 1e3, 012, {b: ~}]", "a.yaml").data == {"a": ["no", 1000.0, "012", {"b": None}]}
for content, wanted in [
    (b"a:\\n\\tb: 1", "a.yaml:2:1 yaml-tab"),
    (b"a: {{ x }} y", "a.yaml:1:12 yaml-syntax"),
    (b'a: "\\\\UFFFFFFFF"', "a.yaml yaml-syntax"),
    (b"a: 1\\na: 2", "a.yaml:2:1 duplicate-key"),
    (b"a: &a [*a]", "a.yaml:1:8 yaml-alias"),
    (b"[" * 100_000, "a.yaml:1:50 yaml-too-deep"),
]:
    try:
        read_yaml(content, "a.yaml")
    except InvalidFilesError as error:
        found = f"{error.problems[0].where} {error.problems[0].rule}"
        assert found == wanted, (found, wanted)
    else:
        raise AssertionError(content)
"""


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(code)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_same_answers_come_without_libyaml() -> None:
    done = run_python(WITHOUT_LIBYAML)
    assert done.returncode == 0, done.stderr


def test_reading_yaml_does_not_load_the_validating_library() -> None:
    done = run_python("""
        import sys
        import promptops.files.yaml_source
        sys.exit("pydantic" in sys.modules)
        """)
    assert done.returncode == 0, done.stderr
