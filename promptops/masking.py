"""Keys in texts that are shown or kept: errors of providers, tracebacks, command lines."""

from __future__ import annotations

import os
import re

MASK = "[key]"
SHORTEST_SECRET = 6
_SECRET = re.compile(
    # Words have no digits and no asterisks; what hides the middle of a key has.
    r"\b(?:(?:sk|pk|rk|gsk|xai|key)[-_]|Bearer\s+)(?=[\w.*~+/-]*[\d*])[\w.*~+/-]{6,}=*"
    r"|\b(?:ghp_|xoxb-)[\w-]{8,}|\bAIza[\w-]{8,}|\beyJ[\w-]{8,}(?:\.[\w-]+)*"
)
_SECRET_NAME = re.compile(r".*_(?:KEY|TOKEN|SECRET|PASSWORD)", re.ASCII)


def masked(text: str) -> str:
    """The text without the keys of the environment and without what looks like one."""
    for name, value in os.environ.items():
        if len(value) >= SHORTEST_SECRET and _SECRET_NAME.fullmatch(name):
            text = text.replace(value, MASK)
    return _SECRET.sub(MASK, text)
