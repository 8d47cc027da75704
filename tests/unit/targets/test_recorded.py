"""The target `recorded`: outputs made elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from promptops.errors import ExitCode
from tests.support.cli import Cli, Result, only_suite
from tests.support.project import ProjectFolder

CASES = [{"id": f"c{n}", "expected": f"m{n}"} for n in range(3)]
ROWS = [{"id": f"c{n}", "output": f"m{n}"} for n in range(3)]
SUITE = "target: {{recorded: {options}}}\ndataset: d.jsonl\nscorers: {{same: {{type: exact_match}}}}\n"

Evaluate = Callable[..., Result]


@pytest.fixture
def evaluate(folder: ProjectFolder, cli: Cli) -> Evaluate:
    """Evaluates a suite with these recorded rows."""

    def run(recorded: Sequence[Mapping[str, Any]] | str | bytes = ROWS, options: str = "o.jsonl") -> Result:
        folder.write({"evals/s.yaml": SUITE.format(options=options)})
        folder.write_rows("evals/d.jsonl", CASES)
        if isinstance(recorded, (str, bytes)):
            folder.write({"evals/o.jsonl": recorded})
        else:
            folder.write_rows("evals/o.jsonl", recorded)
        return cli("eval", "--format", "json", at=folder.root)

    return run


def mean(result: Result) -> Any:
    return only_suite(result)["metrics"][0]["mean"]


def test_rows_are_joined_by_id_in_any_order(evaluate: Evaluate) -> None:
    assert mean(evaluate([*reversed(ROWS), {"id": "c9", "output": "not asked for"}])) == 1.0


def test_id_and_output_may_be_fields_inside(evaluate: Evaluate) -> None:
    inside = [{"case": {"id": row["id"]}, "answer": {"text": row["output"]}} for row in ROWS]
    assert mean(evaluate(inside, "{path: o.jsonl, id: case.id, output: answer.text}")) == 1.0


def test_ids_are_compared_as_text(evaluate: Evaluate, folder: ProjectFolder, cli: Cli) -> None:
    evaluate([{"id": 1, "output": "m"}])
    folder.write_rows("evals/d.jsonl", [{"id": "1", "expected": "m"}])
    assert mean(cli("eval", "--format", "json", at=folder.root)) == 1.0


def test_a_case_without_a_row_is_lost_and_named(evaluate: Evaluate) -> None:
    result = evaluate([ROWS[0], {**ROWS[1], "output": None}])
    suite = only_suite(result)
    assert (result.code, suite["scored"], suite["errored"]) == (ExitCode.NO_VERDICT, 1, 2)
    assert [(each["id"], each["kind"]) for each in suite["errors"]] == [
        ("c1", "not_recorded"),
        ("c2", "not_recorded"),
    ]


def test_recorded_times_are_taken_over(evaluate: Evaluate) -> None:
    timed = [{**ROWS[0], "latency_ms": 5}, {**ROWS[1], "latency_s": 0.005}, {**ROWS[2], "latency_ms": 5.0}]
    assert only_suite(evaluate(timed))["latency_ms"] == {"p50": 5, "p95": 5}


@pytest.mark.parametrize("latency_ms", ["fast", -1, True, 10**400])
def test_a_time_that_is_none_loses_the_case(evaluate: Evaluate, latency_ms: object) -> None:
    suite = only_suite(evaluate([{**ROWS[0], "latency_ms": latency_ms}, *ROWS[1:]]))
    assert [(each["id"], each["kind"]) for each in suite["errors"]] == [("c0", "bad_output")]


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(evaluate: Evaluate) -> None:
    lines = [f'{{"id": "{row["id"]}", "output": "{row["output"]}"}}' for row in ROWS]
    assert mean(evaluate("\ufeff" + "\r\n".join(lines))) == 1.0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"id": "c0", "output": "a"}\n\n{"id": "c0", "output": "b"}\n', "o.jsonl:3: the id `c0` occurs twice (first in line 1)"),
        ('{"id": "c0", "output": "a"}\n{"output": "b"}\n', "o.jsonl:2: the row has no `id`"),
        ('{"id": "c0", "output": "a"}\n{oops}\n', "o.jsonl:2:2: not JSON"),
        ("[1]\n", "o.jsonl:1:1: a row must be an object"),
        (b'{"id": "\xff"}\n', "o.jsonl:1:9: byte 0xff is not UTF-8"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_told_with_its_line(
    evaluate: Evaluate, folder: ProjectFolder, content: str | bytes, message: str
) -> None:
    result = evaluate(content)
    assert result.code == ExitCode.MEND_FIRST
    assert message in result.err
    assert not (folder.root / ".promptops").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("oo.jsonl", "evals/s.yaml:1:9: there is no file `evals/oo.jsonl` (did you mean `evals/o.jsonl`?)"),
        ("../../o.jsonl", "evals/s.yaml:1:9: `../../o.jsonl` leaves the project"),
        ("{path: o.jsonl, outptu: text}", "evals/s.yaml:1:36: unknown key `outptu`"),
        ("{id: id}", "the key `path` is missing"),
    ],
)
def test_a_wrong_target_is_told_with_its_place(evaluate: Evaluate, options: str, message: str) -> None:
    result = evaluate(options=options)
    assert result.code == ExitCode.MEND_FIRST
    assert message in result.err
