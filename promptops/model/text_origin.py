from __future__ import annotations

from dataclasses import dataclass

from promptops.errors import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class TextOrigin:
    """Where a text stands in a file, so that errors inside it can name line and column.

    `raw` is the slice of the file that spells the text (a YAML scalar with its quotes and
    indentation, or a whole partial); `line` and `column` are where that slice begins, from 1.
    """

    path: str
    raw: str = ""
    line: int = 1
    column: int = 1

    def locate(self, text: str, offset: int, length: int = 1) -> Location:
        """The place of `text[offset:offset + length]`, found again in the raw spelling.

        Counting equal pieces makes this work for every quoting and folding style.
        """
        piece = text[offset : offset + length]
        if not piece.strip():
            return self.start
        position = -1
        for _ in range(text.count(piece, 0, offset) + 1):
            position = self.raw.find(piece, position + 1)
            if position < 0:
                return self.start
        before = self.raw[:position]
        line_breaks = before.count("\n")
        column = len(before) - before.rfind("\n") if line_breaks else self.column + position
        return Location(self.path, self.line + line_breaks, column)

    @property
    def start(self) -> Location:
        """Where the text begins."""
        return Location(self.path, self.line, self.column)
