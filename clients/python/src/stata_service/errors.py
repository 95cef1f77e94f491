"""Exceptions of this package."""

from __future__ import annotations

from typing import Any

from .models import ProblemDocument, Run


class StataServiceError(Exception):
    """Base class of all exceptions of this package."""


class ProblemError(StataServiceError):
    """The service returned an error; `code` is one of those in its docs/errors.md."""

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
    """The response does not come from the service: another program serves this address."""


class RunFailed(StataServiceError):
    """A run ended without success; see `run["cause"]` and `run["next_actions"]`."""

    def __init__(self, run: Run) -> None:
        self.run = run
        evidence = "; ".join(line["text"].strip() for line in run.get("evidence") or [])
        super().__init__(f"run {run['run_id']} {run['status']}: {run.get('cause')} {evidence}".rstrip())


class TookTooLong(StataServiceError):
    """The caller's time limit ran out; the work continues at the service."""
