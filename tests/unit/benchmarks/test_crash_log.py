from __future__ import annotations

import pytest

from tests.benchmarks.crash import Again, Repeat, repeats
from tests.benchmarks.servers import LogLine

EDGE_S = 0.1


def log(*events: tuple[str, str, int, float]) -> list[LogLine]:
    return [LogLine(event, key, attempt, None, at_s) for event, key, attempt, at_s in events]


@pytest.mark.parametrize(
    ("sent_at_s", "repeat"),
    [
        (None, Repeat(Again.UNANSWERED, 0, None)),
        (2.01, Repeat(Again.UNANSWERED, 0, None)),
        (1.9375, Repeat(Again.EDGE, 0, 0.0625)),
        (1.5, Repeat(Again.REPEATED, 0, 0.5)),
    ],
)
def test_a_request_sent_again_after_a_kill_is_judged_by_when_its_answer_had_left(
    sent_at_s: float | None, repeat: Repeat
) -> None:
    answers = [] if sent_at_s is None else [("sent", "a", 0, sent_at_s)]
    lines = log(("received", "a", 0, 1.0), *answers, ("received", "a", 1, 3.0), ("sent", "a", 1, 3.1))
    assert repeats(lines, [2.0], EDGE_S) == [repeat]


def test_a_request_sent_again_without_a_kill_is_repeated() -> None:
    lines = log(("received", "a", 0, 1.0), ("received", "a", 1, 1.1))
    assert repeats(lines, [0.5, 2.0], EDGE_S) == [Repeat(Again.REPEATED, None, None)]


def test_a_request_that_the_server_noticed_just_after_the_kill_was_cut_off_by_it() -> None:
    lines = log(("received", "a", 0, 2.01), ("sent", "a", 0, 2.05), ("received", "a", 1, 4.0))
    assert repeats(lines, [2.0], EDGE_S) == [Repeat(Again.UNANSWERED, 0, None)]


def test_the_first_kill_after_a_request_counts_also_when_it_is_sent_again_after_a_later_one() -> None:
    lines = log(("received", "a", 0, 1.0), ("sent", "a", 0, 1.98), ("received", "a", 1, 6.0))
    assert [each.why for each in repeats(lines, [2.0, 5.0], EDGE_S)] == [Again.EDGE]


def test_an_answer_lost_by_a_second_kill_is_repeated() -> None:
    lines = log(
        ("received", "a", 0, 1.0),
        ("received", "a", 1, 3.0),
        ("sent", "a", 1, 3.1),
        ("received", "a", 2, 6.0),
    )
    assert [each.why for each in repeats(lines, [2.0, 5.0], EDGE_S)] == [Again.UNANSWERED, Again.REPEATED]


def test_cases_that_were_asked_once_are_no_repeats() -> None:
    lines = log(("received", "a", 0, 1.0), ("sent", "a", 0, 1.1), ("received", "b", 0, 1.2))
    assert repeats(lines, [2.0], EDGE_S) == []
