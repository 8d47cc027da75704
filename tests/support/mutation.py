"""Damage to files, as people, editors and attackers do it."""

from __future__ import annotations

from hypothesis import strategies as st

Change = tuple[str, float, int | bytes]

PIECES = [
    b"\t", b"{", b"}", b"[", b"]", b"{{ x }}", b"&a ", b"*a", b"*inputs", b"<<: ", b"!!int ", b"!x ", b"---\n", b"...\n",
    b"? ", b"- ", b": ", b"#", b"'", b'"', b"\\", b"|", b">-", b"%YAML 1.1\n", b"\r", b"\x00", b"\xff", b"\xef\xbb\xbf",
    b"\xe2\x80\xa8", b"\xc2\x85", b"1e999", b".nan", b"9" * 400, b"~", b"\n", b"  ", b"[[t]]\n", b"2024-01-01", b'"""', b"=",
    b"{% if x %}", b"{% for a in message %}", b"{% endfor %}", b"{#", b"%}", b"|upper", b"|attr('x')", b"__class__", b"loop", b"**", b"1e400",
    b"\\ud800", b"\\u0000", b"\\0", b"null", b"true", b"-1", b"NaN", b"9" * 5000, b"[]", b"{}", b"../", b"/", b"$ref: '#'",
    b"\x1b[2J", b"promptops/", b", not: true", b", threshold: x", b", answer: {line: 9}", b"model: nope\n",
]  # fmt: skip

position = st.floats(0, 1)
mutation = st.one_of(
    st.tuples(st.just("flip"), position, st.integers(1, 255)),
    st.tuples(st.just("delete"), position, st.integers(1, 40)),
    st.tuples(st.just("insert"), position, st.sampled_from(PIECES)),
    st.tuples(st.just("duplicate"), position, st.integers(1, 3)),
)
mutations = st.lists(mutation, min_size=1, max_size=6)


def mutated(content: bytes, changes: list[Change]) -> bytes:
    for what, where, how in changes:
        at = int(where * max(len(content) - 1, 0))
        if isinstance(how, bytes):
            content = content[:at] + how + content[at:]
        elif what == "flip":
            content = content[:at] + bytes(byte ^ how for byte in content[at : at + 1]) + content[at + 1 :]
        elif what == "delete":
            content = content[:at] + content[at + how :]
        else:
            lines = content.splitlines(keepends=True)
            line = int(where * max(len(lines) - 1, 0))
            content = b"".join([*lines[: line + how], *lines[line:]])
    return content
