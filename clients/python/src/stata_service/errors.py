"""What can go wrong, as exceptions."""

from __future__ import annotations

from typing import Any

from .models import ProblemDocument, Run


class StataServiceError(Exception):
    """The base of everything that this package raises."""


class ProblemError(StataServiceError):
    """The service refused; `code` is one of those in its docs/errors.md."""

    def __init__(self, status: int, problem: ProblemDocument) -> None:
        self.status = status
        self.problem = problem
        self.code: str = problem["error_code"]
        self.trace_id: str = problem["trace_id"]
        self.retryable: bool = problem["retryable"]
        self.retry_after: float | None = problem.get("retry_after_seconds")
        context = problem.get("context")
        self.context: dict[str, Any] = context if isinstance(context, dict) else {}
        super().__init__(f"{self.code}: {problem['detail']} (HTTP {status}, trace {self.trace_id})")


class UnexpectedAnswer(StataServiceError):
    """The answer is not one of the service's: something else answers at this address."""


class RunFailed(StataServiceError):
    """A run ended without success; `run["cause"]` and `run["next_actions"]` say what to do."""

    def __init__(self, run: Run) -> None:
        self.run = run
        evidence = "; ".join(line["text"].strip() for line in run.get("evidence") or [])
        super().__init__(f"run {run['run_id']} {run['status']}: {run.get('cause')} {evidence}".rstrip())


class TookTooLong(StataServiceError):
    """What was waited for did not come in the time that the caller gave; it goes on at the service."""
