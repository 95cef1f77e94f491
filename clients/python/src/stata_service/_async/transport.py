"""Requests that are safe to repeat: every POST carries a key under which the service keeps its response."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx

from .._events import EventReader, ServerEvent
from .._files import Pieces
from .._retry import backoff, error_of, json_of, no_page, pause_before_next, stream_of
from ..errors import Unreachable
from ..progress import Progress, Show, size


class AsyncTransport:
    """One service and one credential."""

    def __init__(
        self, base_url: str, credential: str | None, *, timeout: float, attempts: int, show: Show
    ) -> None:
        headers = {"Authorization": f"Bearer {credential}"} if credential else {}
        self._http = httpx.AsyncClient(base_url=base_url.rstrip("/"), headers=headers, timeout=timeout)
        self.base_url = base_url
        self.timeout = timeout
        self.attempts = attempts
        self.show = show

    async def close(self) -> None:
        """Ends the connections."""
        await self._http.aclose()

    async def send(
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
                answer = await self._http.request(
                    method, path, content=stream, headers=sent, params=given, follow_redirects=elsewhere
                )
            except httpx.TransportError as cause:
                if attempt == self.attempts:
                    raise Unreachable(self.base_url, cause) from cause
                await asyncio.sleep(backoff(attempt))
                continue
            if answer.is_success or answer.status_code == 304:
                return answer
            pause = pause_before_next(answer, attempt)
            if attempt == self.attempts or pause is None:
                raise error_of(answer)
            await asyncio.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    async def json(self, method: str, path: str, **options: Any) -> Any:
        """The JSON body of `send`."""
        return json_of(await self.send(method, path, **options))

    async def events(
        self, path: str, *, params: Mapping[str, Any] | None = None, last_event_id: str | None = None
    ) -> AsyncIterator[ServerEvent]:
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
                async with self._http.stream("GET", path, params=params, headers=headers) as answer:
                    if not answer.is_success:
                        await answer.aread()
                        failures += 1
                        again = pause_before_next(answer, failures)
                        if failures >= self.attempts or again is None:
                            raise error_of(answer)
                    else:
                        reader = EventReader(seen)
                        async for line in stream_of(answer).aiter_lines():
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
            await asyncio.sleep(again)

    async def stream_to(
        self, path: str, target: Any, *, params: Mapping[str, Any] | None = None, shown: bool = False
    ) -> int:
        """Writes a response's bytes, also from the object store, into an empty open file; repeated as in `send`.

        Returns their number.
        """
        for attempt in range(1, self.attempts + 1):
            wait = backoff(attempt)
            try:
                async with self._http.stream("GET", path, params=params, follow_redirects=True) as answer:
                    if answer.is_success:
                        # an artifact may be a page, and has a hash to be compared
                        if "/artifacts/" not in path:
                            no_page(answer)
                        written, total = 0, int(answer.headers.get("Content-Length") or 0) or None
                        async for part in answer.aiter_bytes():
                            written += target.write(part)
                            if shown:
                                self.show(Progress("download", written, total, size(written)))
                        if shown:
                            self.show(Progress("download", written, written, size(written), ended=True))
                        return written
                    await answer.aread()
                    again = pause_before_next(answer, attempt)
                    if attempt == self.attempts or again is None:
                        raise error_of(answer)
                    wait = again
            except httpx.TransportError as cause:
                if attempt == self.attempts:
                    raise Unreachable(self.base_url, cause) from cause
                target.seek(0)
                target.truncate()
            await asyncio.sleep(wait)
        raise AssertionError("the last attempt returns or raises")


async def _stream(pieces: Pieces) -> AsyncIterator[bytes]:
    for piece in pieces():
        yield piece
