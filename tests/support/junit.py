"""What the schema `junit-10.xsd`, which Jenkins made common, allows in a JUnit report."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, fromstring

ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {
        "name", "tests", "failures", "errors", "skipped", "time", "timestamp", "group", "hostname", "id",
        "package", "file", "log", "url",
    },
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"name", "time", "classname", "group"},
    **{outcome: {"type", "message"} for outcome in ("failure", "error", "skipped")},
    "system-out": set(),
}  # fmt: skip
REQUIRED = {
    "testsuite": {"name", "tests", "failures", "errors"},
    "property": {"name", "value"},
    "testcase": {"name"},
}
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase", "system-out"},
    "properties": {"property"},
    "testcase": {"failure", "error", "skipped", "system-out"},
}
WITH_TEXT = {"failure", "error", "skipped", "system-out"}
SECONDS = re.compile(r"\d{1,3}(\.\d*)?|\d+(\.\d*)?")


def parsed(text: str) -> Element:
    """The report, as it is once it was written to a file; it has to fit the schema."""
    root = fromstring(text.encode("utf-8"))
    assert root.tag == "testsuites"
    assert list(_problems(root)) == []
    return root


def outcomes(root: Element) -> dict[str, tuple[str, str, str]]:
    """Each test by suite and name: how it ended (`passed`, or the name of the element), message, text."""
    found = {}
    for group in root:
        for test in group.iter("testcase"):
            (ended,) = test
            kind = "passed" if ended.tag == "system-out" else ended.tag
            found[f"{group.get('name')}: {test.get('name')}"] = (
                kind,
                ended.get("message", ""),
                ended.text or "",
            )
    return found


def properties(group: Element) -> dict[str, str]:
    """What a suite says of itself."""
    return {each.get("name", ""): each.get("value", "") for each in group.iter("property")}


def _problems(element: Element) -> Iterator[str]:
    tag, names = element.tag, set(element.keys())
    yield from (f"{tag} has {name}" for name in names - ATTRIBUTES[tag])
    yield from (f"{tag} lacks {name}" for name in REQUIRED.get(tag, set()) - names)
    if "time" in names and not SECONDS.fullmatch(element.get("time", "")):
        yield f"{tag} takes {element.get('time')}"
    if (element.text or "").strip() and tag not in WITH_TEXT:
        yield f"{tag} holds text"
    for child in element:
        if child.tag not in CHILDREN.get(tag, set()):
            yield f"{tag} holds {child.tag}"
        yield from _problems(child)
    if tag in ("testsuites", "testsuite"):
        tests = list(element.iter("testcase"))
        for name, kind in (
            ("tests", None),
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ):
            count = len(tests) if kind is None else sum(test.find(kind) is not None for test in tests)
            if name in names and element.get(name) != str(count):
                yield f"{tag} counts {element.get(name)} {name}, and there are {count}"
