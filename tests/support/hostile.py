"""Texts as models, datasets and pull requests may hold them, to break out of where they are shown."""

from __future__ import annotations

ESCAPES = "\x1b[2J\x1b]0;title\x07\x1b]8;;https://evil.example\x07click\x1b]8;;\x07 \x9b31m red"
BIDI = "ab\u202edc\u202c \u2066ef\u2069 \u200e\u200f"
MARKUP = "</failure><failure>]]><![CDATA[x]]> <!-- --> <?pi?> &lt; &amp; &unknown; <script>alert(1)</script>"
MARKDOWN = "# h\n| a | b |\n```\n[x](javascript:alert(1)) ![i](http://evil.example/i.png) @everyone #1"
COMMANDS = "x\n::error file=a,line=1::boo\r::stop-commands::t\n##[error]boo\u2028::set-output name=a::b%0A"
HOSTILE = {
    "empty": "",
    "blank": " \t\n ",
    "nul": "a\0b",
    "controls": "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0)))),
    "escapes": ESCAPES,
    "bidi": BIDI,
    "zero width": "a\u200bb\u200c\u2060\ufeff\u00ad\U000e0041",
    "lone surrogates": "a\ud800b\udfffc",
    "no characters": "\ufffe\uffff\U0001fffe\U0010ffff\ufdd0",
    "line separators": "a\u2028b\u2029c\x85d\x0be\x0cf",
    "markup": MARKUP,
    "markdown": MARKDOWN,
    "commands": COMMANDS,
    "combining": "a" + "\u0301" * 2_000,
    "one long line": "x" * 1_000_000,
    "a long line of control characters": "\x1b\u202e" * 500_000,
    "many lines": "<&\n" * 300_000,
    "wide": "漢字👩‍👩‍👧‍👦" * 1_000,
}
STEERING = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) != "\n"] + [
    *"\u200b\u200c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff\u2028\u2029"
]
"""Characters that may not come out anywhere as they are."""
