"""When a request is sent again, and what an error response becomes."""

from __future__ import annotations

import random
import time
from email.utils import parsedate_to_datetime
from typing import cast

import httpx

from .errors import ProblemError, StataServiceError, UnexpectedAnswer, problem_error
from .models import ProblemDocument

# "not now": the service did nothing and says when to come again (RFC 9110, 15.5 and 15.6)
_LATER = {429, 502, 503, 504}
# another server is still at work on an earlier sending of this request
_IN_PROGRESS = "IDEMPOTENCY_IN_PROGRESS"
# a caller is better served by the error than by a silent wait beyond this, in seconds
_LONGEST_PAUSE = 300.0


def backoff(attempt: int) -> float:
    """Exponential back-off with full jitter, in seconds; `attempt` counts from 1."""
    return random.uniform(0, min(8.0, 0.25 * 2**attempt))


def pause_before_next(answer: httpx.Response, attempt: int) -> float | None:
    """Seconds to wait before the same request again; None if it would not succeed."""
    if answer.status_code not in _LATER and answer.status_code != 409:
        return None
    problem = error_of(answer)
    if answer.status_code == 409 and getattr(problem, "code", None) != _IN_PROGRESS:
        return None
    if isinstance(problem, ProblemError) and not problem.retryable:
        return None
    asked = _retry_after(answer.headers.get("Retry-After"))
    if asked is None and isinstance(problem, ProblemError):
        asked = problem.retry_after
    if asked is None:
        return backoff(attempt)
    return asked if asked <= _LONGEST_PAUSE else None


def error_of(answer: httpx.Response) -> StataServiceError:
    """The exception of an error response: a ProblemError if the service wrote it."""
    try:
        document = answer.json()
    except ValueError:
        document = None
    if not isinstance(document, dict) or "error_code" not in document:
        return UnexpectedAnswer(f"HTTP {answer.status_code} without a problem document from {answer.url}")
    return problem_error(answer.status_code, cast(ProblemDocument, document))


def _retry_after(value: str | None) -> float | None:
    """Seconds of the header, which holds seconds or a date (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
