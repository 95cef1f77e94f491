"""The attempts of a job, and what it says that has no results."""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast
from urllib.parse import quote

from ..errors import NotRunYet, RunCancelled, RunUnderWay, TookTooLong, without_results
from ..models import JobView, Run
from .transport import AsyncTransport

_UNDER_WAY = {"queued", "running"}


class AsyncAttempts:
    """A job as far as its attempts go."""

    _transport: AsyncTransport
    _path: str

    async def _ask(self, method: str, path: str = "", **options: Any) -> Any:
        return await self._transport.json(method, self._path + path, **options)

    async def view(self) -> JobView:
        """The job as it is now."""
        return cast(JobView, await self._ask("GET"))

    async def runs(self) -> list[Run]:
        """Every attempt, oldest first."""
        answer = await self._ask("GET", "/runs")
        return cast(list[Run], answer["runs"])

    async def _attempt(self, run_id: str | None) -> Run:
        if run_id is not None:
            return cast(Run, await self._ask("GET", f"/runs/{quote(run_id, safe='')}"))
        runs = await self.runs()
        if runs:
            return runs[-1]
        job = await self.view()
        raise RunUnderWay(job) if job["status"] in _UNDER_WAY else NotRunYet(job)

    async def _succeeded(self, run_id: str | None) -> Run:
        """An attempt that succeeded, the last one without an id; else an exception that says what is in the way."""
        run = await self._attempt(run_id)
        if run["status"] == "running" or run_id is None:
            job = await self.view()
            # a queued job has no attempt yet: the last one has the numbers of an earlier plan
            if job["status"] in _UNDER_WAY:
                raise RunUnderWay(job)
            run = await self._attempt(run_id) if run["status"] == "running" else run
        if run["status"] != "succeeded":
            raise without_results(run)
        return run

    async def _ended(self, status: str) -> Run:
        """The last attempt of a job that has ended; an exception if it did not succeed."""
        runs = await self.runs()
        if status == "cancelled" and (not runs or runs[-1]["status"] != "cancelled"):
            # it waited in the queue: the last attempt, if any, is of an earlier call
            raise RunCancelled(None)
        if status != "succeeded":
            raise without_results(runs[-1])
        return runs[-1]


async def sleep_until(end: float, seconds: float, what: str) -> None:
    left = end - time.monotonic()
    if left <= 0:
        raise TookTooLong(f"{what} continues at the service; ask again later")
    await asyncio.sleep(min(seconds, left))
