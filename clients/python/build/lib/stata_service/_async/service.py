"""A service at an address."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self, cast

from ..models import Capabilities, DataSharing, JobView, TaskCodeView
from ..progress import Show, shower
from .job import AsyncJob
from .transport import AsyncTransport


class AsyncService:
    """A service at an address, with an API key where one is needed (operators, lists, task codes).

    `timeout` in seconds for each request; `attempts` for each request that can be repeated. `progress`: None shows
    a bar in a terminal or notebook, False nothing, a function receives each `Progress`.
    """

    def __init__(
        self, base_url: str, api_key: str | None = None, *, timeout: float = 60.0, attempts: int = 4,
        progress: bool | Show | None = None,
    ) -> None:
        self._transport = AsyncTransport(
            base_url, api_key, timeout=timeout, attempts=attempts, show=shower(progress)
        )

    async def close(self) -> None:
        """Ends the connections."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def capabilities(self) -> Capabilities:
        """Features of this service: formats, limits, engine, model."""
        return cast(Capabilities, await self._transport.json("GET", "/v1/capabilities"))

    async def create_task_codes(self, count: int = 1, **options: Any) -> list[TaskCodeView]:
        """New task codes; each `task_code` is shown only once."""
        made = await self._transport.json("POST", "/v1/admin/task-codes", body={"count": count, **options})
        return cast(list[TaskCodeView], made["task_codes"])

    async def jobs(self, *, status: str | None = None, client_ref: str | None = None) -> AsyncIterator[JobView]:
        """Every job that the key may see, page by page."""
        cursor: str | None = None
        while True:
            page = await self._transport.json(
                "GET", "/v1/jobs", params={"status": status, "client_ref": client_ref, "cursor": cursor}
            )
            for job in cast(list[JobView], page["jobs"]):
                yield job
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    async def redeem(
        self, task_code: str, requirement: str | None = None, *,
        data_sharing: DataSharing | None = None, client_ref: str | None = None,
    ) -> AsyncJob:
        """The job of a task code. The same code gives the same job and token again."""
        body = {"task_code": task_code, "requirement": requirement, "data_sharing": data_sharing,
                "client_ref": client_ref}
        given = {key: value for key, value in body.items() if value is not None}
        answer = await self._transport.json("POST", "/v1/task-codes/redeem", body=given)
        return self.job(answer["job_id"], answer["token"])

    def job(self, job_id: str, token: str) -> AsyncJob:
        """A job with a known token."""
        mine = self._transport
        return AsyncJob(
            mine.base_url, job_id, token, timeout=mine.timeout, attempts=mine.attempts, progress=mine.show
        )
