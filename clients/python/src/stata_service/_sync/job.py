# Derived from _async/job.py by generate.py; edit that file.
"""A job at a service."""

from __future__ import annotations

import hashlib
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
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
from .specifications import Specifications
from .transport import Transport
from .uploads import in_one_form, in_parts

_ENDED = {"succeeded", "failed", "cancelled"}


class Job(Specifications):
    """One job, by its token."""

    def __init__(
        self, base_url: str, job_id: str, token: str, *, timeout: float = 60.0, attempts: int = 4,
        progress: bool | Show | None = None,
    ) -> None:
        self.job_id = job_id
        self.token = token
        self._show = shower(progress)
        self._transport = Transport(base_url, token, timeout=timeout, attempts=attempts, show=self._show)
        self._path = f"/v1/jobs/{quote(job_id, safe='')}"

    def close(self) -> None:
        """Ends the connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def change(self, **fields: Any) -> JobView:
        """Changes requirement, title, client_ref or data_sharing; None clears title and client_ref."""
        return cast(JobView, self._ask("PATCH", body=fields))

    def upload(
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
        send(self._transport, self._path, named, list(roles or usual))
        while True:
            try:
                seen = self.inputs()
            except ProblemError as problem:
                if problem.context.get("reason") != "ingesting":
                    raise
                self._show(Progress("read", text="the service reads the data"))
                time.sleep(problem.retry_after or 1)
                continue
            if [dataset["sha256"] for dataset in seen["datasets"]] != sent:
                raise UnexpectedAnswer("the service could not read the upload; the earlier inputs are still there")
            self._show(Progress("read", text=f"{seen['row_count']} rows", ended=True))
            return seen

    def inputs(
        self, *, rows: int = 20, columns: int = 50, dataset_key: str | None = None
    ) -> InputsPreview:
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
        waited = False
        while True:
            answer = self._transport.send("GET", f"{self._path}/draft/preview")
            if answer.status_code != 202:
                if waited:
                    self._show(Progress("draft", text="ready", ended=True))
                return cast(DraftView, json_of(answer))
            pending = cast(Pending, json_of(answer))
            if pending["reason"] == "inputs_missing":
                raise TookTooLong(pending["message"])
            waited = True
            self._show(Progress("draft", text="the model writes a draft"))
            sleep_until(end, pending["retry_after_seconds"], "the draft")

    def preview_plan(self, **freeze: Any) -> PlanPreview:
        """The result of `freeze`, with the do-file; writes nothing."""
        return cast(PlanPreview, self._ask("POST", "/plan/preview", body=freeze))

    def freeze(self, **freeze: Any) -> Plan:
        """Freezes the plan: template, every parameter, data and seed are fixed.

        What `preview_plan` warns of is a `PlanWarning` of the module `warnings`, shown where `freeze` was called.
        """
        checks = self._checks_of_plan(freeze)
        answer = self._ask("POST", "/plan/freeze", body=freeze)
        for check in checks:
            if check["status"] == "warn":
                warnings.warn(PlanWarning(check), stacklevel=2)
        return cast(Plan, answer["plan"])

    def _checks_of_plan(self, freeze: dict[str, Any]) -> list[PreviewCheck]:
        try:
            return (self.preview_plan(**freeze))["checks"]
        except (Conflict, InvalidRequest):
            # the freeze itself says what is wrong; for a plan that is frozen already the warnings have been shown
            return []

    def revise(self, reason: str | None = None) -> None:
        """Opens the draft again; the earlier plans and runs stay."""
        self._ask("POST", "/plan/revise", body={} if reason is None else {"reason": reason})

    def run(self, *, wait: float = 3600.0, output_formats: Sequence[str] | None = None) -> Run:
        """Runs the frozen plan and waits for its end.

        Raises RunFailed or RunCancelled if the run does not succeed, TookTooLong if it is still under way after `wait`
        seconds. If the call is interrupted, the run continues at the service; the same call waits for it again.
        """
        body = {} if output_formats is None else {"output_formats": list(output_formats)}
        self._ask("POST", "/run", body=body)
        end = time.monotonic() + wait
        while True:
            job = self.view()
            self._show(of_job(job))
            if job["status"] in _ENDED:
                return self._ended(job["status"])
            sleep_until(end, job.get("poll_after_seconds") or 0.5, "the run")

    def events(self, *, last_event_id: str | None = None) -> Iterator[ServerEvent]:
        """The events of the job, from its beginning or after an event, until the caller stops.

        A broken connection is opened again where it broke; nothing is lost and nothing comes twice but the events of
        a change that was under way.
        """
        return self._transport.events(f"{self._path}/events", last_event_id=last_event_id)

    def follow_log(
        self, run_id: str | None = None, *, last_event_id: str | None = None
    ) -> Iterator[str]:
        """The lines of an attempt's log as they are written, of the last attempt without an id; ends with it."""
        run = self._attempt(run_id)
        path = f"{self._path}/runs/{quote(run['run_id'], safe='')}/log"
        stream = self._transport.events(path, params={"follow": "true"}, last_event_id=last_event_id)
        for event in stream:
            if event.name == "log.end":
                return
            if event.name == "log":
                for line in event.text.split("\n"):
                    yield line

    def results(self) -> list[ResultRow]:
        """The coefficient table of the last attempt; NoResults, as for `outcome`, if it did not succeed."""
        run = self._succeeded(None)
        return run.get("results") or []

    def findings(
        self, run_id: str | None = None, *, language: Literal["en", "zh"] = "en", decimals: int = 3
    ) -> FindingsAnswer:
        """The main results of a succeeded run as sentences, each with the table that has its numbers."""
        run = self._succeeded(run_id)
        return self._findings(run["run_id"], language=language, decimals=decimals)

    def _findings(self, run_id: str, **params: Any) -> FindingsAnswer:
        path = f"{self._path}/runs/{quote(run_id, safe='')}/findings"
        answer = self._transport.send("GET", path, params=params)
        return cast(FindingsAnswer, json_of(answer))

    def outcome(
        self, run_id: str | None = None, *, png: bool = True, language: Literal["en", "zh"] = "en"
    ) -> Outcome:
        """Findings, coefficients, fit, tables and figures of a succeeded run, of the last attempt without an id.

        With `png` the service renders its figures as images, which every notebook shows; a credential that may not
        do so gets the drawings (SVG) alone. The findings are sentences in `language`. Raises a NoResults where there are
        none: NotRunYet, RunUnderWay, RunCancelled or RunFailed.
        """
        run = self._succeeded(run_id)
        found = [
            (artifact, artifact["rel_path"].rsplit("/", 1)[-1].rpartition("."))
            for artifact in self.artifacts()
            if _meta(artifact).get("run_id") == run["run_id"]
        ]
        tables = {
            name: Table(name, self.read(artifact["rel_path"]))
            for artifact, (name, _, suffix) in found
            if artifact["kind"] == "stata.export.table" and suffix == "csv"
        }
        drawings = {
            artifact["rel_path"]: name
            for artifact, (name, _, suffix) in found
            if artifact["kind"] == "stata.export.figure" and suffix == "svg"
        }
        images = self._images(run["run_id"]) if png and drawings else {}
        behind = {
            _meta(artifact)["data_of"]: Table(name, self.read(artifact["rel_path"]))
            for artifact, (name, _, _) in found
            if "data_of" in _meta(artifact)
        }
        figures = {
            name: Figure(name, self.read(rel_path), images.get(rel_path), behind.get(f"{name}.svg"))
            for rel_path, name in drawings.items()
        }
        said = self._findings(run["run_id"], language=language)
        return Outcome(run, tables, figures, said)

    def _images(self, run_id: str) -> dict[str, bytes]:
        """The figures as PNG, by the path of the drawing; none if the credential may not render."""
        try:
            made = self.render(["png"], run_id=run_id)
        except NotAuthorized:
            return {}
        return {_meta(artifact)["derived_from"][0]: self.read(artifact["rel_path"]) for artifact in made}

    def render(
        self, formats: Sequence[str], *, run_id: str | None = None, wait: float = 300.0, **options: Any
    ) -> list[Artifact]:
        """Files of a succeeded run in other formats: xlsx, docx, tex, pdf, png, dta; see `RenderBody`."""
        run = self._succeeded(run_id)
        body = {"formats": list(formats), **options}
        end = time.monotonic() + wait
        while True:
            path = f"{self._path}/runs/{quote(run['run_id'], safe='')}/render"
            answer = self._transport.send("POST", path, body=body)
            made = json_of(answer)
            if answer.status_code != 202:
                return cast(list[Artifact], made["artifacts"])
            sleep_until(end, made["retry_after_seconds"], "the rendering")

    def cancel(self, reason: str | None = None) -> None:
        """Ends the run and all its processes."""
        self._ask("POST", "/cancel", body={} if reason is None else {"reason": reason})

    def cancel_reading(self, reason: str | None = None) -> str:
        """Cancels the reading of an upload; the job and earlier inputs stay.

        Returns `cancelled`, `inputs_ready` (the upload has become the inputs) or `inputs_missing`.
        """
        body = {} if reason is None else {"reason": reason}
        return cast(str, (self._ask("POST", "/inputs/cancel", body=body))["status"])

    def delete(self) -> None:
        """Removes inputs, results and prompts; ids, hashes and audit stay."""
        self._ask("DELETE")

    def artifacts(self) -> list[Artifact]:
        """Every published file."""
        answer = self._ask("GET", "/artifacts")
        return cast(list[Artifact], answer["artifacts"])

    def read(self, rel_path: str) -> bytes:
        """The bytes of one artifact."""
        answer = self._transport.send("GET", self._artifact(rel_path), elsewhere=True)
        return answer.content

    def download(
        self, folder: str | Path, *, kinds: Mapping[str, bool] | None = None
    ) -> list[Path]:
        """Writes the artifacts below a folder, each checked against its hash."""
        wanted = [a for a in self.artifacts() if kinds is None or kinds.get(a["kind"], False)]
        total, done = sum(artifact["size_bytes"] for artifact in wanted), 0
        written: list[Path] = []
        for artifact in wanted:
            target = Path(folder, *artifact["rel_path"].split("/"))
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                self._transport.stream_to(self._artifact(artifact["rel_path"]), file)
            if hashlib.sha256(target.read_bytes()).hexdigest() != artifact["sha256"]:
                raise UnexpectedAnswer(f"{artifact['rel_path']} is not what the service recorded")
            written.append(target)
            done += artifact["size_bytes"]
            self._show(Progress("download", done, total, f"{size(done)} of {size(total)}", done == total))
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
                self._transport.stream_to(f"{self._path}/capsule", file, params=asked, shown=True)
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
        """The library, or the templates that have all words of `question` in id, title, description or keywords."""
        found = self._transport.json("GET", "/v1/templates", params={"q": question})
        return cast(list[TemplateBrief], found["templates"])


def _meta(artifact: Artifact) -> dict[str, Any]:
    return artifact.get("meta") or {}
