"""`promptops.toml` and the environment: every setting, and where it came from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import PurePosixPath

from promptops.errors import ConfigError, InvalidFilesError, Location, Problem, did_you_mean
from promptops.files.codec import decode, decode_value, encode
from promptops.files.document import Document
from promptops.files.toml_source import read_toml
from promptops.files.tree import SourceTree, read_file
from promptops.model.config import Config, ProviderSettings
from promptops.model.record import JsonValue, Record

FILE = "promptops.toml"
PREFIX = "PROMPTOPS_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting(Record):
    """One setting in force: `source` is built-in, promptops.toml, or the name of a variable."""

    key: str
    value: JsonValue
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Record):
    """The settings in force, and for each that is not built in its source."""

    config: Config
    sources: Mapping[str, str]

    def is_from_environment(self, key: str) -> bool:
        """Whether a setting, such as `project.base`, is one of the environment."""
        return self.sources.get(key, "").startswith(PREFIX)

    def listed(self) -> Iterator[Setting]:
        """Every setting, in the order of the contract."""
        for section, values in encode(self.config).items():
            for key, value in values.items():
                for name, each in _flat(section, key, value):
                    yield Setting(key=name, value=each, source=self.sources.get(name, "built-in"))


def load_settings(tree: SourceTree, environment: Mapping[str, str]) -> Settings:
    """The settings of a project: built-in, overridden by the file, overridden by the environment.

    Raises:
        InvalidFilesError: the file is wrong.
        ConfigError: a variable is wrong.
    """
    written: dict[str, dict[str, JsonValue]] = {}
    sources: dict[str, str] = {}
    path = PurePosixPath(FILE)
    document = Document(FILE, {})
    if tree.is_file(path):
        document = read_toml(read_file(tree, path), FILE)
        _refuse_secrets(document)
        decode(Config, document)
        written = {section: dict(values) for section, values in document.data.items()}
        sources = {name: FILE for section in written for name in _names(section, written[section])}
    for variable, (section, key, value) in _from_environment(environment):
        alone: dict[str, JsonValue] = {}
        _set(alone, key, value)
        decode_value(Config, {section: alone}, Location(variable))
        _set(written.setdefault(section, {}), key, value)
        sources[f"{section}.{key}"] = variable
    config = decode_value(Config, written, Location(FILE))
    _refuse_outside(config, sources, document)
    return Settings(config=config, sources=sources)


def _from_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, str, JsonValue]]]:
    sections = {field.name: field for field in fields(Config)}
    for variable, text in sorted(environment.items()):
        section, _, rest = variable.removeprefix(PREFIX).lower().partition("_")
        if not variable.startswith(PREFIX) or section not in sections or not rest:
            continue
        if section == "providers":
            provider, key = _provider_key(variable, rest)
            yield variable, (section, f"{provider}.{key}", _value(variable, text, ProviderSettings(), key))
        else:
            default = getattr(Config(), section)
            yield variable, (section, rest, _value(variable, text, default, rest))


def _provider_key(variable: str, rest: str) -> tuple[str, str]:
    for field in fields(ProviderSettings):
        if rest.endswith(f"_{field.name}"):
            return rest.removesuffix(f"_{field.name}"), field.name
    raise ConfigError(f"`{variable}` does not name a setting of a provider")


def _value(variable: str, text: str, section: object, key: str) -> JsonValue:
    assert is_dataclass(section)
    types = {field.name: str(field.type) for field in fields(section)}
    if key not in types:
        raise ConfigError(f"`{variable}` does not name a setting", hint=did_you_mean(key, types))
    if types[key].startswith(("str", "Literal")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        raise ConfigError(
            f"`{variable}` cannot be read as a value",
            hint="numbers, true, false and JSON objects are accepted",
        ) from None


def _set(section: dict[str, JsonValue], key: str, value: JsonValue) -> None:
    provider, dot, rest = key.partition(".")
    if dot:
        section[provider] = {**section.get(provider, {}), rest: value}
    elif isinstance(value, Mapping):
        section[key] = {**section.get(key, {}), **value}
    else:
        section[key] = value


def _names(section: str, values: Mapping[str, JsonValue]) -> Iterator[str]:
    for key, value in values.items():
        for name, _ in _flat(section, key, value):
            yield name


def _flat(section: str, key: str, value: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    if section == "providers":
        yield from ((f"{section}.{key}.{name}", each) for name, each in value.items())
    else:
        yield f"{section}.{key}", value


def _refuse_outside(config: Config, sources: Mapping[str, str], document: Document) -> None:
    """Prompts and suites stand inside the project; what does not is told at its source."""
    problems = []
    for key in ("prompts", "evals", "labels"):
        folder = PurePosixPath(getattr(config.project, key))
        if folder.is_absolute() or ".." in folder.parts or "\0" in str(folder):
            source = sources.get(f"project.{key}", FILE)
            where = document.locate(("project", key)) if source == FILE else Location(source)
            message = f"`project.{key}` must be a folder inside the project"
            problems.append(Problem(where, "outside-project", message))
    if problems:
        raise InvalidFilesError(problems)


SECRET_KEYS = ("api_key", "apikey", "api-key", "secret", "token", "password")


def _refuse_secrets(document: Document) -> None:
    def walk(value: JsonValue, keys: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
        if isinstance(value, Mapping):
            for key, each in value.items():
                if str(key).lower() in SECRET_KEYS:
                    yield (*keys, key)
                yield from walk(each, (*keys, key))
        elif isinstance(value, str) and value.startswith(("sk-", "AIza", "ghp_", "xoxb-")):
            yield keys

    for keys in walk(document.data, ()):
        raise InvalidFilesError.single(
            document.locate(keys, at_key=True),
            "secret-in-file",
            "a key stands in the file",
            "keep keys in the environment and revoke this one",
        )
