# Derived from _async/transport.py by generate.py; edit that file.
"""Requests that are safe to repeat: every POST carries a key under which the service keeps its response."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from .._events import EventReader, ServerEvent
from .._files import Pieces
from .._retry import backoff, error_of, json_of, no_page, pause_before_next, stream_of
from ..errors import Unreachable
from ..progress import Progress, Show, size


class Transport:
    """One service and one credential."""

    def __init__(
        self, base_url: str, credential: str | None, *, timeout: float, attempts: int, show: Show
    ) -> None:
        headers = {"Authorization": f"Bearer {credential}"} if credential else {}
        self._http = httpx.Client(base_url=base_url.rstrip("/"), headers=headers, timeout=timeout)
        self.base_url = base_url
        self.timeout = timeout
        self.attempts = attempts
        self.show = show

    def close(self) -> None:
        """Ends the connections."""
        self._http.close()

    def send(
        self, method: str, path: str, *, body: Any = None, pieces: Pieces | None = None,
        headers: Mapping[str, str] | None = None, params: Mapping[str, Any] | None = None, elsewhere: bool = False,
    ) -> httpx.Response:
        """One request, repeated while the service asks for that or cannot be reached.

        With `elsewhere` the service may send the caller to its object store, which does not get the credential.
        Raises ProblemError for a refusal and Unreachable if the service stays away.
        """
        sent = dict(headers or {})
        content: bytes | None = None
        if body is not None:
            content = json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
            sent["Content-Type"] = "application/json"
        if method == "POST":
            sent.setdefault("Idempotency-Key", str(uuid.uuid4()))
        given = {key: value for key, value in (params or {}).items() if value is not None}
        for attempt in range(1, self.attempts + 1):
            stream = content if pieces is None else _stream(pieces)
            try:
                answer = self._http.request(
                    method, path, content=stream, headers=sent, params=given, follow_redirects=elsewhere
                )
            except httpx.TransportError as cause:
                if attempt == self.attempts:
                    raise Unreachable(self.base_url, cause) from cause
                time.sleep(backoff(attempt))
                continue
            if answer.is_success or answer.status_code == 304:
                return answer
            pause = pause_before_next(answer, attempt)
            if attempt == self.attempts or pause is None:
                raise error_of(answer)
            time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def json(self, method: str, path: str, **options: Any) -> Any:
        """The JSON body of `send`."""
        return json_of(self.send(method, path, **options))

    def events(
        self, path: str, *, params: Mapping[str, Any] | None = None, last_event_id: str | None = None
    ) -> Iterator[ServerEvent]:
        """The server-sent events of a path, across broken connections.

        Continues after the last id received; heartbeats are not passed on. Raises ProblemError for a
        refusal and Unreachable if the service stays away for all attempts. A caller who has enough
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
                        failures += 1
                        again = pause_before_next(answer, failures)
                        if failures >= self.attempts or again is None:
                            raise error_of(answer)
                    else:
                        reader = EventReader(seen)
                        for line in stream_of(answer).iter_lines():
                            failures = 0
                            event = reader.take(line)
                            if event is not None:
                                seen = reader.last_event_id
                                yield event
                        again = pause = reader.retry_seconds or pause
            except httpx.TransportError as cause:
                failures += 1
                if failures >= self.attempts:
                    raise Unreachable(self.base_url, cause) from cause
                again = backoff(failures)
            time.sleep(again)

    def stream_to(
        self, path: str, target: Any, *, params: Mapping[str, Any] | None = None, shown: bool = False
    ) -> int:
        """Writes a response's bytes, also from the object store, into an empty open file; repeated as in `send`.

        Returns their number.
        """
        for attempt in range(1, self.attempts + 1):
            wait = backoff(attempt)
            try:
                with self._http.stream("GET", path, params=params, follow_redirects=True) as answer:
                    if answer.is_success:
                        # an artifact may be a page, and has a hash to be compared
                        if "/artifacts/" not in path:
                            no_page(answer)
                        written, total = 0, int(answer.headers.get("Content-Length") or 0) or None
                        for part in answer.iter_bytes():
                            written += target.write(part)
                            if shown:
                                self.show(Progress("download", written, total, size(written)))
                        if shown:
                            self.show(Progress("download", written, written, size(written), ended=True))
                        return written
                    answer.read()
                    again = pause_before_next(answer, attempt)
                    if attempt == self.attempts or again is None:
                        raise error_of(answer)
                    wait = again
            except httpx.TransportError as cause:
                if attempt == self.attempts:
                    raise Unreachable(self.base_url, cause) from cause
                target.seek(0)
                target.truncate()
            time.sleep(wait)
        raise AssertionError("the last attempt returns or raises")


def _stream(pieces: Pieces) -> Iterator[bytes]:
    for piece in pieces():
        yield piece
