"""Exceptions of this package."""

from __future__ import annotations

from typing import Any

import httpx

from ._codes import ADVICE
from .models import ProblemDocument, Run


class StataServiceError(Exception):
    """Base class of all exceptions of this package."""


class ProblemError(StataServiceError):
    """The service returned an error. Its subclasses follow the HTTP status.

    `code` is an `ErrorCode`, `advice` the next step from the service's docs/errors.md (empty for a code that this
    release of the package does not know), `context` holds the fields of the code.
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
        text = f"{self.code}: {problem['detail']} (HTTP {status}, trace {self.trace_id})"
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


class RunFailed(StataServiceError):
    """A run ended without success; see `run["cause"]` and `run["next_actions"]`."""

    def __init__(self, run: Run) -> None:
        self.run = run
        evidence = "; ".join(line["text"].strip() for line in run.get("evidence") or [])
        super().__init__(f"run {run['run_id']} {run['status']}: {run.get('cause')} {evidence}".rstrip())


class TookTooLong(StataServiceError):
    """The caller's time limit ran out; the work continues at the service."""


class MissingPackage(StataServiceError):
    """An optional package is not installed; the text names it."""
