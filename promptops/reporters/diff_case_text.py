"""Single cases of a comparison: input, what was expected, and what both sides answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from promptops.model.result import CaseErrored, CaseResult, CaseScored
from promptops.model.suite import as_text
from promptops.reporters.answer_text import answer_text, retrieved_text
from promptops.reporters.case_words import NOT_RUN, asked, scores_text, why_absent
from promptops.reporters.diff_cases import CaseKind, CaseView, lost_text
from promptops.reporters.diff_words import Piece, clipped, compared
from promptops.reporters.printable import printable, shortened

LONGEST_FIELD = 400
LONGEST_LABEL = 20
NARROW = 100
COLOURS = {"base": "red", "head": "green"}
MARKS = {"base": ("[-", "-]"), "head": ("{+", "+}")}


@dataclass(frozen=True, slots=True)
class CasePrinter:
    """Prints cases; `full` leaves nothing out. Where there is no colour, signs mark what differs."""

    console: Console
    full: bool = False

    def print(self, view: CaseView, label: str = "") -> None:
        """One case; `label` is its suite, where that is not said above."""
        kinds = ", ".join(kind.value for kind in view.kinds)
        title = Text(f"{label}:" if label else "").append(printable(view.id), "bold")
        if kinds:
            title.append(f"  {kinds}", _style(view.kinds))
        title.append(f"  {scores_text(view)}".rstrip(), "dim")
        self.console.print(title)
        above, below = list(self._shared_rows(view)), list(self._explaining_rows(view))
        base, head = view.pair
        before, after = self._marked(base, head, why_absent(view))
        indent = max(len(name) for name, _ in [*above, ("base", before), *below]) + 2
        for name, text in above:
            self._field(name, text, indent)
        if isinstance(base, CaseScored) and isinstance(head, CaseScored):
            self._outputs(before, after, indent)
        else:
            self._field("base", before, indent)
            self._field("head", after, indent)
        for name, text in below:
            self._field(name, text, indent)

    def _shared_rows(self, view: CaseView) -> Iterator[tuple[str, Text]]:
        """What both sides were asked; of an edited case also what the branch asks."""
        yield from self._asked(view.head or view.base or view.branch, "")
        if self.full and CaseKind.EDITED in view.kinds:
            yield from self._asked(view.branch, " (branch)")

    def _asked(self, results: Sequence[CaseResult], mark: str) -> Iterator[tuple[str, Text]]:
        scored = next((each for each in results if isinstance(each, CaseScored)), None)
        if scored is None:
            return
        for name, value in asked(scored):
            yield f"{shortened(name, LONGEST_LABEL)}{mark}", self._text(value)
        if scored.expected is not None:
            yield f"expected{mark}", self._text(as_text(scored.expected))
        if mark:
            yield f"output{mark}", self._text(answer_text(scored.completion))

    def _text(self, text: str) -> Text:
        return self._joined([Piece(text, differs=False)], "base")

    def _marked(self, base: CaseResult | None, head: CaseResult | None, absent: str) -> tuple[Text, Text]:
        if isinstance(base, CaseScored) and isinstance(head, CaseScored):
            before, after = compared(answer_text(base.completion), answer_text(head.completion))
            return self._joined(before, "base"), self._joined(after, "head")
        return self._alone(base, absent), self._alone(head, NOT_RUN)

    def _alone(self, result: CaseResult | None, absent: str) -> Text:
        if result is None:
            return Text(absent, "dim italic")
        if isinstance(result, CaseErrored):
            return Text(printable(lost_text(result)), "magenta")
        return self._text(answer_text(result.completion))

    def _joined(self, pieces: Sequence[Piece], side: str) -> Text:
        text = Text()
        has_colour = self.console.color_system is not None and not self.console.no_color
        opening, closing = ("", "") if has_colour else MARKS[side]
        for piece in pieces if self.full else clipped(pieces, LONGEST_FIELD):
            shown = printable(piece.text, keep="\n")
            if piece.differs:
                # A line break inside of the signs would tear them apart.
                words = shown.strip() or shown
                before, after = shown.split(words, 1)
                text.append(before).append(f"{opening}{words}{closing}", f"bold {COLOURS[side]}").append(
                    after
                )
            else:
                text.append(shown)
        text.rstrip()
        return text if text.plain else Text("(empty)", "dim italic")

    def _field(self, name: str, text: Text, indent: int) -> None:
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(style="dim", min_width=indent - 2, no_wrap=True)
        table.add_column(overflow="fold")
        table.add_row(name, text)
        self.console.print(Padding(table, (0, 0, 0, 2)))

    def _outputs(self, before: Text, after: Text, indent: int) -> None:
        """Side by side where there is room for it and both have more than a line."""
        half = (self.console.width - 2 - indent - 4) // 2
        is_long = all(each.cell_len > half or "\n" in each.plain for each in (before, after))
        if self.console.width < NARROW or not is_long:
            self._field("base", before, indent)
            self._field("head", after, indent)
            return
        table = Table.grid(padding=(0, 3, 0, 0))
        table.add_column(width=half, overflow="fold")
        table.add_column(width=half, overflow="fold")
        table.add_row(Text("base", "dim"), Text("head", "dim"))
        table.add_row(before, after)
        self.console.print(Padding(table, (0, 0, 0, indent + 2)))

    def _explaining_rows(self, view: CaseView) -> Iterator[tuple[str, Text]]:
        base, head = view.pair
        for side, result in (("base", base), ("head", head)):
            if isinstance(result, CaseScored):
                retrieved = retrieved_text(result.completion)
                if retrieved:
                    yield f"{side} from", Text(shortened(retrieved, LONGEST_FIELD))
                if result.completion.failure:
                    yield side, Text(f"the answer itself failed: {result.completion.failure}", "yellow")
        if self.full:
            yield from self._all_scores(view)
            yield from self._further_runs(view)
            return
        primary = view.suite.primary
        score = head.scores.get(primary.metric) if primary and isinstance(head, CaseScored) else None
        if score is not None and score.reason:
            yield "why", Text(shortened(score.reason, LONGEST_FIELD))

    def _all_scores(self, view: CaseView) -> Iterator[tuple[str, Text]]:
        """Every score of each side with its reason."""
        results = [each for each in (*view.base, *view.head, *view.branch) if isinstance(each, CaseScored)]
        for name in dict.fromkeys(name for each in results for name in each.scores):
            sides = [_scores(side, name) for side in (view.base, view.head)]
            by_branch = _scores(view.branch, name)
            text = " → ".join(each for each in sides if each)
            told = f"by the branch's ruler {by_branch}" if by_branch else ""
            yield shortened(name, LONGEST_LABEL), Text(", ".join(each for each in (text, told) if each))

    def _further_runs(self, view: CaseView) -> Iterator[tuple[str, Text]]:
        """What each run of the case answered, where there are several."""
        for side, results in (("base", view.base), ("head", view.head), ("branch", view.branch)):
            for result in results if len(results) > 1 else ():
                yield f"{side}, run {result.repeat + 1}", self._alone(result, NOT_RUN)


def _scores(results: Sequence[CaseResult], metric: str) -> str:
    """What one side got in a metric, with the reasons; one value for each run."""
    texts = []
    for result in results:
        score = result.scores.get(metric) if isinstance(result, CaseScored) else None
        if score is not None:
            value = "cannot tell" if score.value is None else f"{score.value:.4g}"
            texts.append(f"{value} ({printable(score.reason)})" if score.reason else value)
    return ", ".join(texts)


def _style(kinds: Sequence[CaseKind]) -> str:
    if {CaseKind.BROKE, CaseKind.LOWER}.intersection(kinds):
        return "red"
    return "green" if {CaseKind.FIXED, CaseKind.HIGHER}.intersection(kinds) else "yellow"
