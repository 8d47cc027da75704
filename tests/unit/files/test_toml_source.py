from __future__ import annotations

import pytest

from promptops.errors import InvalidFilesError
from promptops.files.codec import decode
from promptops.files.toml_source import read_toml
from promptops.model.config import Config

TEXT = '''\
# settings
[project]
base = "trunk"
"q r" = 2

[providers.openai]
limits.calls = 5
note = """
[nowhere]
base = 1
"""
after = 1

[[rule]]
name = "a"
[[rule]]
name = "b"
[rule.inner]
values = {deep = 1}
'''


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("keys", "at_value", "at_key"),
    [
        ((), "1:1", "1:1"),
        (("project",), "2:2", "2:2"),
        (("project", "base"), "3:8", "3:1"),
        (("project", "q r"), "4:9", "4:1"),
        (("project", "absent"), "2:2", "2:2"),
        (("providers",), "6:2", "6:2"),
        (("providers", "openai", "limits", "calls"), "7:16", "7:1"),
        (("providers", "openai", "note"), "8:8", "8:1"),
        (("providers", "openai", "after"), "12:9", "12:1"),
        (("rule", 0, "name"), "15:8", "15:1"),
        (("rule", 1, "name"), "17:8", "17:1"),
        (("rule", 1, "inner", "values", "deep"), "19:10", "19:1"),
        (("absent",), "1:1", "1:1"),
    ],
)
def test_settings_are_found_by_value_and_by_key(
    line_end: str, keys: tuple[str | int, ...], at_value: str, at_key: str
) -> None:
    document = read_toml(TEXT.replace("\n", line_end).encode(), "promptops.toml")
    assert str(document.locate(keys)) == f"promptops.toml:{at_value}"
    assert str(document.locate(keys, at_key=True)) == f"promptops.toml:{at_key}"


def test_data_and_spelling_are_those_of_the_file() -> None:
    document = read_toml(b'\xef\xbb\xbf[run]\nlane = "auto"  \n', "promptops.toml")
    assert document.data == {"run": {"lane": "auto"}}
    assert document.origin(("run", "lane")).raw == '"auto"'


@pytest.mark.parametrize(
    ("content", "where", "rule"),
    [
        (b"a = ", "p.toml:1:5", "toml-syntax"),
        (b"a = 1\n[b\n", "p.toml:2:3", "toml-syntax"),
        (b"a = 'x", "p.toml:1:7", "toml-syntax"),
        (b"a = " + b"9" * 5000, "p.toml", "toml-syntax"),
        (b"a = " + b"[" * 100_000, "p.toml", "toml-syntax"),
        (b"a = 1\na = 2", "p.toml:2:6", "duplicate-key"),
        (b"[a]\n[a]", "p.toml:2:3", "duplicate-key"),
        (b"[a]\nb = 2024-01-01", "p.toml:2:5", "toml-type"),
        (b"a = [1, nan]", "p.toml:1:5", "toml-type"),
        (b"a = " + b"9" * 301, "p.toml:1:5", "toml-type"),
        (b"a = '\xff'", "p.toml:1:6", "not-utf8"),
    ],
)
def test_each_mistake_is_named_with_rule_line_and_column(content: bytes, where: str, rule: str) -> None:
    with pytest.raises(InvalidFilesError) as caught:
        read_toml(content, "p.toml")
    (problem,) = caught.value.problems
    assert (str(problem.where), problem.rule) == (where, rule)


def test_a_misspelled_section_and_setting_are_found_where_they_stand() -> None:
    document = read_toml(b"[gaet]\nbudget = 0\n[run]\nretrys = 1\n[provders.openai]\n", "promptops.toml")
    with pytest.raises(InvalidFilesError) as caught:
        decode(Config, document)
    assert [str(problem) for problem in caught.value.problems] == [
        "promptops.toml:1:2: unknown key `gaet` (did you mean `gate`?)",
        "promptops.toml:4:1: unknown key `retrys` in `run` (did you mean `retries`?)",
        "promptops.toml:5:2: unknown key `provders` (did you mean `providers`?)",
    ]
