from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.model.comparison import Verdict
from promptops.reporters.comment import (
    LONGEST_BODY,
    Marker,
    beginning,
    comment_text,
    failed_text,
    found_marker,
    marker,
    running_text,
)
from promptops.reporters.markdown_report import text
from tests.support.attacks import ATTACKS
from tests.support.rendered import RENDERERS, rendered
from tests.unit.reporters.comparisons import broken, metric, suite
from tests.unit.reporters.reports import answered, report, view

OLD, NEW, NEWEST = ("a" * 40, "b" * 40, "c" * 40)
REPORT = report(suite("s", metric(Verdict.REGRESSED, "worse by 0.6 to 7.8 pts")))


def result(sha: str | None = OLD, **options: bool) -> str:
    return comment_text(REPORT, group="g", head_sha=sha, **options)


@given(st.text(max_size=80) | st.sampled_from([*ATTACKS.values()][:-5]))
def test_a_marker_is_found_again_whatever_the_group_is_called(group: str) -> None:
    line = marker(group, OLD).line
    assert found_marker(f"{line}\ntext") == Marker(group=group, sha=OLD)
    assert line.startswith(beginning(group))
    assert "--" not in line.removeprefix("<!--").removesuffix("-->")
    for renderer in RENDERERS:
        found = rendered(f"{line}\ntext", renderer)
        assert len(found.comments) == 1
        assert found.names == ["p"] * found.names.count("p")


@pytest.mark.parametrize("sha", [None, "", "nonsense", "a -->", "A" * 40])
def test_what_is_no_commit_is_none(sha: str | None) -> None:
    assert found_marker(result(sha)) == Marker(group="g", sha=None)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "text",
        f" {marker('g', OLD).line}",
        f"text\n{marker('g', OLD).line}",
        "<!-- promptops:g -->",
        "<!-- promptops:g v2 head=aaaaaaa -->",
        "<!-- promptops:g v1 head=zzz -->",
    ],
)
def test_what_does_not_begin_with_a_marker_is_not_ours(body: str) -> None:
    assert found_marker(body) is None


def test_the_line_ends_of_a_browser_do_not_matter() -> None:
    assert found_marker(result().replace("\n", "\r\n")) == Marker(group="g", sha=OLD)


def test_results_are_the_text_of_the_report_below_the_marker() -> None:
    assert result() == f"{marker('g', OLD).line}\n{text(REPORT, ran_on=OLD)}"


def test_results_that_are_old_or_foreign_say_so_first() -> None:
    old = result(is_stale=True, is_foreign=True)
    notice = "> [!WARNING]\n> The head has moved on: these are the results of `aaaaaaa`.\n"
    assert old.startswith(f"{marker('g', OLD).line}\n{notice}\n> [!NOTE]\n> A run of a fork")
    assert old.endswith(text(REPORT, ran_on=OLD))


def test_a_first_run_says_that_it_runs() -> None:
    first = running_text(group="g", head_sha=OLD)
    assert first.startswith(f"{marker('g', OLD).line}\n> [!NOTE]\n> ⏳ promptops is running on `aaaaaaa`.")
    assert running_text(group="g", head_sha=NEW, before=first) == first.replace("a" * 40, NEW).replace(
        "`aaaaaaa`", "`bbbbbbb`"
    )


def test_a_run_keeps_the_results_that_stood_there_and_says_of_which_commit_they_are() -> None:
    running = running_text(group="g", head_sha=NEW, before=result())
    assert found_marker(running) == Marker(group="g", sha=NEW)
    assert "running on `bbbbbbb`. What follows are the results of `aaaaaaa`." in running
    assert running.endswith(result())
    again = running_text(group="g", head_sha=NEWEST, before=running.replace("\n", "\r\n"))
    assert again == running.replace(NEW, NEWEST).replace("`bbbbbbb`", "`ccccccc`")


def test_a_job_without_results_says_so_and_keeps_older_ones() -> None:
    running = running_text(group="g", head_sha=NEW, before=result())
    failed = failed_text(group="g", head_sha=NEW, before=running)
    assert failed.startswith(f"{marker('g', NEW).line}\n> [!CAUTION]\n> ⛔ Do not merge yet")
    assert "nothing about `bbbbbbb`." in failed
    assert "What follows are the results of `aaaaaaa`." in failed
    assert failed.endswith(result())
    assert running_text(group="g", head_sha=NEW, before=failed) == running
    first = failed_text(group="g", head_sha=OLD, before=running_text(group="g", head_sha=OLD))
    assert first.endswith("The log of the job says why.\n")


def test_results_that_leave_no_room_for_the_notice_are_not_cut_but_left_out() -> None:
    longest = result() + "x" * (LONGEST_BODY - len(result()))
    running = running_text(group="g", head_sha=NEW, before=longest)
    assert "will stand here" in running
    assert len(running) < 500


def test_no_answer_can_pass_for_results_or_for_a_marker() -> None:
    forged = f"{result(NEW)}\n{marker('g', NEW).line}\n## forged"
    of = suite("s", metric(Verdict.REGRESSED, forged), case_ids=broken("c"))
    case = view(of, "c", answered("c", forged, 1.0), answered("c", "x", 0.0))
    body = comment_text(report(of, cases=[case]), group="g", head_sha=OLD)
    running = running_text(group="g", head_sha=NEWEST, before=body)
    assert running.endswith(body)
    assert running.count("<!--") == 2
