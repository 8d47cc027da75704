from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from promptops import registry
from promptops.errors import InvalidFilesError, Location, PluginError
from promptops.files.yaml_source import read_yaml
from promptops.scorers.exact_match import ExactMatch
from promptops.scorers.max_words import MaxWords

WHERE = Location("evals/s.yaml", 4, 11)

SCORER = """\
from dataclasses import dataclass
from typing import ClassVar, Literal
from promptops.plugin import Example, Record, Sample, Scale, Score, Scorer

@dataclass(frozen=True, slots=True, kw_only=True)
class Tone(Record):
    "1 when polite."

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (Example(output="please", score=1.0),)
    word: Literal["please", "thanks"] = "please"

    def score(self, sample: Sample) -> Score:
        return Score(value=float(self.word in sample.output))

PLUGIN: type[Scorer] = Tone
"""


def install(folder: Path, package: str, entry: str) -> None:
    """A package with one entry point, as pip leaves it behind."""
    info = folder / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", encoding="utf-8"
    )
    (info / "entry_points.txt").write_text(f"[promptops.scorers]\n{entry}\n", encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that packages are installed into."""
    (tmp_path / "scorers_of_others.py").write_text(SCORER, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "scorers_of_others", raising=False)
    return tmp_path


@pytest.mark.parametrize("family", ["scorers", "targets", "datasets"])
def test_every_file_of_a_family_is_a_plugin(family: str) -> None:
    folder = Path(registry.__file__).parent / family
    files = {path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")}
    assert files
    assert registry.names(family) == tuple(sorted(files))
    for name in files:
        assert registry.description(registry.plugin(family, name, WHERE)).strip()


def test_names_are_listed_without_importing_the_plugins() -> None:
    code = (
        "import sys\nfrom promptops import registry\nassert 'regex' in registry.names('scorers')\n"
        "assert not [each for each in sys.modules if each.startswith('promptops.scorers.')]\n"
        "registry.plugin('scorers', 'regex', None)\n"
        "assert 'promptops.scorers.regex' in sys.modules\n"
        "assert 'promptops.scorers.contains' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_plugin_is_named_as_its_file() -> None:
    assert registry.plugin("scorers", "exact_match", WHERE) is ExactMatch


def test_a_misspelt_name_is_told_with_the_near_match() -> None:
    with pytest.raises(InvalidFilesError) as caught:
        registry.plugin("scorers", "exact_mach", WHERE)
    (problem,) = caught.value.problems
    assert (problem.where, problem.rule) == (WHERE, "unknown-scorer")
    assert (problem.message, problem.hint) == (
        "there is no scorer `exact_mach`",
        "did you mean `exact_match`?",
    )


def test_an_unknown_name_is_told_with_all_that_are_known() -> None:
    with pytest.raises(InvalidFilesError) as caught:
        registry.plugin("targets", "qqqq", WHERE)
    assert caught.value.problems[0].hint == f"known are {', '.join(registry.names('targets'))}"


@pytest.mark.parametrize("name", ["__init__", "_private", "", "exact_match.ExactMatch", "../registry"])
def test_what_is_no_name_finds_nothing(name: str) -> None:
    with pytest.raises(InvalidFilesError):
        registry.plugin("scorers", name, WHERE)


def test_an_installed_package_brings_a_scorer(site: Path) -> None:
    install(site, "others", "tone = scorers_of_others:Tone")
    assert registry.plugin("scorers", "tone", WHERE).__name__ == "Tone"
    with pytest.raises(InvalidFilesError) as caught:
        registry.plugin("scorers", "tonne", WHERE)
    assert caught.value.problems[0].hint == "did you mean `tone`?"


def test_a_built_in_name_cannot_be_taken_over(site: Path) -> None:
    install(site, "others", "exact_match = scorers_of_others:Tone")
    assert registry.plugin("scorers", "exact_match", WHERE) is ExactMatch


def test_two_packages_with_one_name_are_an_error(site: Path) -> None:
    install(site, "others", "tone = scorers_of_others:Tone")
    install(site, "more", "tone = more_scorers:Tone")
    with pytest.raises(PluginError, match="several installed packages bring a `tone`") as caught:
        registry.plugin("scorers", "tone", WHERE)
    assert "`more_scorers:Tone`" in caught.value.message


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("not_there_at_all:Tone", "cannot be imported: ModuleNotFoundError"),
        ("scorers_of_others:Nothing", "cannot be imported: AttributeError"),
        ("scorers_of_others:SCORER_OF_NONE", "cannot be imported: AttributeError"),
        ("scorers_of_others:Scale", "is not a dataclass"),
        ("scorers_of_others:Example", "has no `examples`, `scale`, `version`"),
    ],
)
def test_a_package_that_brings_no_scorer_is_told(entry: str, message: str, site: Path) -> None:
    install(site, "others", f"tone = {entry}")
    with pytest.raises(PluginError, match=message) as caught:
        registry.plugin("scorers", "tone", WHERE)
    assert caught.value.where == WHERE


SUITE = b"""\
scorers:
  short:
    type: max_words
    valeu: 3
  other: {type: max_words, value: -3}
  third: {type: regex, pattern: "("}
"""


@pytest.mark.parametrize(
    ("name", "scorer", "told"),
    [
        (
            "short",
            "max_words",
            [
                "evals/s.yaml:2:3: the key `value` is missing in `scorers.short`",
                "evals/s.yaml:4:5: unknown key `valeu` in `scorers.short` (did you mean `value`?)",
            ],
        ),
        ("other", "max_words", ["evals/s.yaml:5:35: `scorers.other.value`: must be at least 0"]),
        (
            "third",
            "regex",
            [
                "evals/s.yaml:6:10: `scorers.third`: `pattern` is not a regular expression: missing )",
            ],
        ),
    ],
)
def test_wrong_options_are_told_where_they_stand(name: str, scorer: str, told: list[str]) -> None:
    document = read_yaml(SUITE, "evals/s.yaml")
    options = {key: value for key, value in document.data["scorers"][name].items() if key != "type"}
    with pytest.raises(InvalidFilesError) as caught:
        registry.build(registry.plugin("scorers", scorer, WHERE), options, document, ("scorers", name))
    assert [str(problem).partition(", ")[0] for problem in caught.value.problems] == told


def test_options_become_the_fields_of_the_scorer() -> None:
    document = read_yaml(SUITE, "evals/s.yaml")
    assert registry.build(MaxWords, {"value": 3}, document, ("scorers", "short")) == MaxWords(value=3)


def local(folder: Path, source: str, name: str = "tone.py") -> Any:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(source, encoding="utf-8")
    return registry.load_local(path, WHERE)


def test_a_scorer_of_the_repository_is_loaded_from_its_file(tmp_path: Path) -> None:
    plugin = local(tmp_path, SCORER)
    assert registry.description(plugin) == "1 when polite."
    made = registry.build(plugin, {"word": "thanks"}, read_yaml(b"{}", "s.yaml"), ())
    assert made.word == "thanks"


def test_a_file_of_the_repository_never_hides_a_module_of_its_name(tmp_path: Path) -> None:
    import json

    local(tmp_path, SCORER, "json.py")
    assert sys.modules["json"] is json


def test_an_edited_file_is_read_again(tmp_path: Path) -> None:
    assert local(tmp_path, SCORER).version == 1
    assert local(tmp_path, SCORER.replace("int] = 1", "int] = 22")).version == 22


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import os\nos.nothing", "cannot be run: AttributeError"),
        ("def f(:", "cannot be run: SyntaxError"),
        ("raise SystemExit(3)", "cannot be run: SystemExit"),
        ("A = 1", "has no `PLUGIN`"),
        ("PLUGIN = 3", "is not a dataclass"),
        ("class A: pass\nPLUGIN = A", "is not a dataclass"),
        (SCORER.replace("def score", "def scored"), "has no `score`"),
    ],
)
def test_a_file_that_is_no_scorer_is_told(source: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=message) as caught:
        local(tmp_path, source)
    assert caught.value.where == WHERE


def test_only_python_files_are_loaded(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"`tone\.txt` is not a Python file"):
        local(tmp_path, SCORER, "tone.txt")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('Literal["please", "thanks"]', "NotImported"),
        ("    def score", "    def __post_init__(self):\n        {}['x']\n\n    def score"),
    ],
)
def test_a_scorer_that_breaks_over_its_options_is_told_without_a_traceback(
    before: str, after: str, tmp_path: Path
) -> None:
    source = "from __future__ import annotations\n" + SCORER.replace(before, after)
    with pytest.raises(PluginError, match="`Tone` cannot take its options"):
        registry.build(local(tmp_path, source), {}, read_yaml(b"{}", "s.yaml"), ())


def test_documentation_has_options_defaults_and_examples() -> None:
    text = registry.documentation(registry.plugin("scorers", "recorded", WHERE))
    assert "  field: str (required)\n" in text
    assert "  low: float (default 0.0)\n" in text
    assert "data {'ok': True} with {'field': 'ok'} scores 1.0" in text


@pytest.mark.parametrize("family", ["scorers", "targets", "datasets"])
def test_every_plugin_can_be_shown(family: str) -> None:
    for name in registry.names(family):
        assert "options" in registry.documentation(registry.plugin(family, name, WHERE))
