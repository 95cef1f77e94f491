"""A job at a service."""

from __future__ import annotations

import asyncio
import hashlib
import time
import warnings
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, cast
from urllib.parse import quote

from .._events import ServerEvent
from .._files import PARTS_FROM, SentFile
from .._retry import json_of
from ..errors import (
    Conflict,
    InvalidRequest,
    NotAuthorized,
    PlanWarning,
    ProblemError,
    TookTooLong,
    UnexpectedAnswer,
)
from ..models import (
    Artifact,
    DatasetRole,
    DraftView,
    FindingsAnswer,
    InputsPreview,
    JobView,
    PatchAnswer,
    Pending,
    Plan,
    PlanPreview,
    PreviewCheck,
    ResultRow,
    Run,
    SuggestedDraft,
    TemplateAnswer,
    TemplateBrief,
)
from ..outcome import Figure, Outcome, Table
from ..progress import Progress, Show, of_job, shower, size
from .attempts import sleep_until
from .specifications import AsyncSpecifications
from .transport import AsyncTransport
from .uploads import in_one_form, in_parts

_ENDED = {"succeeded", "failed", "cancelled"}


class AsyncJob(AsyncSpecifications):
    """One job, by its token."""

    def __init__(
        self, base_url: str, job_id: str, token: str, *, timeout: float = 60.0, attempts: int = 4,
        progress: bool | Show | None = None,
    ) -> None:
        self.job_id = job_id
        self.token = token
        self._show = shower(progress)
        self._transport = AsyncTransport(base_url, token, timeout=timeout, attempts=attempts, show=self._show)
        self._path = f"/v1/jobs/{quote(job_id, safe='')}"

    async def close(self) -> None:
        """Ends the connections."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def change(self, **fields: Any) -> JobView:
        """Changes requirement, title, client_ref or data_sharing; None clears title and client_ref."""
        return cast(JobView, await self._ask("PATCH", body=fields))

    async def upload(
        self, *files: str | Path | tuple[str, bytes], roles: Sequence[DatasetRole] | None = None,
        parts: bool | None = None,
    ) -> InputsPreview:
        """Replaces all inputs or none; the first file is the primary data set.

        Waits until the service has read them; returns the primary data set's columns and first rows. From 64 MiB
        together, or with `parts`, the files go in parts: the same call after a failure, also in another process,
        continues with the parts that have not arrived.
        """
        named = [SentFile.of(file) for file in files]
        usual: list[DatasetRole] = ["auxiliary_data" for _ in named]
        usual[:1] = ["primary_dataset"]
        large = sum(file.size for file in named) >= PARTS_FROM if parts is None else parts
        sent = [file.sha256() for file in named]
        send = in_parts if large else in_one_form
        await send(self._transport, self._path, named, list(roles or usual))
        while True:
            try:
                seen = await self.inputs()
            except ProblemError as problem:
                if problem.context.get("reason") != "ingesting":
                    raise
                self._show(Progress("read", text="the service reads the data"))
                await asyncio.sleep(problem.retry_after or 1)
                continue
            if [dataset["sha256"] for dataset in seen["datasets"]] != sent:
                raise UnexpectedAnswer("the service could not read the upload; the earlier inputs are still there")
            self._show(Progress("read", text=f"{seen['row_count']} rows", ended=True))
            return seen

    async def inputs(
        self, *, rows: int = 20, columns: int = 50, dataset_key: str | None = None
    ) -> InputsPreview:
        """Rows and columns of a data set, with types and labels."""
        asked = {"rows": rows, "columns": columns, "dataset_key": dataset_key}
        return cast(InputsPreview, await self._ask("GET", "/inputs/preview", params=asked))

    async def state_draft(self, **fields: Any) -> DraftView:
        """Submits the complete draft: template_id, outcome_var, roles, derived_variables, sample_if, …"""
        return cast(DraftView, await self._ask("PUT", "/draft", body=fields))

    async def patch_draft(self, **field_updates: Any) -> PatchAnswer:
        """Changes fields of the draft; None clears one. `parameters.level` is written parameters__level."""
        updates = {key.replace("__", "."): value for key, value in field_updates.items()}
        return cast(PatchAnswer, await self._ask("POST", "/draft/patch", body={"field_updates": updates}))

    async def suggest_draft(self, *, submit: bool = False) -> SuggestedDraft:
        """A draft from the question by rules, without a model, with reasons; `submit` makes it the job's draft."""
        return cast(SuggestedDraft, await self._ask("POST", "/draft/suggest", body={"submit": submit}))

    async def draft(self, *, wait: float = 300.0, new: bool = False) -> DraftView:
        """The draft; the service's model writes one if there is none, or always with `new`."""
        end = time.monotonic() + wait
        if new:
            await self._ask("POST", "/draft/preview", body={})
        waited = False
        while True:
            answer = await self._transport.send("GET", f"{self._path}/draft/preview")
            if answer.status_code != 202:
                if waited:
                    self._show(Progress("draft", text="ready", ended=True))
                return cast(DraftView, json_of(answer))
            pending = cast(Pending, json_of(answer))
            if pending["reason"] == "inputs_missing":
                raise TookTooLong(pending["message"])
            waited = True
            self._show(Progress("draft", text="the model writes a draft"))
            await sleep_until(end, pending["retry_after_seconds"], "the draft")

    async def preview_plan(self, **freeze: Any) -> PlanPreview:
        """The result of `freeze`, with the do-file; writes nothing."""
        return cast(PlanPreview, await self._ask("POST", "/plan/preview", body=freeze))

    async def freeze(self, **freeze: Any) -> Plan:
        """Freezes the plan: template, every parameter, data and seed are fixed.

        What `preview_plan` warns of is a `PlanWarning` of the module `warnings`, shown where `freeze` was called.
        """
        checks = await self._checks_of_plan(freeze)
        answer = await self._ask("POST", "/plan/freeze", body=freeze)
        for check in checks:
            if check["status"] == "warn":
                warnings.warn(PlanWarning(check), stacklevel=2)
        return cast(Plan, answer["plan"])

    async def _checks_of_plan(self, freeze: dict[str, Any]) -> list[PreviewCheck]:
        try:
            return (await self.preview_plan(**freeze))["checks"]
        except (Conflict, InvalidRequest):
            # the freeze itself says what is wrong; for a plan that is frozen already the warnings have been shown
            return []

    async def revise(self, reason: str | None = None) -> None:
        """Opens the draft again; the earlier plans and runs stay."""
        await self._ask("POST", "/plan/revise", body={} if reason is None else {"reason": reason})

    async def run(self, *, wait: float = 3600.0, output_formats: Sequence[str] | None = None) -> Run:
        """Runs the frozen plan and waits for its end.

        Raises RunFailed or RunCancelled if the run does not succeed, TookTooLong if it is still under way after `wait`
        seconds. If the call is interrupted, the run continues at the service; the same call waits for it again.
        """
        body = {} if output_formats is None else {"output_formats": list(output_formats)}
        await self._ask("POST", "/run", body=body)
        end = time.monotonic() + wait
        while True:
            job = await self.view()
            self._show(of_job(job))
            if job["status"] in _ENDED:
                return await self._ended(job["status"])
            await sleep_until(end, job.get("poll_after_seconds") or 0.5, "the run")

    def events(self, *, last_event_id: str | None = None) -> AsyncIterator[ServerEvent]:
        """The events of the job, from its beginning or after an event, until the caller stops.

        A broken connection is opened again where it broke; nothing is lost and nothing comes twice but the events of
        a change that was under way.
        """
        return self._transport.events(f"{self._path}/events", last_event_id=last_event_id)

    async def follow_log(
        self, run_id: str | None = None, *, last_event_id: str | None = None
    ) -> AsyncIterator[str]:
        """The lines of an attempt's log as they are written, of the last attempt without an id; ends with it."""
        run = await self._attempt(run_id)
        path = f"{self._path}/runs/{quote(run['run_id'], safe='')}/log"
        stream = self._transport.events(path, params={"follow": "true"}, last_event_id=last_event_id)
        async for event in stream:
            if event.name == "log.end":
                return
            if event.name == "log":
                for line in event.text.split("\n"):
                    yield line

    async def results(self) -> list[ResultRow]:
        """The coefficient table of the last attempt; NoResults, as for `outcome`, if it did not succeed."""
        run = await self._succeeded(None)
        return run.get("results") or []

    async def findings(
        self, run_id: str | None = None, *, language: Literal["en", "zh"] = "en", decimals: int = 3
    ) -> FindingsAnswer:
        """The main results of a succeeded run as sentences, each with the table that has its numbers."""
        run = await self._succeeded(run_id)
        return await self._findings(run["run_id"], language=language, decimals=decimals)

    async def _findings(self, run_id: str, **params: Any) -> FindingsAnswer:
        path = f"{self._path}/runs/{quote(run_id, safe='')}/findings"
        answer = await self._transport.send("GET", path, params=params)
        return cast(FindingsAnswer, json_of(answer))

    async def outcome(
        self, run_id: str | None = None, *, png: bool = True, language: Literal["en", "zh"] = "en"
    ) -> Outcome:
        """Findings, coefficients, fit, tables and figures of a succeeded run, of the last attempt without an id.

        With `png` the service renders its figures as images, which every notebook shows; a credential that may not
        do so gets the drawings (SVG) alone. The findings are sentences in `language`. Raises a NoResults where there are
        none: NotRunYet, RunUnderWay, RunCancelled or RunFailed.
        """
        run = await self._succeeded(run_id)
        found = [
            (artifact, artifact["rel_path"].rsplit("/", 1)[-1].rpartition("."))
            for artifact in await self.artifacts()
            if _meta(artifact).get("run_id") == run["run_id"]
        ]
        tables = {
            name: Table(name, await self.read(artifact["rel_path"]))
            for artifact, (name, _, suffix) in found
            if artifact["kind"] == "stata.export.table" and suffix == "csv"
        }
        drawings = {
            artifact["rel_path"]: name
            for artifact, (name, _, suffix) in found
            if artifact["kind"] == "stata.export.figure" and suffix == "svg"
        }
        images = await self._images(run["run_id"]) if png and drawings else {}
        behind = {
            _meta(artifact)["data_of"]: Table(name, await self.read(artifact["rel_path"]))
            for artifact, (name, _, _) in found
            if "data_of" in _meta(artifact)
        }
        figures = {
            name: Figure(name, await self.read(rel_path), images.get(rel_path), behind.get(f"{name}.svg"))
            for rel_path, name in drawings.items()
        }
        said = await self._findings(run["run_id"], language=language)
        return Outcome(run, tables, figures, said)

    async def _images(self, run_id: str) -> dict[str, bytes]:
        """The figures as PNG, by the path of the drawing; none if the credential may not render."""
        try:
            made = await self.render(["png"], run_id=run_id)
        except NotAuthorized:
            return {}
        return {_meta(artifact)["derived_from"][0]: await self.read(artifact["rel_path"]) for artifact in made}

    async def render(
        self, formats: Sequence[str], *, run_id: str | None = None, wait: float = 300.0, **options: Any
    ) -> list[Artifact]:
        """Files of a succeeded run in other formats: xlsx, docx, tex, pdf, png, dta; see `RenderBody`."""
        run = await self._succeeded(run_id)
        body = {"formats": list(formats), **options}
        end = time.monotonic() + wait
        while True:
            path = f"{self._path}/runs/{quote(run['run_id'], safe='')}/render"
            answer = await self._transport.send("POST", path, body=body)
            made = json_of(answer)
            if answer.status_code != 202:
                return cast(list[Artifact], made["artifacts"])
            await sleep_until(end, made["retry_after_seconds"], "the rendering")

    async def cancel(self, reason: str | None = None) -> None:
        """Ends the run and all its processes."""
        await self._ask("POST", "/cancel", body={} if reason is None else {"reason": reason})

    async def cancel_reading(self, reason: str | None = None) -> str:
        """Cancels the reading of an upload; the job and earlier inputs stay.

        Returns `cancelled`, `inputs_ready` (the upload has become the inputs) or `inputs_missing`.
        """
        body = {} if reason is None else {"reason": reason}
        return cast(str, (await self._ask("POST", "/inputs/cancel", body=body))["status"])

    async def delete(self) -> None:
        """Removes inputs, results and prompts; ids, hashes and audit stay."""
        await self._ask("DELETE")

    async def artifacts(self) -> list[Artifact]:
        """Every published file."""
        answer = await self._ask("GET", "/artifacts")
        return cast(list[Artifact], answer["artifacts"])

    async def read(self, rel_path: str) -> bytes:
        """The bytes of one artifact."""
        answer = await self._transport.send("GET", self._artifact(rel_path), elsewhere=True)
        return answer.content

    async def download(
        self, folder: str | Path, *, kinds: Mapping[str, bool] | None = None
    ) -> list[Path]:
        """Writes the artifacts below a folder, each checked against its hash."""
        wanted = [a for a in await self.artifacts() if kinds is None or kinds.get(a["kind"], False)]
        total, done = sum(artifact["size_bytes"] for artifact in wanted), 0
        written: list[Path] = []
        for artifact in wanted:
            target = Path(folder, *artifact["rel_path"].split("/"))
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                await self._transport.stream_to(self._artifact(artifact["rel_path"]), file)
            if hashlib.sha256(target.read_bytes()).hexdigest() != artifact["sha256"]:
                raise UnexpectedAnswer(f"{artifact['rel_path']} is not what the service recorded")
            written.append(target)
            done += artifact["size_bytes"]
            self._show(Progress("download", done, total, f"{size(done)} of {size(total)}", done == total))
        return written

    async def capsule(
        self, target: str | Path, *, data: Literal["include", "hash"] = "include",
        llm: Literal["include", "exclude"] = "include", run_id: str | None = None,
    ) -> Path:
        """Writes a succeeded run, the latest without an id, with everything needed to check and repeat it.

        A ZIP file (RO-Crate); `stata-service capsule verify` checks it. With `data="hash"` the data stand in it as
        their hashes alone. What broke off leaves nothing.
        """
        asked = {"data": data, "llm": llm, **({} if run_id is None else {"run_id": run_id})}
        path = Path(target)
        part = path.with_name(path.name + ".part")
        try:
            with part.open("wb") as file:
                await self._transport.stream_to(f"{self._path}/capsule", file, params=asked, shown=True)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        return path

    def _artifact(self, rel_path: str) -> str:
        return f"{self._path}/artifacts/{quote(rel_path)}"

    async def template(self, template_id: str) -> TemplateAnswer:
        """The contract of a template."""
        return cast(TemplateAnswer, await self._transport.json("GET", f"/v1/templates/{quote(template_id)}"))

    async def templates(self, question: str | None = None) -> list[TemplateBrief]:
        """The library, or the templates that have all words of `question` in id, title, description or keywords."""
        found = await self._transport.json("GET", "/v1/templates", params={"q": question})
        return cast(list[TemplateBrief], found["templates"])


def _meta(artifact: Artifact) -> dict[str, Any]:
    return artifact.get("meta") or {}
