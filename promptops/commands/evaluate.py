"""`promptops eval`: runs suites on the working tree and reports; it never judges."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from promptops import __version__
from promptops.commands.kept_scores import ScoreKeeper
from promptops.commands.prepare import Work, prepare_all, several_runs
from promptops.commands.project import Project
from promptops.commands.run_suites import Ran, RunRequest, run_suites
from promptops.commands.suite_plan import Selection
from promptops.engine.events import Observer
from promptops.errors import ExitCode
from promptops.model.result import HeadState, RunResult
from promptops.models.asking import Asking
from promptops.runs.unfinished import SUMMARY
from promptops.vcs.repo import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateOptions:
    """What `eval` is asked: which suites (names or globs, all when empty), and at most how many cases of each.

    `runs` is how many independent sets of answers are wanted; with `changed` only suites are run in which
    something differs from the base.
    """

    suites: tuple[str, ...] = ()
    limit: int | None = None
    asking: Asking = Asking.UNLESS_KNOWN
    runs: int = 1
    changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateOutcome:
    """What `eval` found out; the exit code says whether enough cases survived to call it a result."""

    run: RunResult
    exit_code: ExitCode


def evaluate(project: Project, options: EvaluateOptions, observer: Observer) -> EvaluateOutcome:
    """Runs the suites; everything is checked before the first call is made.

    Raises:
        InvalidFilesError: every problem of every suite, before anything is written.
        NothingSelectedError: no suite, or no case, matched.
        TargetError: what is evaluated cannot be reached; what was done stays in the journal.
        InterruptedRunError: the user ended the run.
    """
    work = planned_work(project, options)
    run = _run(work, options, observer) if work.suites else _nothing_run(project, work)
    return EvaluateOutcome(run=run, exit_code=_exit_code(project, run))


def _run(work: Work, options: EvaluateOptions, observer: Observer) -> RunResult:
    repository = work.project.repository()
    cells = [each.cell for suite in work.suites for each in suite.cells]
    is_kept = repository is not None and options.limit is None
    keeper = ScoreKeeper(observer, cells if is_kept else ())
    # Git looks for changed files beside the first calls, which need not wait for it.
    with ThreadPoolExecutor(max_workers=1) as beside:
        head = beside.submit(repository.head_state if repository else HeadState)

        def conclude(ran: Ran) -> RunResult:
            return RunResult(
                run_id=ran.run_id,
                started_at=ran.started_at,
                promptops_version=__version__,
                head=head.result(),
                suites=ran.results,
                unchanged=work.unchanged,
            )

        request = RunRequest(
            project=work.project,
            suites=work.suites,
            asking=options.asking,
            observer=keeper,
            conclude=conclude,
            record=SUMMARY,
        )
        run = run_suites(request)
    if repository is not None and keeper.kept and _is_committed(repository, run.head):
        from promptops.commands.ledger_entries import Recording, record

        assert run.head.sha is not None
        recording = Recording(
            repository=repository,
            settings=work.project.config.ledger,
            sha=run.head.sha,
            asking=options.asking,
        )
        record(recording, keeper, dict(zip(cells, run.suites, strict=True)))
    return run


def _nothing_run(project: Project, work: Work) -> RunResult:
    repository = project.repository()
    return RunResult(
        run_id="",
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        promptops_version=__version__,
        head=repository.head_state() if repository else HeadState(),
        suites=(),
        unchanged=work.unchanged,
    )


def planned_work(project: Project, options: EvaluateOptions) -> Work:
    """The selected suites, ready to run as often as is wanted; raises as `evaluate` does."""
    selection = Selection(limit=options.limit)
    if options.changed:
        from promptops.commands.changed import changed_work

        work = changed_work(project, options.suites, selection)
    else:
        work = Work(project=project, suites=prepare_all(project, options.suites, selection))
    return replace(work, suites=several_runs(work.suites, options.runs))


def _is_committed(repository: Repository, before: HeadState) -> bool:
    """Whether all that was evaluated is in a commit: the files may have changed during the run."""
    return before.sha is not None and not before.dirty and repository.head_state() == before


def _exit_code(project: Project, run: RunResult) -> ExitCode:
    most = project.config.gate.max_missing
    too_many = any(result.errored > most * result.cases for result in run.suites)
    return ExitCode.NO_VERDICT if too_many or run.unrecorded else ExitCode.YES
