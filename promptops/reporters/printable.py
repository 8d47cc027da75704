from __future__ import annotations

import unicodedata


def printable(text: str, *, keep: str = "") -> str:
    """Text from models, files and people, made safe to print: what would steer a terminal is spelled out.

    `keep` names control characters that may stay, such as a line break.
    """
    return "".join(char if char in keep or not _steers(char) else _spelled(char) for char in text)


def _steers(char: str) -> bool:
    # Cc: escape sequences. Cf: text direction overrides and invisible characters. Cs: halves of characters.
    # The last two are no characters, and XML cannot hold them.
    steers = unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") and char != "\u200d"
    return steers or char in "\ufffe\uffff"


def _spelled(char: str) -> str:
    return {"\n": "⏎", "\t": " "}.get(char) or f"\\u{ord(char):04x}"


def shortened(text: str, most: int) -> str:
    """One line of at most `most` characters."""
    # What is spelled out only grows, so the rest cannot matter.
    line = printable(text.strip()[: most + 1])
    return line if len(line) <= most else line[: most - 1] + "…"
