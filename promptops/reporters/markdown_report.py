"""A report as Markdown, for a pull request's comment and the summary of a job: may it be merged, and why."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from promptops.model.diff import Comparison
from promptops.reporters.amounts import counted
from promptops.reporters.diff_phrases import SHA
from promptops.reporters.markdown_cases import harmed_cases, other_cases
from promptops.reporters.markdown_changes import changed_text, prompt_changes, ruler
from promptops.reporters.markdown_details import age_text, components, confusions, costs, spent_text, trust
from promptops.reporters.markdown_layout import Section, fitted
from promptops.reporters.markdown_scores import gated_scores, other_scores, slice_scores
from promptops.reporters.markdown_text import block, code, prose
from promptops.reporters.markdown_verdict import answer, base_name, why
from promptops.reporters.report import Report

LONGEST = 65_000
"""Characters; GitHub refuses a comment beyond 65,536, and a summary beyond a megabyte."""

LONGEST_COMMAND = 1000
COMMIT = re.compile(r"[0-9a-f]{40,64}")


def text(report: Report, longest: int = LONGEST, ran_on: str | None = None) -> str:
    """The report in at most so many characters; what is too much is left out from the bottom, and named.

    `ran_on` is the commit that a job is about, which may have checked out a merge of it that nobody else knows.
    """
    head = "\n\n".join(_head(report, ran_on))
    return fitted(head, list(_sections(report)), "\n\n".join(_foot(report)), longest)


def _head(report: Report, ran_on: str | None) -> Iterator[str]:
    """What one look has to be enough for."""
    comparison, found = report.comparison, answer(report)
    yield f"## {found.icon} {found.words}"
    yield f"promptops compared {_head_name(comparison, ran_on)} with {_base_name(comparison)}."
    yield why(report)
    yield from gated_scores(comparison)
    changed = changed_text(comparison)
    if changed:
        yield changed


def _sections(report: Report) -> Iterator[Section]:
    """What a reader opens, the most important first."""
    comparison = report.comparison
    yield from harmed_cases(report)
    yield from prompt_changes(comparison)
    yield from ruler(comparison)
    yield from other_cases(report)
    yield from other_scores(comparison)
    yield from slice_scores(comparison)
    yield from components(comparison)
    yield from confusions(comparison)
    yield from costs(comparison)
    yield from trust(comparison)


def _foot(report: Report) -> Iterator[str]:
    comparison = report.comparison
    base = comparison.base
    behind = f"{counted(base.commits_behind, 'commit')} behind" if base.commits_behind else ""
    facts = ", ".join(fact for fact in (age_text(comparison), behind) if fact)
    found = f", {prose(base.found)}" if base.found else ""
    yield f"Base: {code(base.sha[:SHA])}{f' ({facts})' if facts else ''}{found}. {spent_text(comparison)}".rstrip()
    if _is_ours(report.command):
        commands = [*_fetch(comparison), report.command]
        yield f"The same again:\n{block(commands, 'sh', is_wrapped=False)}"


def _head_name(comparison: Comparison, ran_on: str | None) -> str:
    head = comparison.head
    branch = f" ({code(head.branch)})" if head.branch else ""
    changes = ", with what is not committed," if head.dirty else ""
    found = code((head.sha or "no commit")[:SHA])
    if ran_on is not None and head.sha not in (None, ran_on):
        return f"{code(ran_on[:SHA])} (checked out as {found}){changes}"
    return f"{found}{branch}{changes}"


def _fetch(comparison: Comparison) -> Iterator[str]:
    """What a clone needs first: a head without a branch may be a merge that only the forge has."""
    head = comparison.head
    if head.sha and head.branch is None and not head.dirty and COMMIT.fullmatch(head.sha):
        yield f"git fetch origin {head.sha}"


def _base_name(comparison: Comparison) -> str:
    sha, name = comparison.base.sha[:SHA], base_name(comparison)
    return code(sha) if name == sha else f"{code(sha)} ({code(name)})"


def _is_ours(command: str) -> bool:
    """Whether it is one command of promptops: the report of a fork may say anything, and people copy this."""
    try:
        words = shlex.split(command) if len(command) <= LONGEST_COMMAND else []
    except ValueError:
        return False
    return words[:1] == ["promptops"] and shlex.join(words) == command
