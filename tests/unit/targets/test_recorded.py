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


RETRIEVER = "{path: o.jsonl, documents: found.ids}"
RETRIEVAL = "target: {recorded: RETRIEVER}\ndataset: d.jsonl\nscorers: {rank: {type: mrr}}\n".replace(
    "RETRIEVER", RETRIEVER
)


def test_documents_need_no_output(folder: ProjectFolder, cli: Cli) -> None:
    found = [{"id": row["id"], "found": {"ids": ["x", row["output"]]}} for row in ROWS]
    folder.write({"evals/s.yaml": RETRIEVAL}).write_rows("evals/d.jsonl", CASES)
    folder.write_rows("evals/o.jsonl", found)
    result = cli("eval", "--format", "json", at=folder.root)
    assert (mean(result), only_suite(result)["failed_output"]) == (0.5, [])


def test_what_a_retriever_failed_at_scores_0_and_is_named(folder: ProjectFolder, cli: Cli) -> None:
    cases = [{"id": f"c{number}", "expected": "a"} for number in range(7)]
    found: list[dict[str, Any]] = [
        {"found": {"ids": ["a"]}, "error": None},
        {"error": "index is gone"},
        {"found": {"ids": ["a"]}, "error": "timeout"},
        {"found": {"ids": []}},
        {"found": None},
        {"found": {"ids": "a"}},
    ]
    folder.write({"evals/s.yaml": RETRIEVAL}).write_rows("evals/d.jsonl", cases)
    folder.write_rows("evals/o.jsonl", [{"id": f"c{number}", **row} for number, row in enumerate(found)])
    suite = only_suite(cli("eval", "--format", "json", at=folder.root))
    assert [(each["id"], each["kind"]) for each in suite["errors"]] == [("c6", "not_recorded")]
    assert (suite["scored"], suite["metrics"][0]["mean"]) == (6, 1 / 6)
    assert {each["id"]: each["failure"] for each in suite["failed_output"]} == {
        "c1": "retrieval_failed",
        "c2": "retrieval_failed",
        "c3": "no_documents",
        "c4": "no_documents",
        "c5": "invalid_documents",
    }
    notes = cli("eval", at=folder.root).out
    assert "s: the answer itself failed in 2 cases (retrieval_failed): `c1`, `c2`" in notes
    assert "s: the answer itself failed in 1 case (invalid_documents): `c5`" in notes


def test_of_many_failures_the_first_are_named(folder: ProjectFolder, cli: Cli) -> None:
    folder.write({"evals/s.yaml": RETRIEVAL})
    folder.write_rows("evals/d.jsonl", [{"id": f"c{number}", "expected": "a"} for number in range(7)])
    folder.write_rows("evals/o.jsonl", [{"id": f"c{number}", "error": "gone"} for number in range(7)])
    notes = cli("eval", at=folder.root).out
    assert "in 7 cases (retrieval_failed): `c0`, `c1`, `c2`, `c3`, `c4` and 2 more" in " ".join(notes.split())


def test_an_error_of_an_output_that_is_there_does_not_matter(evaluate: Evaluate) -> None:
    suite = only_suite(evaluate([{**row, "error": "late"} for row in ROWS]))
    assert (suite["scored"], suite["failed_output"]) == (len(ROWS), [])


def test_a_field_that_no_row_has_is_told(evaluate: Evaluate) -> None:
    result = evaluate(options=RETRIEVER)
    assert result.code == ExitCode.MEND_FIRST
    assert "evals/o.jsonl: no row has anything at `found.ids`, nor an `error`" in result.err
