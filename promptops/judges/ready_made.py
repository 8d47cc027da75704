"""Judges that come with promptops, as files to read and to copy: `type: judge` with `use: NAME`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from promptops.errors import did_you_mean
from promptops.files.yaml_source import read_yaml
from promptops.model.record import JsonValue
from promptops.model.suite import as_text

USE, WITH = "use", "with"
_FOLDER = files("promptops.judges").joinpath("ready")


def names() -> tuple[str, ...]:
    """The judges, in order."""
    return tuple(
        sorted(each.name.removesuffix(".yaml") for each in _FOLDER.iterdir() if each.name.endswith(".yaml"))
    )


def text(name: str) -> str:
    """The file of a judge; its first line says what it is for."""
    return _FOLDER.joinpath(f"{name}.yaml").read_text(encoding="utf-8")


def summary(name: str) -> str:
    """What a judge is for."""
    return text(name).partition("\n")[0].removeprefix("# ")


def resolved(options: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The options of a judge with those of the one that it uses; its own come before them.

    Raises:
        ValueError: there is no such judge, or `with` does not fit its question.
    """
    given = dict(options)
    name, values = given.pop(USE, None), given.pop(WITH, None) or {}
    if name is None:
        if values:
            raise ValueError("`with` fills the question of the judge that `use` names")
        return given
    if name not in names():
        hint = did_you_mean(str(name), names()) or f"they are {', '.join(names())}"
        raise ValueError(f"no judge is called `{name}`; {hint}")
    ready = dict(read_yaml(text(str(name)).encode(), str(name)).data)
    ready.pop("type")
    question, defaults = ready.pop("question"), ready.pop(WITH)
    strangers = sorted(set(values) - set(defaults))
    if strangers:
        raise ValueError(
            f"`with` has no `{strangers[0]}` here; it has {', '.join(f'`{each}`' for each in defaults)}"
        )
    for key, value in {**defaults, **values}.items():
        if value is None:
            raise ValueError(f"`{name}` needs `with: {{{key}: …}}`")
        question = question.replace(f"<{key}>", as_text(value))
    return {**ready, "question": question, **given}
