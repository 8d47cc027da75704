"""Cases that stand in other datasets too, or among the examples of a prompt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from promptops.commands.dataset import find_dataset, format_of
from promptops.commands.prepare import PreparedCell
from promptops.commands.project import Project
from promptops.commands.prompts import require_prompt
from promptops.commands.suites import load_all, suite_names
from promptops.engine.case_text import asked_text
from promptops.engine.near_texts import near_pairs
from promptops.errors import InvalidFilesError, Problem
from promptops.files.dataset import DatasetSource, read_cases
from promptops.files.prompt import prompt_files
from promptops.model.audit import Finding, FindingKind
from promptops.model.suite import as_text

if TYPE_CHECKING:
    from promptops.commands.audit import AuditedCase

SHORTEST = 12
"""Characters of a text that does not stand in two places by chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherTexts:
    """What stands in one other place: a dataset, or the examples of a prompt; texts by who has them."""

    where: str
    path: PurePosixPath
    texts: dict[str, str]


def other_texts(project: Project) -> list[OtherTexts]:
    """The texts of every dataset of the repository that can be read, and of every prompt's examples.

    Datasets are those that a suite names, and what lies beside them.
    """
    return [*_datasets(project), *_examples(project)]


def _datasets(project: Project) -> Iterator[OtherTexts]:
    sources: dict[PurePosixPath, DatasetSource] = {}
    for loaded in load_all(project, suite_names(project)):
        if not isinstance(loaded, Problem):
            try:
                source = find_dataset(project, loaded)
            except InvalidFilesError:
                continue
            sources[source.path] = source
    for folder in {path.parent for path in sources}:
        for path in project.tree.files(folder):
            format_ = format_of(path)
            if path not in sources and format_ is not None:
                sources[path] = DatasetSource(path=path, format_=format_)
    for path, source in sorted(sources.items()):
        try:
            texts = {asked_text(case.fields): case.id for case in read_cases(project.tree, source)}
        except InvalidFilesError:
            # A file of another kind beside the datasets, or one that its own suite complains about.
            continue
        yield OtherTexts(where=f"`{path}`", path=path, texts=_telling(texts))


def _examples(project: Project) -> Iterator[OtherTexts]:
    folder = project.config.project.prompts
    for name, path in prompt_files(project.tree, folder):
        try:
            prompt = require_prompt(project.tree, folder, name).prompt
        except InvalidFilesError:
            continue
        texts = {asked_text(example.input): as_text(example.output) for example in prompt.examples}
        yield OtherTexts(where=f"the examples of prompt `{name}`", path=path, texts=_telling(texts))


def _telling(texts: dict[str, str]) -> dict[str, str]:
    return {text: id_ for text, id_ in texts.items() if len(text) >= SHORTEST}


def leaks(
    prepared: PreparedCell, cases: Sequence[AuditedCase], others: Sequence[OtherTexts]
) -> Iterator[Finding]:
    """Cases whose text stands elsewhere, the same or nearly so; those of the suite's own dataset are no leaks."""
    own = find_dataset(prepared.project, prepared.loaded).path
    by_text: dict[str, AuditedCase] = {}
    for case in cases:
        if len(case.text) >= SHORTEST:
            by_text.setdefault(case.text, case)
    for other in others:
        if other.path == own:
            continue
        for case in cases:
            if case.text in other.texts:
                yield _finding(FindingKind.LEAK, case, other, case.text)
        mine = [text for text in by_text if text not in other.texts]
        theirs = list(other.texts)
        for pair in near_pairs(mine, theirs):
            text = theirs[pair.other]
            yield _finding(FindingKind.NEAR_LEAK, by_text[mine[pair.one]], other, text, pair.similarity)


def _finding(
    kind: FindingKind, case: AuditedCase, other: OtherTexts, text: str, similarity: float | None = None
) -> Finding:
    known_as = other.texts[text]
    alike = "" if similarity is None else f", {similarity:.0%} alike"
    return Finding(
        kind=kind,
        cases=(case.id,),
        text=case.text[:200],
        reason=f"there it is `{known_as[:80]}`{alike}",
        where=other.where,
    )
