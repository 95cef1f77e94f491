"""Requests that are safe to repeat: every POST carries a key under which the service keeps its response."""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, cast

import httpx

from ._events import EventReader, ServerEvent
from .errors import ProblemError, UnexpectedAnswer
from .models import ProblemDocument

# "not now": the service did nothing and says when to come again (RFC 9110, 15.5 and 15.6)
_LATER = {429, 502, 503, 504}


class Transport:
    """One service and one credential."""

    def __init__(self, base_url: str, credential: str | None, *, timeout: float, attempts: int) -> None:
        headers = {"Authorization": f"Bearer {credential}"} if credential else {}
        self._http = httpx.Client(base_url=base_url.rstrip("/"), headers=headers, timeout=timeout)
        self.base_url = base_url
        self.timeout = timeout
        self.attempts = attempts

    def close(self) -> None:
        """Ends the connections."""
        self._http.close()

    def send(
        self, method: str, path: str, *, body: Any = None, content: bytes | None = None,
        headers: Mapping[str, str] | None = None, params: Mapping[str, Any] | None = None,
    ) -> httpx.Response:
        """One request, repeated while the service asks for that or cannot be reached.

        Raises ProblemError for a refusal and httpx.TransportError if the service stays away.
        """
        sent = dict(headers or {})
        if body is not None:
            content = json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
            sent["Content-Type"] = "application/json"
        if method == "POST":
            sent.setdefault("Idempotency-Key", str(uuid.uuid4()))
        given = {key: value for key, value in (params or {}).items() if value is not None}
        request = self._http.build_request(method, path, content=content, headers=sent, params=given)
        for attempt in range(1, self.attempts + 1):
            try:
                answer = self._http.send(request)
            except httpx.TransportError:
                if attempt == self.attempts:
                    raise
                time.sleep(_delay(attempt))
                continue
            if answer.is_success or answer.status_code == 304:
                return answer
            problem = _problem(answer)
            if attempt == self.attempts or answer.status_code not in _LATER or not problem.retryable:
                raise problem
            time.sleep(problem.retry_after if problem.retry_after is not None else _delay(attempt))
        raise AssertionError("the last attempt returns or raises")

    def json(self, method: str, path: str, **options: Any) -> Any:
        """The JSON body of `send`."""
        return self.send(method, path, **options).json()

    def events(
        self, path: str, *, params: Mapping[str, Any] | None = None, last_event_id: str | None = None
    ) -> Iterator[ServerEvent]:
        """The server-sent events of a path, across broken connections.

        Continues after the last id received; heartbeats are not passed on. Raises ProblemError for a
        refusal and httpx.TransportError if the service stays away for all attempts. A caller who has enough
        closes the iterator.
        """
        seen, failures, pause = last_event_id, 0, 1.0
        while True:
            headers = {"Accept": "text/event-stream"}
            if seen is not None:
                headers["Last-Event-ID"] = seen
            try:
                with self._http.stream("GET", path, params=params, headers=headers) as answer:
                    if not answer.is_success:
                        answer.read()
                        raise _problem(answer)
                    reader = EventReader(seen)
                    for line in answer.iter_lines():
                        failures = 0
                        event = reader.take(line)
                        if event is not None:
                            seen = reader.last_event_id
                            yield event
                    pause = reader.retry_seconds or pause
            except ProblemError as problem:
                failures += 1
                if failures >= self.attempts or problem.status not in _LATER or not problem.retryable:
                    raise
                time.sleep(problem.retry_after if problem.retry_after is not None else _delay(failures))
                continue
            except httpx.TransportError:
                failures += 1
                if failures >= self.attempts:
                    raise
                time.sleep(_delay(failures))
                continue
            time.sleep(pause)

    def stream_to(self, path: str, target: Any, *, params: Mapping[str, Any] | None = None) -> int:
        """Writes a response's bytes into an open file; returns their number."""
        written = 0
        with self._http.stream("GET", path, params=params) as answer:
            if not answer.is_success:
                answer.read()
                raise _problem(answer)
            for part in answer.iter_bytes():
                written += target.write(part)
        return written


def _delay(attempt: int) -> float:
    """Exponential back-off with full jitter, in seconds."""
    return random.uniform(0, min(8.0, 0.25 * 2**attempt))


def _problem(answer: httpx.Response) -> ProblemError:
    try:
        document = answer.json()
    except ValueError:
        document = None
    if not isinstance(document, dict) or "error_code" not in document:
        raise UnexpectedAnswer(f"HTTP {answer.status_code} without a problem document from {answer.url}")
    return ProblemError(answer.status_code, cast(ProblemDocument, document))
