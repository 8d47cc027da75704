"""`promptops eval`: runs suites on the working tree and reports; it never judges."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from promptops import __version__
from promptops.commands.prepare import prepare_all
from promptops.commands.project import Project
from promptops.commands.run_suites import Ran, RunRequest, run_suites
from promptops.commands.suite_plan import Selection
from promptops.engine.events import Observer
from promptops.errors import ExitCode
from promptops.model.result import HeadState, RunResult
from promptops.models.asking import Asking
from promptops.runs.unfinished import SUMMARY


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateOptions:
    """What `eval` is asked: which suites (names or globs, all when empty), and at most how many cases of each."""

    suites: tuple[str, ...] = ()
    limit: int | None = None
    asking: Asking = Asking.UNLESS_KNOWN


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
    suites = prepare_all(project, options.suites, Selection(limit=options.limit))
    repository = project.repository()
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
            )

        request = RunRequest(
            project=project,
            suites=suites,
            asking=options.asking,
            observer=observer,
            conclude=conclude,
            record=SUMMARY,
        )
        run = run_suites(request)
    return EvaluateOutcome(run=run, exit_code=_exit_code(project, run))


def _exit_code(project: Project, run: RunResult) -> ExitCode:
    most = project.config.gate.max_missing
    too_many = any(result.errored > most * result.cases for result in run.suites)
    return ExitCode.NO_VERDICT if too_many or run.unrecorded else ExitCode.YES
