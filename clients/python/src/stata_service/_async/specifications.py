"""Several specifications of a job, and runs side by side."""

from __future__ import annotations

import json
import time
from typing import Any, cast
from urllib.parse import quote

from ..models import BatchView, ComparisonView, Run, RunCheck
from ..outcome import Comparison, Figure, Table, warned
from .attempts import AsyncAttempts, sleep_until


class AsyncSpecifications(AsyncAttempts):
    """A job as far as its batches and comparisons go."""

    job_id: str

    async def batch(
        self, *, wait: float = 3600.0, **request: Any
    ) -> BatchView:
        """Several specifications on the job's inputs: `base`, `axes` or `cells`, `title` …; see `BatchRequest`.

        Waits until every specification has ended, with or without results; with `wait=0` returns at once. The same
        request on the same inputs is the same batch. Raises TookTooLong if some are still under way after `wait` seconds.
        """
        made = await self._ask("POST", "/batches", body=request)
        return cast(BatchView, made) if wait == 0 else await self.batch_ended(made["batch_id"], wait=wait)

    async def batch_ended(self, batch_id: str, *, wait: float = 3600.0) -> BatchView:
        """A batch once every specification has ended; TookTooLong as for `batch`."""
        end = time.monotonic() + wait
        while True:
            batch = cast(BatchView, await self._ask("GET", f"/batches/{quote(batch_id, safe='')}"))
            if batch["status"] != "running":
                return batch
            await sleep_until(end, batch.get("poll_after_seconds") or 0.5, "the batch")

    async def compare(self, batch_id: str, *, png: bool = True, **options: Any) -> Comparison:
        """The specifications of a batch side by side, and the specification curve of a term.

        Options: `term`, `language`, `decimals` …, as in the query of the service. With `png` the curve is an image as well.
        """
        return await self._compared("GET", f"{self._path}/batches/{quote(batch_id, safe='')}/comparison", None, png, options)

    async def compare_runs(self, run_ids: list[str] | None = None, *, png: bool = True, **options: Any) -> Comparison:
        """Runs of this job side by side, by default all that succeeded with estimates. Options as for `compare`."""
        if run_ids is None:
            succeeded = [run for run in await self.runs() if run["status"] == "succeeded"] or [await self._succeeded(None)]
            run_ids = [run["run_id"] for run in [run for run in succeeded if run.get("results")] or succeeded]
        body = {"runs": [{"job_id": self.job_id, "run_id": run_id} for run_id in run_ids]}
        return await self._compared("POST", "/v1/comparisons", body, png, options)

    async def _compared(
        self, method: str, path: str, body: dict[str, Any] | None, png: bool, options: dict[str, Any]
    ) -> Comparison:
        async def asked(format: str) -> bytes:
            answer = await self._transport.send(method, path, body=body, params={**options, "format": format})
            return answer.content

        view = cast(ComparisonView, json.loads(await asked("json")))
        table = Table("comparison", await asked("csv"))
        checks = await self._checks_of_runs(view)
        if view.get("term") is None:
            return Comparison(view, table, None, checks)
        image = await asked("png") if png else None
        return Comparison(view, table, Figure("specification_curve", await asked("svg"), image), checks)

    async def _checks_of_runs(self, view: ComparisonView) -> dict[int, list[RunCheck]]:
        """What the runs of a comparison warn of, by the index of the column."""
        found: dict[int, list[RunCheck]] = {}
        for column in view["columns"]:
            job_id, run_id = column.get("job_id"), column.get("run_id")
            if job_id and run_id:
                path = f"/v1/jobs/{quote(job_id, safe='')}/runs/{quote(run_id, safe='')}"
                found[column["index"]] = warned(cast(Run, await self._transport.json("GET", path)))
        return {index: checks for index, checks in found.items() if checks}
