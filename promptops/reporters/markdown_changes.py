"""What the branch changes: the prompts, and what measures them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.model.diff import Comparison, PromptDiff, SuiteComparison
from promptops.reporters.amounts import counted
from promptops.reporters.diff_phrases import mean_text
from promptops.reporters.markdown_counts import ruler_changes
from promptops.reporters.markdown_layout import Section, bullets
from promptops.reporters.markdown_scores import named
from promptops.reporters.markdown_text import block, code, html_code, prose

LONGEST_DIFF = 15_000
"""Characters after which no further prompt is begun."""

MOST_NAMED = 5
MOST_CHANGES = 12
MOST_LINES = 40
MOST_SHOWN_AT_ONCE = 12
"""Lines of a diff, or of changes of the ruler, that need no click."""

LONGEST_LINE = 300


def changed_text(comparison: Comparison) -> str:
    """What is evaluated differently beside the prompts, in a line; empty where nothing is."""
    edited = {f"prompt {suite.prompt} edited" for suite in comparison.suites}
    others = (change for suite in comparison.suites for change in suite.changed if change not in edited)
    parts = list(dict.fromkeys(map(prose, others)))
    more = f", and {len(parts) - MOST_NAMED:,} more" if len(parts) > MOST_NAMED else ""
    return f"**Changed:** {'; '.join(parts[:MOST_NAMED])}{more}." if parts else ""


def prompt_changes(comparison: Comparison) -> Iterator[Section]:
    """Every changed prompt with its diff; open where that is short."""
    prompts = comparison.prompts
    if not prompts:
        return
    parts: list[str] = []
    for place, prompt in enumerate(prompts):
        if sum(map(len, parts)) > LONGEST_DIFF:
            parts.append(f"… and {counted(len(prompts) - place, 'more prompt')}: `git diff` shows them")
            break
        # One alone is named above already.
        parts += [f"**{code(prompt.prompt)}**"] if len(prompts) > 1 else []
        parts += _changes(prompt)
    names = ", ".join(html_code(prompt.prompt) for prompt in prompts[:MOST_NAMED])
    more = f" and {len(prompts) - MOST_NAMED:,} more" if len(prompts) > MOST_NAMED else ""
    lines = sum(len(change.diff) or 1 for prompt in prompts for change in prompt.changes)
    yield Section(
        name="changes of prompts",
        title=f"Changed {'prompt' if len(prompts) == 1 else 'prompts'}: {names}{more}",
        body="\n\n".join(parts),
        is_open=lines <= MOST_SHOWN_AT_ONCE,
    )


def _changes(prompt: PromptDiff) -> Iterator[str]:
    for change in prompt.changes[:MOST_CHANGES]:
        yield prose(change.what)
        if change.diff:
            yield block(_diff_lines(change.diff), "diff")
    left = len(prompt.changes) - MOST_CHANGES
    if left > 0:
        yield f"… and {counted(left, 'more change')}"


def _diff_lines(diff: Sequence[str]) -> Iterator[str]:
    # One change has no need of line numbers; several are told apart by them.
    is_numbered = sum(line.startswith("@@") for line in diff) > 1
    shown = [line for line in diff if is_numbered or not line.startswith("@@")]
    for line in shown[:MOST_LINES]:
        yield (
            line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}… {len(line) - LONGEST_LINE:,} more"
        )
    if len(shown) > MOST_LINES:
        yield f"… {len(shown) - MOST_LINES:,} more lines"


def ruler(comparison: Comparison) -> Iterator[Section]:
    """What the branch changes of what measures it, and the head's scores by the branch's ruler."""
    count = ruler_changes(comparison)
    if not count:
        return
    lines = [f"settings: {prose(change)}" for change in comparison.settings_changes]
    for suite, label in named(comparison):
        lines += _ruler_lines(suite, code(label))
    title = f"What measures changes: {counted(count, 'change')}, after the merge"
    is_short = len(lines) <= MOST_SHOWN_AT_ONCE
    yield Section(name="changes of the ruler", title=title, body=bullets(lines), is_open=is_short)


def _ruler_lines(suite: SuiteComparison, label: str) -> Iterator[str]:
    if not suite.ruler.changes:
        return
    yield from (f"suite {label}: {prose(change)}" for change in suite.ruler.changes)
    means = [
        f"{code(each.metric)} {mean_text(each.mean)} (n = {each.n:,})"
        for each in suite.ruler.branch_metrics[:MOST_NAMED]
    ]
    if means:
        yield f"suite {label}: by the branch's ruler the head scores {', '.join(means)}"
