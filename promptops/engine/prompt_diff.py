"""What an edit of a prompt changed, in words and line by line; the only home of deepdiff beside scorers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher, unified_diff

from promptops.model.canonical import canonical_json
from promptops.model.prompt import MessageTemplate, Prompt, PromptExample, Slot, Template
from promptops.model.prompt_change import PromptChange
from promptops.model.record import JsonValue
from promptops.model.suite import as_text

CONTEXT_LINES = 2
LONGEST_VALUE = 60
SETTINGS = ("model", "parameters", "inputs", "output", "tools")


@dataclass(frozen=True, slots=True)
class PromptSide:
    """A prompt as one side has it, with the texts of the partials that it includes, by name."""

    prompt: Prompt
    partials: Mapping[str, str] = field(default_factory=dict)


def prompt_changes(base: PromptSide, head: PromptSide) -> tuple[PromptChange, ...]:
    """What a model is sent differently, most general first; nothing where only words about the prompt changed."""
    return (
        *_settings(base.prompt, head.prompt),
        *_messages(base.prompt, head.prompt),
        *_examples(base.prompt.examples, head.prompt.examples),
        *_partials(base.partials, head.partials),
    )


def _settings(base: Prompt, head: Prompt) -> Iterator[PromptChange]:
    before, after = ({name: _plain(getattr(each, name)) for name in SETTINGS} for each in (base, head))
    if before == after:
        return
    from deepdiff import DeepDiff
    from deepdiff.path import parse_path

    found = DeepDiff(before, after, verbose_level=2, ignore_order=False)
    for kind, changes in found.items():
        for path, change in sorted(changes.items()):
            place = ".".join(str(key) for key in parse_path(path))
            yield PromptChange(what=f"{place} {_told(kind, change)}")


def _told(kind: str, change: JsonValue) -> str:
    if kind.endswith("_added"):
        return f"added: {_short(change)}"
    if kind.endswith("_removed"):
        return f"removed: {_short(change)}"
    return f"{_short(change['old_value'])} → {_short(change['new_value'])}"


def _messages(base: Prompt, head: Prompt) -> Iterator[PromptChange]:
    before, after = [_entry(each) for each in base.messages], [_entry(each) for each in head.messages]
    for tag, (low, high), (new_low, new_high) in _opcodes(before, after):
        if tag == "replace" and [role for role, _ in before[low:high]] == [
            role for role, _ in after[new_low:new_high]
        ]:
            for (role, old), (_, new) in zip(before[low:high], after[new_low:new_high], strict=True):
                yield _edited(f"{role} message", old, new)
            continue
        yield from (_edited(f"{role} message removed:", old, "") for role, old in before[low:high])
        yield from (_edited(f"{role} message added:", "", new) for role, new in after[new_low:new_high])


def _examples(base: Sequence[PromptExample], head: Sequence[PromptExample]) -> Iterator[PromptChange]:
    before, after = ([_example(each) for each in side] for side in (base, head))
    for tag, (low, high), (new_low, new_high) in _opcodes(before, after):
        if tag == "replace" and high - low == new_high - new_low:
            for offset in range(high - low):
                name = f"example {low + offset + 1} changed:"
                yield _edited(name, before[low + offset], after[new_low + offset])
            continue
        yield from (_edited(f"example {index + 1} removed:", before[index], "") for index in range(low, high))
        yield from (
            _edited(f"example {index + 1} added:", "", after[index]) for index in range(new_low, new_high)
        )


def _partials(base: Mapping[str, str], head: Mapping[str, str]) -> Iterator[PromptChange]:
    for name in sorted({*base, *head}):
        if base.get(name) != head.get(name):
            yield _edited(f"partial {name}", base.get(name, ""), head.get(name, ""))


def _edited(name: str, old: str, new: str) -> PromptChange:
    lines = list(unified_diff(old.splitlines(), new.splitlines(), n=CONTEXT_LINES, lineterm=""))[2:]
    added = sum(line.startswith("+") for line in lines)
    removed = sum(line.startswith("-") for line in lines)
    counts = " ".join(filter(None, (f"+{added}" if added else "", f"−{removed}" if removed else "", "lines")))
    return PromptChange(what=f"{name} {counts}", diff=tuple(lines))


def _opcodes(
    before: Sequence[object], after: Sequence[object]
) -> Iterator[tuple[str, tuple[int, int], tuple[int, int]]]:
    matcher = SequenceMatcher(a=before, b=after, autojunk=False)
    for tag, low, high, new_low, new_high in matcher.get_opcodes():
        if tag != "equal":
            yield tag, (low, high), (new_low, new_high)


def _entry(message: MessageTemplate | Slot) -> tuple[str, str]:
    if isinstance(message, Slot):
        return f"place of {message.value},", ""
    if isinstance(message.content, Template):
        return message.role.value, message.content.text
    parts = (
        part.template.text
        if part.kind == "text"
        else f"[{part.kind}] {part.template.text} {part.options or ''}"
        for part in message.content
    )
    return message.role.value, "\n".join(each.rstrip() for each in parts)


def _example(example: PromptExample) -> str:
    inputs = "\n".join(f"{name}: {as_text(value)}" for name, value in example.input.items())
    return f"{inputs}\n→ {as_text(example.output)}"


def _plain(value: JsonValue) -> JsonValue:
    import json

    return json.loads(canonical_json(value))


def _short(value: JsonValue) -> str:
    text = as_text(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
