"""When a request is sent again, and what an error response becomes."""

from __future__ import annotations

import random
import time
from email.utils import parsedate_to_datetime
from typing import Any, cast

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
        moved = f"; the address is now {answer.headers['Location']}" if "Location" in answer.headers else ""
        return UnexpectedAnswer(f"HTTP {answer.status_code} without a problem document from {answer.url}{moved}")
    return problem_error(answer.status_code, cast(ProblemDocument, document))


def json_of(answer: httpx.Response) -> Any:
    """The JSON of a response; UnexpectedAnswer if another program, such as a proxy that wants a login, sent a page."""
    try:
        return answer.json()
    except ValueError as error:
        raise _other_program(answer) from error


def stream_of(answer: httpx.Response) -> httpx.Response:
    """A response that is a stream of events; UnexpectedAnswer as for `json_of`."""
    if not answer.headers.get("Content-Type", "").startswith("text/event-stream"):
        raise _other_program(answer)
    return answer


def no_page(answer: httpx.Response) -> httpx.Response:
    """A response that is an archive; UnexpectedAnswer as for `json_of`."""
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        raise _other_program(answer)
    return answer


def _other_program(answer: httpx.Response) -> UnexpectedAnswer:
    kind = answer.headers.get("Content-Type") or "nothing"
    return UnexpectedAnswer(f"{answer.url} sent {kind}, which stata-service does not send there; check the address and the proxy")


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
