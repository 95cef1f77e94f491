"""Exceptions of this package."""

from __future__ import annotations

import re
from typing import Any

import httpx

from ._codes import ADVICE
from .models import JobView, PreviewCheck, ProblemDocument, Run, RunCheck
from .progress import of_job

# The service names routes where this client has calls.
_ROUTES = ((re.compile(r"POST \S*/plan/revise"), "job.revise()"), (re.compile(r"PUT draft"), "job.state_draft(…)"))
# What the job allows next, as a call of this client.
_CALLS = {
    "upload_inputs": "job.upload(…)", "state_draft": "job.state_draft(…)", "freeze_plan": "job.freeze()", "run": "job.run()",
    "revise_plan": "job.revise()",
}
# Lines of a log that programs read.
_MACHINE_LINE = "SS_EVENT|"


class StataServiceError(Exception):
    """Base class of all exceptions of this package."""


class ProblemError(StataServiceError):
    """The service returned an error. Its subclasses follow the HTTP status.

    `code` is an `ErrorCode`, `advice` the next step, in calls of this client where it has one (empty for a code that
    this release of the package does not know), `context` holds the fields of the code.
    """

    def __init__(self, status: int, problem: ProblemDocument) -> None:
        self.status = status
        self.problem = problem
        self.code: str = problem["error_code"]
        self.advice: str = ADVICE.get(self.code, "")
        self.trace_id: str = problem["trace_id"]
        self.retryable: bool = problem["retryable"]
        self.retry_after: float | None = problem.get("retry_after_seconds")
        context = problem.get("context")
        self.context: dict[str, Any] = context if isinstance(context, dict) else {}
        detail = problem["detail"]
        for route, call in _ROUTES:
            detail = route.sub(call, detail)
        text = f"{self.code}: {detail} (HTTP {status}, trace {self.trace_id})"
        super().__init__(f"{text}\n{self.advice}" if self.advice else text)


class InvalidRequest(ProblemError):
    """400, 413, 414, 415, 422, 431: the request cannot be served as it is."""


class NotAuthorized(ProblemError):
    """401, 403: the credential is missing, wrong or not permitted this."""


class NotFound(ProblemError):
    """404: there is no such thing for this credential."""


class Conflict(ProblemError):
    """409, 412: the state of the job does not allow it, or another writer was first."""


class Gone(ProblemError):
    """410: the content has been removed or has expired."""


class RateLimited(ProblemError):
    """429: a rate or a quota is used up; `retry_after` says when to try again."""


class ServiceFailed(ProblemError):
    """5xx: the service could not serve the request; `trace_id` finds it in the service's log."""


_BY_STATUS: dict[int, type[ProblemError]] = {
    **dict.fromkeys((400, 405, 408, 413, 414, 415, 416, 422, 431), InvalidRequest),
    **dict.fromkeys((401, 403), NotAuthorized),
    404: NotFound,
    **dict.fromkeys((409, 412), Conflict),
    410: Gone,
    429: RateLimited,
}


def problem_error(status: int, problem: ProblemDocument) -> ProblemError:
    """The exception of a problem document."""
    kind = _BY_STATUS.get(status, ServiceFailed if status >= 500 else ProblemError)
    return kind(status, problem)


class Unreachable(StataServiceError, httpx.ConnectError):
    """Nobody answers at the address, after all attempts; what the service has stays, and so does a run under way."""

    def __init__(self, base_url: str, cause: Exception) -> None:
        why = str(cause) or type(cause).__name__
        super().__init__(f"{base_url} cannot be reached: {why}\nCheck the address and that the service runs, then call again.")


class UnexpectedAnswer(StataServiceError):
    """The response does not come from the service, or is not what the service recorded."""


class UploadRefused(StataServiceError):
    """An uploaded file could not be assembled; `code` is that of the service's response."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(f"{code}: {message}")


class NoResults(StataServiceError):
    """There are no results: the job has not run yet, or its run is under way, was cancelled or failed."""


class NotRunYet(NoResults):
    """The job has not run; the text names the next call."""

    def __init__(self, job: JobView) -> None:
        call = next((_CALLS[a["action"]] for a in job["next_actions"] if a["action"] in _CALLS), "job.view()")
        super().__init__(f"the job has not run yet; next: {call}")


class RunUnderWay(NoResults):
    """A run is queued or running; `job` is the job as it was seen."""

    def __init__(self, job: JobView) -> None:
        self.job = job
        seen = of_job(job)
        steps = f"step {seen.done} of {seen.total}, " if seen.total else ""
        super().__init__(
            f"the run is under way ({job['status']}: {steps}{seen.text})\n"
            "job.run() waits for its end, job.follow_log() shows its log, job.cancel() ends it."
        )


class RunCancelled(NoResults):
    """A run was cancelled; `run` is None if it had not begun."""

    def __init__(self, run: Run | None) -> None:
        self.run = run
        name = f"run {run['run_id']}" if run else "the queued run"
        super().__init__(f"{name} was cancelled\njob.run() runs the plan again, job.revise() opens the draft.")


class RunFailed(NoResults):
    """A run failed; see `run["cause"]`, `run["checks"]`, `run["evidence"]` and `run["next_actions"]`."""

    def __init__(self, run: Run) -> None:
        self.run = run
        checks = [check for check in run.get("checks") or [] if check["status"] == "fail"]
        detail = run.get("cause_detail")
        cause = str(run.get("cause") or "no cause is recorded")
        # the detail of a failed check is its id, which its own line has
        named = f" ({detail})" if detail and all(check["id"] not in detail for check in checks) else ""
        lines = [line["text"].strip() for line in run.get("evidence") or []]
        said = [*map(check_line, checks), *(line for line in lines if line and not line.startswith(_MACHINE_LINE))]
        super().__init__(f"run {run['run_id']} failed: {'; '.join([cause + named, *said])}")


def without_results(run: Run) -> NoResults:
    """The exception of a run that has ended without success."""
    return RunCancelled(run) if run["status"] == "cancelled" else RunFailed(run)


def check_line(check: RunCheck) -> str:
    """A check of a run: its id, and what the run says of it or its value."""
    said = check.get("message") or check.get("value")
    return f"{check['id']}: {said}" if said else check["id"]


class PlanWarning(UserWarning):
    """Something in a plan that may not be meant; `check` has its id, words and value."""

    def __init__(self, check: PreviewCheck) -> None:
        self.check = check
        super().__init__(f"{check['id']}: {check['message']}")


class TookTooLong(StataServiceError):
    """The caller's time limit ran out; the work continues at the service."""


class MissingPackage(StataServiceError):
    """An optional package is not installed; the text names it."""
