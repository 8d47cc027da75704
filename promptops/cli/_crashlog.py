from __future__ import annotations

import platform
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

from promptops._version import __version__
from promptops.masking import masked


def write_crash_log(error: BaseException, arguments: Sequence[str]) -> str:
    """Writes what a bug report needs, without keys; says where it is."""
    lines = [
        f"promptops {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"arguments: {' '.join(arguments)}",
        "",
        *traceback.format_exception(error),
    ]
    text = masked("\n".join(lines))
    try:
        with tempfile.NamedTemporaryFile(
            "w", suffix=".log", prefix="promptops-crash-", delete=False, encoding="utf-8"
        ) as log:
            log.write(text)
    except OSError:
        return "the crash log could not be written"
    return f"please report it with the crash log `{Path(log.name)}`"
