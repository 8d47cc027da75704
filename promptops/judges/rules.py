"""The rules for what a judge is asked. Each sees the question alone, or the judge with what stands around it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from promptops.judges.question import Question
from promptops.judges.words import (
    COMPARED,
    DEFINED_BY,
    DETERMINISTIC,
    FAMILIES,
    LEADING,
    NEEDS_REFERENCE,
    OPINIONS,
    PREDICATES,
    SECOND_TEXTS,
    VAGUE,
)
from promptops.model.record import Record

_SCALE = re.compile(
    r"\bscales?\b|\brat(e|ing)\b (?!limit|of)|\b(give|assign|return) (it |an? )?[\w\s]{0,30}\b(score|grade|mark)\b"
    r"|\bscore (the|this|it|from|between)\b|\b(from|between) (\d+|one|zero) (to|and|through) (\d+|five|ten)\b"
    r"|\(\d+\s*[-–]\s*\d+\)|\b\d+\s*[-–]\s*\d+ (scale|points|stars)\b"
    r"|\bhow (well|good|helpful|relevant|accurate|clear|correct|complete|much|likely|coherent|fluent)\b|\bout of (5|10|100)\b",
    re.IGNORECASE,
)
_LEADING = re.compile(
    r"^\W*(isn't|aren't|wasn't|weren't|doesn't|don't|didn't|hasn't|haven't|can't|couldn't|won't|wouldn't|shouldn't"
    r"|is it not|does it not)\b|, (right|correct|isn't it|doesn't it|no)\?",
    re.IGNORECASE,
)
_NEGATED = re.compile(r"^(\W*)(\w+)n['’]t\b", re.IGNORECASE)
_JOINED = re.compile(r"\bnot only\b.*\bbut\b|\band/or\b|;\s*\w", re.IGNORECASE)
_LISTED = r"(?:,\s*(?:and |or )?| and | or | & )"
MOST_NAMED = 3


class Severity(StrEnum):
    """How much a finding matters: an error makes the judge's verdicts worthless."""

    ERROR = "error"
    WARNING = "warning"


class Form(StrEnum):
    """What a judge answers with."""

    YES_NO = "yes_no"
    RANGE = "range"
    CHOICES = "choices"
    PAIR = "pair"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Record):
    """A judge, and what stands around it.

    anchors: of a range, the numbers that say what they mean, with `low` and `high`.
    judged_models: the models whose answers it judges.
    shown_cases: ids of cases that its examples show as well.
    """

    question: Question
    form: Form = Form.YES_NO
    anchors: Mapping[str, str] = field(default_factory=dict)
    low: float = 0.0
    high: float = 1.0
    may_abstain: bool = True
    models: tuple[str, ...] = ()
    judged_models: tuple[str, ...] = ()
    is_calibrated: bool = True
    shown_cases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(Record):
    """What a rule finds: why it matters, and what to write instead."""

    rule: str
    severity: Severity
    message: str
    rewrite: str


def findings(asked: Asked) -> list[Finding]:
    """All that the rules find, in their order."""
    return [
        Finding(rule=rule, severity=severity, message=message, rewrite=rewrite)
        for rule, severity, find in RULES
        if asked.question.is_english or find in OF_ANY_LANGUAGE
        for message, rewrite in find(asked)
    ]


Told = Iterator[tuple[str, str]]


def scale_without_anchors(asked: Asked) -> Told:
    """A number means what each reader makes of it."""
    if asked.form is Form.RANGE:
        known = {float(number) for number in asked.anchors if _is_number(number)}
        missing = [end for end in (asked.low, asked.high) if end not in known]
        if missing:
            yield (
                f"`range` does not say what {' and '.join(f'{end:g}' for end in missing)} means",
                f'anchors: {{"{missing[0]:g}": "… what is there, and what is not"}}',
            )
    elif asked.form is Form.YES_NO and (found := _SCALE.search(asked.question.plain)):
        yield (
            f"`{found[0].strip()}` asks for a grade, and the answer is yes or no",
            "ask for one fact that a high grade stands for: `Does {{ output }} mention every point of {{ expected }}?`",
        )


def vague_words(asked: Asked) -> Told:
    """Two people answer alike only what both understand alike."""
    if asked.question.holds(DEFINED_BY):
        return
    words = _vague(asked.question)
    words = [word for word in words if not any(word != other and word in other for other in words)]
    if words:
        named = " and ".join(f"`{word}`" for word in words[:MOST_NAMED])
        rewrite = {**NEEDS_REFERENCE, **VAGUE}[words[0]]
        yield (
            f"two people may understand {named} differently",
            f"ask for the fact that you mean, such as `{rewrite}`, or define the word: `… (i.e. …)`",
        )


def compound(asked: Asked) -> Told:
    """Of two questions in one, nobody knows which was answered."""
    parts = asked.question.parts
    if len(parts) > 1:
        yield (
            f"{len(parts)} questions in one",
            f"a judge for each: {'  '.join(f'`{part}`' for part in parts)}",
        )
        return
    words = _vague(asked.question)
    listed = [
        (one, other)
        for one in words
        for other in words
        if one != other
        and re.search(rf"\b{re.escape(one)}{_LISTED}(\w+ )?{re.escape(other)}\b", asked.question.plain)
    ]
    if listed:
        one, other = listed[0]
        yield (
            f"`{one}` and `{other}` are two questions",
            f"a judge for each: one for `{one}`, one for `{other}`",
        )
    elif beside := re.search(
        rf"\b({'|'.join(map(re.escape, words))}) and (?!the |a |an |to )\w+" if words else "$.",
        asked.question.plain,
    ):
        yield f"`{beside[0]}` is two questions", f"a judge for each: one for `{beside[1]}`, one for the other"
    elif joined := _JOINED.search(asked.question.plain):
        yield f"`{joined[0][:30]}` joins two questions", "a judge for each of them, joined by `type: all_of`"


def no_field(asked: Asked) -> Told:
    """Who is not told which text is meant sees none."""
    if not asked.question.names_a_field:
        yield (
            "names no text to look at",
            "write `{{ output }}`, `{{ expected }}` or `{{ case.context }}` where it is meant",
        )


def leading(asked: Asked) -> Told:
    """A question that hopes for an answer gets it more often."""
    found = _LEADING.search(asked.question.plain) or _first(LEADING, asked.question)
    if found is not None:
        positive = _NEGATED.sub(r"\1\2", asked.question.text.strip())
        rewrite = (
            positive
            if positive != asked.question.text.strip()
            else "ask without saying which answer is expected"
        )
        yield f"`{found[0].strip(' ,')}` suggests the answer", f"`{rewrite}`" if "?" in rewrite else rewrite


def not_yes_or_no(asked: Asked) -> Told:
    """What cannot be answered by yes or no is answered by chance."""
    if asked.form is Form.YES_NO and not asked.question.is_yes_or_no:
        yield (
            "is no question that yes or no answers",
            "begin with `Is`, `Does` or `Has`, and end with `?`; or give the answers as `choices`",
        )


def opinion(asked: Asked) -> Told:
    """A model has no view of its own that would hold."""
    if found := asked.question.words(OPINIONS):
        yield f"`{found[0]}` asks for an opinion", "ask what stands in the text: `Does {{ output }} name …?`"


def deterministic(asked: Asked) -> Told:
    """What a program can decide, it decides always alike, at once and for nothing."""
    scorers = [scorer for pattern, scorer in DETERMINISTIC if re.search(pattern, asked.question.plain)]
    if scorers:
        yield f"`{scorers[0]}` decides this without a model", f"type: {scorers[0]}"


def no_way_out(asked: Asked) -> Told:
    """Who must answer guesses."""
    if not asked.may_abstain:
        yield "must answer even where the texts do not tell", "leave out `abstain: false`"


def compares_two(asked: Asked) -> Told:
    """Judges prefer a place; only both orders show it."""
    if asked.form is not Form.PAIR and (found := asked.question.words(COMPARED)):
        yield (
            f"`{found[0]}` compares two texts in one order only",
            "compare: [output, expected] with a question about `{{ first }}` and `{{ second }}`, asked in both orders",
        )


def same_family(asked: Asked) -> Told:
    """Models like their own kind of answers."""
    for model in asked.models:
        family = family_of(model)
        judged = next((each for each in asked.judged_models if family and family_of(each) == family), None)
        if judged is not None:
            others = ", ".join(name for name in FAMILIES if name != family)
            yield (
                f"`{model}` judges answers of its own family (`{judged}`, {family})",
                f"a judge of another: {others}",
            )
            return


def not_calibrated(asked: Asked) -> Told:
    """Nobody knows how often it is wrong."""
    if not asked.is_calibrated:
        yield (
            "was not measured against people, so it fails no build",
            "`promptops label`, then `promptops judge calibrate`",
        )


def examples_overlap(asked: Asked) -> Told:
    """Who has seen the answer tells nothing by knowing it."""
    if asked.shown_cases:
        named = ", ".join(f"`{case}`" for case in asked.shown_cases[:MOST_NAMED])
        yield (
            f"`few_shot` shows what it judges: {named}",
            "take examples from other cases than those of the dataset",
        )


RULES: tuple[tuple[str, Severity, Callable[[Asked], Told]], ...] = (
    ("PO-J001", Severity.WARNING, scale_without_anchors),
    ("PO-J002", Severity.WARNING, vague_words),
    ("PO-J003", Severity.WARNING, compound),
    ("PO-J004", Severity.ERROR, no_field),
    ("PO-J006", Severity.WARNING, leading),
    ("PO-J007", Severity.WARNING, not_yes_or_no),
    ("PO-J008", Severity.WARNING, opinion),
    ("PO-J009", Severity.WARNING, deterministic),
    ("PO-J010", Severity.WARNING, no_way_out),
    ("PO-J012", Severity.WARNING, compares_two),
    ("PO-J013", Severity.WARNING, same_family),
    ("PO-J014", Severity.WARNING, not_calibrated),
    ("PO-J015", Severity.ERROR, examples_overlap),
)


OF_ANY_LANGUAGE = (no_field, no_way_out, same_family, not_calibrated, examples_overlap)
"""The others know English words alone."""


def family_of(model: str) -> str | None:
    """Who made a model, as far as its name tells."""
    name = model.rpartition("/")[2].lower()
    names = (name, name.rpartition(".")[2], name.partition(":")[0])
    for family, beginnings in FAMILIES.items():
        if any(each.startswith(beginning) for each in names for beginning in beginnings):
            return family
    return None


def _vague(question: Question) -> list[str]:
    """The words of quality in it, those that need a second text where it names none."""
    known = {**VAGUE}
    if not question.holds(SECOND_TEXTS) and not _names_two_fields(question.text):
        known |= NEEDS_REFERENCE
    return [*question.words(known.keys() - PREDICATES), *question.predicates(known.keys() & PREDICATES)]


def _first(words: tuple[str, ...], question: Question) -> re.Match[str] | None:
    found = question.words(words)
    return re.search(re.escape(found[0]), question.plain) if found else None


def _names_two_fields(text: str) -> bool:
    return len(set(re.findall(r"\{\{\s*([\w.]+)", text))) > 1


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
