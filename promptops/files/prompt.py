"""Prompt files: how they are written, and how they become a `Prompt`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal

from promptops.errors import InvalidFilesError, Problem, did_you_mean
from promptops.files.codec import decode
from promptops.files.document import Document
from promptops.files.tree import SourceTree, read_file, resolve_reference
from promptops.files.yaml_source import read_yaml
from promptops.model.prompt import ContentPart, MessageTemplate, Prompt, PromptExample, Role, Slot, Template
from promptops.model.record import JsonValue, Record
from promptops.model.text_origin import TextOrigin

SUFFIXES = (".prompt.yaml", ".prompt.yml", ".yaml", ".yml")
EXAMPLES_SUFFIXES = (".examples.yaml", ".examples.yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSource(Record):
    """An image of a message: its address (a template) and the detail to look at it with."""

    url: str
    detail: Literal["auto", "low", "high"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartSource(Record):
    """A part of a message's content: a text or an image."""

    type: Literal["text", "image_url"]
    text: str | None = None
    image_url: ImageSource | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSource(Record):
    """A message: who speaks, and a template (or parts) of what is said."""

    role: Role
    content: str | tuple[PartSource, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleSource(Record):
    """A few-shot pair."""

    input: Mapping[str, JsonValue]
    output: JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamplesFileSource(Record):
    """Few-shot pairs that live in a file of their own, a YAML list."""

    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSource(Record):
    """A prompt file. GitHub's `.prompt.yml` fields (`modelParameters` and on) are accepted as they are."""

    description: str = ""
    model: str | None = None
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)
    inputs: Mapping[str, JsonValue] | None = None
    output: Mapping[str, JsonValue] | None = None
    examples: ExamplesFileSource | tuple[ExampleSource, ...] = ()
    messages: tuple[Literal["examples", "history"] | MessageSource, ...]
    tools: tuple[Mapping[str, JsonValue], ...] = ()
    metadata: Mapping[str, JsonValue] = field(default_factory=dict)
    name: str | None = None
    modelParameters: Mapping[str, JsonValue] | None = None  # noqa: N815 - GitHub's spelling
    responseFormat: Literal["text", "json_object", "json_schema"] | None = None  # noqa: N815
    jsonSchema: str | Mapping[str, JsonValue] | None = None  # noqa: N815
    testData: tuple[Mapping[str, JsonValue], ...] = ()  # noqa: N815
    evaluators: tuple[Mapping[str, JsonValue], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedPrompt(Record):
    """A prompt with the file it came from, and what in it has no counterpart here."""

    prompt: Prompt
    source: PromptSource
    document: Document
    warnings: tuple[Problem, ...] = ()


def prompt_files(tree: SourceTree, folder: str) -> Iterator[tuple[str, PurePosixPath]]:
    """The name and path of every prompt, sorted by path."""
    for path in tree.files(PurePosixPath(folder)):
        name = prompt_name(path, folder)
        if name is not None:
            yield name, path


def prompt_name(path: PurePosixPath, folder: str) -> str | None:
    """`prompts/support/triage.yaml` is `support/triage`; None for a file that is not a prompt."""
    text = path.name
    if text.endswith(EXAMPLES_SUFFIXES):
        return None
    suffix = next((suffix for suffix in SUFFIXES if text.endswith(suffix) and text != suffix), None)
    if suffix is None:
        return None
    return str(path.relative_to(folder).with_name(text.removesuffix(suffix)))


def find_prompt(tree: SourceTree, folder: str, name: str) -> PurePosixPath | None:
    """The file of a prompt, looked up without listing the folder."""
    candidates = (PurePosixPath(folder) / f"{name}{suffix}" for suffix in SUFFIXES)
    return next((path for path in candidates if tree.is_file(path)), None)


def load_prompt(tree: SourceTree, path: PurePosixPath, folder: str) -> LoadedPrompt:
    """Reads one prompt file with its examples.

    Raises:
        InvalidFilesError: with every problem of the file's form.
    """
    from promptops.files.github_prompt import translate

    document = read_yaml(read_file(tree, path), str(path))
    source = decode(PromptSource, document)
    if not source.messages:
        where = document.locate(("messages",))
        raise InvalidFilesError.single(where, "missing-key", "a prompt needs at least one message")
    parameters, output, warnings = translate(source, document)
    prompt = Prompt(
        name=prompt_name(path, folder) or path.stem,
        path=str(path),
        description=source.description,
        model=source.model,
        parameters=parameters,
        inputs=_input_schema(source.inputs, document),
        output=output,
        examples=tuple(_examples(source, document, tree, path)),
        messages=tuple(_messages(source, document)),
        tools=source.tools,
        metadata=source.metadata,
    )
    return LoadedPrompt(prompt=prompt, source=source, document=document, warnings=tuple(warnings))


def _messages(source: PromptSource, document: Document) -> Iterator[MessageTemplate | Slot]:
    problems: list[Problem] = []
    for index, message in enumerate(source.messages):
        keys: tuple[str | int, ...] = ("messages", index)
        if isinstance(message, str):
            yield Slot(message)
        elif isinstance(message.content, str):
            content = Template(text=message.content, origin=document.origin((*keys, "content")))
            yield MessageTemplate(role=message.role, content=content)
        else:
            parts = tuple(_parts(message.content, document, (*keys, "content"), problems))
            yield MessageTemplate(role=message.role, content=parts)
    if problems:
        raise InvalidFilesError(problems)


def _parts(
    parts: Sequence[PartSource], document: Document, keys: tuple[str | int, ...], problems: list[Problem]
) -> Iterator[ContentPart]:
    for index, part in enumerate(parts):
        here = (*keys, index)
        if part.type == "text" and part.text is not None and part.image_url is None:
            yield ContentPart(
                kind="text", template=Template(text=part.text, origin=document.origin((*here, "text")))
            )
        elif part.type == "image_url" and part.image_url is not None and part.text is None:
            origin = document.origin((*here, "image_url", "url"))
            options = {"detail": part.image_url.detail} if part.image_url.detail else {}
            yield ContentPart(
                kind="image_url", template=Template(text=part.image_url.url, origin=origin), options=options
            )
        else:
            message = f"a part of type `{part.type}` has exactly the key `{part.type}` beside it"
            problems.append(Problem(document.locate(here), "invalid-part", message))


def _examples(
    source: PromptSource, document: Document, tree: SourceTree, path: PurePosixPath
) -> Iterator[PromptExample]:
    pairs = source.examples
    keys: tuple[str | int, ...] = ("examples",)
    if isinstance(pairs, ExamplesFileSource):
        where = document.locate(("examples", "file"))
        file = resolve_reference(path, pairs.file, where)
        document = read_yaml(read_file(tree, file, mentioned_at=where), str(file))
        pairs, keys = decode(tuple[ExampleSource, ...], document), ()
    for index, pair in enumerate(pairs):
        place = document.locate((*keys, index))
        origin = TextOrigin(path=place.path, line=place.line or 1, column=place.column or 1)
        yield PromptExample(input=pair.input, output=pair.output, origin=origin)


def _input_schema(
    inputs: Mapping[str, JsonValue] | None, document: Document
) -> Mapping[str, JsonValue] | None:
    """The full JSON Schema behind `message: string`, `message: {type: …}` or a schema of an object."""
    if inputs is None:
        return None
    if inputs.get("type") == "object" and isinstance(inputs.get("properties", {}), Mapping):
        return {"required": list(inputs.get("properties", {})), **inputs}
    properties = {name: _property(name, schema, document) for name, schema in inputs.items()}
    required = [name for name, schema in properties.items() if "default" not in schema]
    return {"type": "object", "properties": properties, "required": required}


TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")


def _property(name: str, schema: JsonValue, document: Document) -> Mapping[str, JsonValue]:
    if isinstance(schema, Mapping):
        return schema
    where = document.locate(("inputs", name))
    if schema is None:
        return {}
    if isinstance(schema, str) and schema in TYPES:
        return {"type": schema}
    hint = did_you_mean(str(schema), TYPES) or f"one of {', '.join(TYPES)}, or a JSON Schema"
    raise InvalidFilesError.single(where, "invalid-value", f"`{schema}` is not a type", hint)
