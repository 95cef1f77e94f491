"""A service, and a job at a service."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, cast
from urllib.parse import quote

import httpx

from ._events import ServerEvent
from ._http import Transport
from .errors import ProblemError, RunFailed, TookTooLong, UnexpectedAnswer
from .models import (
    Artifact,
    Capabilities,
    DatasetRole,
    DataSharing,
    DraftView,
    InputsPreview,
    JobView,
    PatchAnswer,
    Pending,
    Plan,
    PlanPreview,
    ResultRow,
    Run,
    SuggestedDraft,
    TaskCodeView,
    TemplateAnswer,
    TemplateBrief,
)

_ENDED = {"succeeded", "failed", "cancelled"}


class _Closing:
    _transport: Transport

    def close(self) -> None:
        """Ends the connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Service(_Closing):
    """A service at an address, with an API key where one is needed (operators, lists, task codes)."""

    def __init__(
        self, base_url: str, api_key: str | None = None, *, timeout: float = 60.0, attempts: int = 4
    ) -> None:
        self._transport = Transport(base_url, api_key, timeout=timeout, attempts=attempts)

    def capabilities(self) -> Capabilities:
        """Features of this service: formats, limits, engine, model."""
        return cast(Capabilities, self._transport.json("GET", "/v1/capabilities"))

    def create_task_codes(self, count: int = 1, **options: Any) -> list[TaskCodeView]:
        """New task codes; each `task_code` is shown only once."""
        made = self._transport.json("POST", "/v1/admin/task-codes", body={"count": count, **options})
        return cast(list[TaskCodeView], made["task_codes"])

    def jobs(self, *, status: str | None = None, client_ref: str | None = None) -> Iterator[JobView]:
        """Every job that the key may see, page by page."""
        cursor: str | None = None
        while True:
            page = self._transport.json(
                "GET", "/v1/jobs", params={"status": status, "client_ref": client_ref, "cursor": cursor}
            )
            yield from cast(list[JobView], page["jobs"])
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    def redeem(
        self, task_code: str, requirement: str | None = None, *,
        data_sharing: DataSharing | None = None, client_ref: str | None = None,
    ) -> Job:
        """The job of a task code. The same code gives the same job and token again."""
        body = {"task_code": task_code, "requirement": requirement, "data_sharing": data_sharing,
                "client_ref": client_ref}
        given = {key: value for key, value in body.items() if value is not None}
        answer = self._transport.json("POST", "/v1/task-codes/redeem", body=given)
        return self.job(answer["job_id"], answer["token"])

    def job(self, job_id: str, token: str) -> Job:
        """A job with a known token."""
        mine = self._transport
        return Job(mine.base_url, job_id, token, timeout=mine.timeout, attempts=mine.attempts)


class Job(_Closing):
    """One job, by its token."""

    def __init__(
        self, base_url: str, job_id: str, token: str, *, timeout: float = 60.0, attempts: int = 4
    ) -> None:
        self.job_id = job_id
        self.token = token
        self._transport = Transport(base_url, token, timeout=timeout, attempts=attempts)
        self._path = f"/v1/jobs/{quote(job_id, safe='')}"

    def _ask(self, method: str, path: str = "", **options: Any) -> Any:
        return self._transport.json(method, self._path + path, **options)

    def view(self) -> JobView:
        """The job as it is now."""
        return cast(JobView, self._ask("GET"))

    def upload(
        self, *files: str | Path | tuple[str, bytes], roles: Sequence[DatasetRole] | None = None
    ) -> InputsPreview:
        """Replaces all inputs or none; the first file is the primary data set.

        Waits until the service has read them; returns the primary data set's columns and first rows.
        """
        named = [_named(file) for file in files]
        usual: list[DatasetRole] = ["auxiliary_data" for _ in named]
        usual[:1] = ["primary_dataset"]
        form = httpx.Request(
            "POST", "http://form",
            files=[("file", (name, content)) for name, content in named],
            data={"role": list(roles or usual), "filename": [name for name, _ in named]},
        )
        self._transport.send(
            "POST", f"{self._path}/inputs/upload", content=form.read(),
            headers={"Content-Type": form.headers["Content-Type"]},
        )
        sent = [hashlib.sha256(content).hexdigest() for _, content in named]
        while True:
            try:
                seen = self.inputs()
            except ProblemError as problem:
                if problem.context.get("reason") != "ingesting":
                    raise
                time.sleep(problem.retry_after or 1)
                continue
            if [dataset["sha256"] for dataset in seen["datasets"]] != sent:
                raise UnexpectedAnswer("the service could not read the upload; the earlier inputs are still there")
            return seen

    def inputs(self, *, rows: int = 20, columns: int = 50, dataset_key: str | None = None) -> InputsPreview:
        """Rows and columns of a data set, with types and labels."""
        asked = {"rows": rows, "columns": columns, "dataset_key": dataset_key}
        return cast(InputsPreview, self._ask("GET", "/inputs/preview", params=asked))

    def state_draft(self, **fields: Any) -> DraftView:
        """Submits the complete draft: template_id, outcome_var, roles, derived_variables, sample_if, …"""
        return cast(DraftView, self._ask("PUT", "/draft", body=fields))

    def patch_draft(self, **field_updates: Any) -> PatchAnswer:
        """Changes fields of the draft; None clears one. `parameters.level` is written parameters__level."""
        updates = {key.replace("__", "."): value for key, value in field_updates.items()}
        return cast(PatchAnswer, self._ask("POST", "/draft/patch", body={"field_updates": updates}))

    def suggest_draft(self, *, submit: bool = False) -> SuggestedDraft:
        """A draft from the question by rules, without a model, with reasons; `submit` makes it the job's draft."""
        return cast(SuggestedDraft, self._ask("POST", "/draft/suggest", body={"submit": submit}))

    def draft(self, *, wait: float = 300.0, new: bool = False) -> DraftView:
        """The draft; the service's model writes one if there is none, or always with `new`."""
        end = time.monotonic() + wait
        if new:
            self._ask("POST", "/draft/preview", body={})
        while True:
            answer = self._transport.send("GET", f"{self._path}/draft/preview")
            if answer.status_code != 202:
                return cast(DraftView, answer.json())
            pending = cast(Pending, answer.json())
            if pending["reason"] == "inputs_missing":
                raise TookTooLong(pending["message"])
            _sleep_until(end, pending["retry_after_seconds"], "the draft")

    def preview_plan(self, **freeze: Any) -> PlanPreview:
        """The result of `freeze`, with the do-file; writes nothing."""
        return cast(PlanPreview, self._ask("POST", "/plan/preview", body=freeze))

    def freeze(self, **freeze: Any) -> Plan:
        """Freezes the plan: template, every parameter, data and seed are fixed."""
        return cast(Plan, self._ask("POST", "/plan/freeze", body=freeze)["plan"])

    def revise(self, reason: str | None = None) -> None:
        """Opens the draft again; the earlier plans and runs stay."""
        self._ask("POST", "/plan/revise", body={} if reason is None else {"reason": reason})

    def run(self, *, wait: float = 3600.0, output_formats: Sequence[str] | None = None) -> Run:
        """Runs the frozen plan and waits for its end.

        Raises RunFailed if the run does not succeed, TookTooLong if it is still under way after `wait` seconds.
        """
        body = {} if output_formats is None else {"output_formats": list(output_formats)}
        self._ask("POST", "/run", body=body)
        end = time.monotonic() + wait
        while True:
            job = self.view()
            if job["status"] in _ENDED:
                run = self.runs()[-1]
                if job["status"] != "succeeded":
                    raise RunFailed(run)
                return run
            _sleep_until(end, job.get("poll_after_seconds") or 0.5, "the run")

    def events(self, *, last_event_id: str | None = None) -> Iterator[ServerEvent]:
        """The events of the job, from its beginning or after an event, until the caller stops.

        A broken connection is opened again where it broke; nothing is lost and nothing comes twice but the events of
        a change that was under way.
        """
        return self._transport.events(f"{self._path}/events", last_event_id=last_event_id)

    def follow_log(self, run_id: str | None = None, *, last_event_id: str | None = None) -> Iterator[str]:
        """The lines of an attempt's log as they are written, of the last attempt without an id; ends with it."""
        run = run_id if run_id is not None else self.runs()[-1]["run_id"]
        path = f"{self._path}/runs/{quote(run, safe='')}/log"
        for event in self._transport.events(path, params={"follow": "true"}, last_event_id=last_event_id):
            if event.name == "log.end":
                return
            if event.name == "log":
                yield from event.text.split("\n")

    def runs(self) -> list[Run]:
        """Every attempt, oldest first."""
        return cast(list[Run], self._ask("GET", "/runs")["runs"])

    def results(self) -> list[ResultRow]:
        """The coefficient table of the last attempt."""
        return self.runs()[-1].get("results") or []

    def cancel(self, reason: str | None = None) -> None:
        """Ends the run and all its processes."""
        self._ask("POST", "/cancel", body={} if reason is None else {"reason": reason})

    def delete(self) -> None:
        """Removes inputs, results and prompts; ids, hashes and audit stay."""
        self._ask("DELETE")

    def artifacts(self) -> list[Artifact]:
        """Every published file."""
        return cast(list[Artifact], self._ask("GET", "/artifacts")["artifacts"])

    def read(self, rel_path: str) -> bytes:
        """The bytes of one artifact."""
        return self._transport.send("GET", self._artifact(rel_path)).content

    def download(self, folder: str | Path, *, kinds: Mapping[str, bool] | None = None) -> list[Path]:
        """Writes the artifacts below a folder, each checked against its hash."""
        written = []
        for artifact in self.artifacts():
            if kinds is not None and not kinds.get(artifact["kind"], False):
                continue
            target = Path(folder, *artifact["rel_path"].split("/"))
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                self._transport.stream_to(self._artifact(artifact["rel_path"]), file)
            if hashlib.sha256(target.read_bytes()).hexdigest() != artifact["sha256"]:
                raise UnexpectedAnswer(f"{artifact['rel_path']} is not what the service recorded")
            written.append(target)
        return written

    def capsule(
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
                self._transport.stream_to(f"{self._path}/capsule", file, params=asked)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        return path

    def _artifact(self, rel_path: str) -> str:
        return f"{self._path}/artifacts/{quote(rel_path)}"

    def template(self, template_id: str) -> TemplateAnswer:
        """The contract of a template."""
        return cast(TemplateAnswer, self._transport.json("GET", f"/v1/templates/{quote(template_id)}"))

    def templates(self, question: str | None = None) -> list[TemplateBrief]:
        """The library, or the templates that fit a question."""
        found = self._transport.json("GET", "/v1/templates", params={"q": question})
        return cast(list[TemplateBrief], found["templates"])


def _named(file: str | Path | tuple[str, bytes]) -> tuple[str, bytes]:
    if isinstance(file, tuple):
        return file
    return Path(file).name, Path(file).read_bytes()


def _sleep_until(end: float, seconds: float, what: str) -> None:
    left = end - time.monotonic()
    if left <= 0:
        raise TookTooLong(f"{what} continues at the service; ask again later")
    time.sleep(min(seconds, left))
