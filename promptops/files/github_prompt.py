"""GitHub's `.prompt.yml`: its names for what a prompt file says, and its tests as a suite."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from promptops.errors import InvalidFilesError, Problem
from promptops.files.document import Document
from promptops.model.record import JsonValue
from promptops.model.suite import DatasetRef, Suite

if TYPE_CHECKING:
    from promptops.files.prompt import LoadedPrompt, PromptSource

Translation = tuple[dict[str, JsonValue], Mapping[str, JsonValue] | None, list[Problem]]


def translate(source: PromptSource, document: Document) -> Translation:
    """Parameters, output schema and warnings of a prompt that may use GitHub's names.

    Raises:
        InvalidFilesError: `jsonSchema` is not JSON, or both spellings of one thing are given.
    """
    warnings = []
    if source.name is not None:
        warnings.append(
            _no_counterpart(document, ("name",), "`name` is not used: a prompt's name is its path")
        )
    parameters = {_snake_case(key): value for key, value in (source.modelParameters or {}).items()}
    if source.responseFormat == "json_object":
        parameters["response_format"] = {"type": "json_object"}
    output = source.output
    if source.jsonSchema is not None:
        if output is not None:
            where = document.locate(("jsonSchema",), at_key=True)
            raise InvalidFilesError.single(
                where, "twice", "`output` and `jsonSchema` say the same thing; keep one"
            )
        output = _schema(source.jsonSchema, document)
    elif source.responseFormat == "json_schema" and output is None:
        where = document.locate(("responseFormat",))
        raise InvalidFilesError.single(
            where, "missing-key", "`responseFormat: json_schema` needs `jsonSchema`"
        )
    return {**parameters, **source.parameters}, output, warnings


def implied_suite(loaded: LoadedPrompt) -> tuple[Suite | None, list[Problem]]:
    """The suite that `testData` and `evaluators` describe, and the evaluators without a counterpart."""
    source, document = loaded.source, loaded.document
    problems: list[Problem] = []
    scorers: dict[str, Mapping[str, JsonValue]] = {}
    for index, evaluator in enumerate(source.evaluators):
        name = str(evaluator.get("name") or f"evaluator_{index + 1}")
        scorer = _scorer(evaluator)
        if scorer is None:
            message = f"the evaluator `{name}` has no counterpart and is left out"
            problems.append(_no_counterpart(document, ("evaluators", index), message))
        else:
            scorers[name] = scorer
    if not source.testData or not scorers:
        if source.testData:
            message = "`testData` is not evaluated: no evaluator here has a counterpart"
            problems.append(_no_counterpart(document, ("testData",), message))
        return None, problems
    dataset = DatasetRef(path="/" + loaded.prompt.path)
    return Suite(prompt=loaded.prompt.name, dataset=dataset, scorers=scorers), problems


def _scorer(evaluator: Mapping[str, JsonValue]) -> Mapping[str, JsonValue] | None:
    checks = evaluator.get("string")
    if not isinstance(checks, Mapping) or len(checks) != 1:
        return None
    ((check, value),) = checks.items()
    wanted = {"expected": _case_template(str(value))}
    if check == "equals":
        return {"type": "exact_match", **wanted}
    if check == "contains":
        return {"type": "contains", **wanted}
    if check in ("startsWith", "endsWith") and "{{" not in str(value):
        literal = re.escape(str(value))
        return {"type": "regex", "pattern": rf"\A{literal}" if check == "startsWith" else rf"{literal}\Z"}
    return None


def _case_template(text: str) -> str:
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", r"{{ case.\1 }}", text)


def _schema(written: str | Mapping[str, JsonValue], document: Document) -> Mapping[str, JsonValue]:
    where = document.locate(("jsonSchema",))
    try:
        schema = json.loads(written) if isinstance(written, str) else written
    except ValueError as error:
        raise InvalidFilesError.single(where, "invalid-value", f"`jsonSchema` is not JSON: {error}") from None
    if not isinstance(schema, Mapping):
        raise InvalidFilesError.single(where, "wrong-type", "`jsonSchema` must hold an object")
    inner = schema.get("schema")
    return inner if isinstance(inner, Mapping) else schema


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: "_" + match[1].lower(), name)


def _no_counterpart(document: Document, keys: tuple[str | int, ...], message: str) -> Problem:
    return Problem(document.locate(keys, at_key=True), "no-counterpart", message, severity="warning")
