#!/usr/bin/env python3
"""Traces of the real service as a real collector (rotel) prints them, over OTLP/gRPC and OTLP/HTTP.

Usage: tracing.py PROGRAM SIMULATOR, with PROGRAM the built stata-service and SIMULATOR the built llm-simulator.
Walks a journey over gRPC in which the service is killed while a run is queued and again while it runs, and a shorter
one over HTTP. Prints what it saw; exits with 1 at the first thing that is not as promised.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tools import expect, free_port, until

ROOT = Path(__file__).resolve().parents[2]
KEY = "ssk_admin_0123456789abcdef0123456789abcdef"
PAY = ROOT / "assets/stata_do_library/datasets/pay.csv"
# Stand in the question and in the data: neither may be in a span. The collector's token may not either.
QUESTION = "Does schooling pay in Zanzibar-Nineteen?"
TOKEN = "otlp-token-7d1f"
MODEL_KEY = "sk-made-up-7d1f"
CALLERS = "5bf92f3577b34da6a3ce929d0e0e4736"
DRAFT = {"template_id": "linear.ols_robust", "outcome_var": "log_pay",
         "roles": {"regressors": ["schooling"]}}
PATIENCE = 60.0


@dataclass
class Span:
    trace: str = ""
    parent: str = ""
    id: str = ""
    name: str = ""
    kind: str = ""
    start: int = 0
    end: int = 0
    status: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)


class Collector:
    """A rotel process that prints every span to a file."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "spans.txt"
        self.folder = folder
        self.grpc, self.http = free_port(), free_port()
        spec = importlib.util.find_spec("rotel")
        assert spec is not None and spec.origin is not None
        agent = Path(spec.origin).parent / "rotel-agent"
        self.out = self.file.open("wb")
        self.process = subprocess.Popen(
            [str(agent), "start", "--otlp-grpc-endpoint", f"127.0.0.1:{self.grpc}",
             "--otlp-http-endpoint", f"127.0.0.1:{self.http}", "--exporter", "blackhole",
             "--debug-log", "traces", "--debug-log-verbosity", "detailed",
             "--pid-file", str(folder / "rotel.pid"), "--log-file", str(folder / "rotel.log")],
            stdout=self.out, stderr=self.out,
        )
        until("the collector listens", lambda: accepts(self.grpc) and accepts(self.http), PATIENCE)

    def spans(self) -> list[Span]:
        return parse(self.file.read_text("utf-8", errors="replace"))

    def text(self) -> str:
        return self.file.read_text("utf-8", errors="replace")

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.out.close()


def accepts(port: int) -> bool:
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


HEADS = {"Trace ID": "trace", "Parent ID": "parent", "ID": "id", "Name": "name", "Kind": "kind",
         "Status code": "status"}


def parse(text: str) -> list[Span]:
    """Reads what `--debug-log-verbosity detailed` prints."""
    spans: list[Span] = []
    resource: dict[str, str] = {}
    section = ""
    for line in text.splitlines():
        if line.startswith("Span #"):
            spans.append(Span(attributes={f"resource.{k}": v for k, v in resource.items()}))
            section = "span"
        elif line.startswith("ResourceSpans #"):
            resource, section = {}, "resource"
        elif line.startswith("ScopeSpans #"):
            section = "scope"
        elif line.startswith("Attributes:"):
            section = "attributes"
        elif line.startswith(("Links:", "SpanLink #")):
            section = "links"
        elif line.startswith(("Start time: ", "End time: ")) and spans:
            setattr(spans[-1], line.split()[0].lower(), int(line.rsplit(" ", 1)[1]))
        elif found := re.match(r"^    ([A-Z][A-Za-z ]*?) *: (.*)$", line):
            if section == "span" and (name := HEADS.get(found[1])):
                setattr(spans[-1], name, found[2])
        elif found := re.match(r"^     -> ([^:]+): (.*)$", line):
            if section == "resource":
                resource[found[1]] = typed(found[2])
            elif section == "attributes":
                spans[-1].attributes[found[1]] = typed(found[2])
            elif section == "links" and found[1] == "Trace ID":
                spans[-1].links.append(found[2])
    return spans


def typed(text: str) -> str:
    found = re.match(r"^\w+\((.*)\)$", text)
    return found[1] if found else text


class Service:
    """The real program on a folder; it can be killed and started again."""

    def __init__(self, program: str, folder: Path, settings: dict[str, str]) -> None:
        self.program, self.folder, self.settings = program, folder, settings
        self.process: subprocess.Popen[str] | None = None
        self.restarted_ns = 0
        self.start({})

    def start(self, more: dict[str, str]) -> None:
        log = (self.folder / "service.log").open("ab")
        self.process = subprocess.Popen(
            [self.program, "serve", "--listen", "127.0.0.1:0", "--data-dir", str(self.folder / "data")],
            env={**os.environ, "SS_BOOTSTRAP_ADMIN_KEY": KEY, "SS_LOG": "stata_service=debug",
                 "SS_LOG_FORMAT": "json", "SS_DISK__LOW_MB": "0", "SS_ON_SHUTDOWN": "detach",
                 **self.settings, **more},
            stdout=subprocess.PIPE, stderr=log, text=True,
        )
        log.close()
        assert self.process.stdout is not None
        self.address = "http://" + json.loads(self.process.stdout.readline())["address"]

    def kill(self) -> None:
        assert self.process is not None
        # what ended is sent within a second
        time.sleep(1.3)
        self.process.kill()
        self.process.wait()

    def end(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def lines(self) -> list[dict[str, object]]:
        text = (self.folder / "service.log").read_text("utf-8")
        return [json.loads(line) for line in text.splitlines()]


class Job:
    """A client of one job; each answer's trace id is kept."""

    def __init__(self, service: Service, headers: dict[str, str] | None = None) -> None:
        self.service = service
        self.traces: list[str] = []
        self.record: dict = {}
        self.meta: dict = {}
        made = self.call("POST", "/v1/admin/task-codes", KEY, {"count": 1}).json()
        self.traces.clear()
        redeemed = self.call(
            "POST", "/v1/task-codes/redeem", None,
            {"task_code": made["task_codes"][0]["task_code"], "requirement": QUESTION}, headers,
        ).json()
        self.id, self.token = redeemed["job_id"], redeemed["token"]

    def call(self, method: str, path: str, credential: str | None, body: object = None,
             headers: dict[str, str] | None = None) -> httpx.Response:
        sent = dict(headers or {})
        if credential is not None:
            sent["authorization"] = f"Bearer {credential}"
        answer = httpx.request(method, self.service.address + path, headers=sent, json=body, timeout=60)
        if answer.status_code >= 400:
            raise SystemExit(f"tracing: {method} {path}: {answer.status_code} {answer.text}")
        self.traces.append(answer.headers["x-trace-id"])
        return answer

    def on(self, method: str, tail: str, body: object = None, headers: dict[str, str] | None = None) -> dict:
        answer = self.call(method, f"/v1/jobs/{self.id}{tail}", self.token, body, headers)
        return dict(answer.json())

    def upload(self) -> None:
        answer = httpx.post(
            f"{self.service.address}/v1/jobs/{self.id}/inputs/upload", timeout=60,
            headers={"authorization": f"Bearer {self.token}"}, files={"file": ("secret-pay.csv", PAY.read_bytes())},
        )
        expect("an upload is taken", answer.status_code < 300)
        self.traces.append(answer.headers["x-trace-id"])

    def status(self) -> str:
        return str(self.on("GET", "")["status"])

    def wait_for(self, *statuses: str) -> str:
        return str(until(f"the job is {statuses}", lambda: (s := self.status()) in statuses and s, PATIENCE))


def held_engine(folder: Path, program: str) -> Path:
    """The open engine behind a script that waits as long as a file is there."""
    engine = folder / "engine"
    engine.mkdir()
    script = engine / "counted.sh"
    script.write_bytes((ROOT / "tests/it/support/fakes/counted.sh").read_bytes())
    script.chmod(0o755)
    (engine / "program").write_text(str(Path(program).resolve()))
    (engine / "hold").touch()
    return engine


def long_journey(program: str, simulator: str, folder: Path) -> None:
    """Over gRPC: two jobs; the service is killed while one runs and the other is queued."""
    collector = Collector(folder)
    engine = held_engine(folder, program)
    config = folder / "model.toml"
    config.write_text(f'keys = ["{MODEL_KEY}"]\n')
    with subprocess.Popen([simulator, "--listen", "127.0.0.1:0", "--config", str(config)],
                          stdout=subprocess.PIPE, text=True) as model:
        assert model.stdout is not None
        address = json.loads(model.stdout.readline())["address"]
        service = Service(program, folder, {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.grpc}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_HEADERS": f"x-token={TOKEN}",
            "OTEL_SERVICE_NAME": "traced", "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
            "SS_LLM_PROVIDER": "openai", "SS_LLM_BASE_URL": f"http://{address}/v1", "SS_LLM_API_KEY": MODEL_KEY,
            "SS_LLM_MODEL": "made-up-1", "SS_WORKER_CONCURRENCY": "1", "SS_RUN__SANDBOX": "off",
            "SS_STATA_CMD": str(engine / "counted.sh"),
        })
        try:
            jobs = walk(service, engine)
            until("two runs are reported", lambda: sum(span.name == "run" for span in collector.spans()) == 2, PATIENCE)
            for job in jobs:
                one_trace(collector, job)
            adopted(collector, jobs[0], service)
            waited(collector, jobs[1], service)
            model_call(collector, jobs[0])
            log_lines(service.lines(), jobs)
            nothing_private(collector.text(), jobs)
        finally:
            model.kill()
            service.stop()
            collector.end()


def prepared(service: Service) -> Job:
    job = Job(service)
    job.upload()
    # whether the made-up model's answer makes a draft does not count, only that it was asked
    answer = httpx.get(f"{service.address}/v1/jobs/{job.id}/draft/preview", timeout=60,
                       headers={"authorization": f"Bearer {job.token}"})
    job.traces.append(answer.headers["x-trace-id"])
    job.on("PUT", "/draft", DRAFT)
    job.on("POST", "/plan/freeze", {})
    return job


def walk(service: Service, engine: Path) -> list[Job]:
    runs, waits = prepared(service), prepared(service)
    runs.on("POST", "/run", {})
    runs.wait_for("running")
    until("the engine runs", lambda: (engine / "starts").exists(), PATIENCE)
    waits.on("POST", "/run", {}, {"traceparent": f"00-{CALLERS}-00f067aa0ba902b7-01"})
    expect("a caller's own trace is that of its request", waits.traces.pop() == CALLERS)
    service.kill()
    service.restarted_ns = time.time_ns()
    service.start({})
    expect("the second job still waits after the kill", waits.status() == "queued")
    (engine / "hold").unlink()
    for job in (runs, waits):
        expect("a run succeeds after the kill", job.wait_for("succeeded", "failed") == "succeeded")
        job.record = job.on("GET", "")
        run = job.record["latest_run"]["run_id"]
        meta = f"/artifacts/artifacts/runs/{run}/run.meta.json"
        job.meta = job.on("GET", meta)
        expect("every answer names the job's trace", set(job.traces) == {job.record["trace_id"]})
    expect("the service ends in order", service.end() == 0)
    return [runs, waits]


def named(spans: list[Span], name: str) -> Span:
    found = [span for span in spans if span.name == name]
    expect(f"there is one span {name}", len(found) == 1)
    return found[0]


def of(collector: Collector, job: Job) -> list[Span]:
    return [span for span in collector.spans() if span.trace == job.record["trace_id"]]


ROUTE = "/v1/jobs/{job_id}"
# each with the span around it
TREE = [
    (f"POST {ROUTE}/inputs/upload", "POST /v1/task-codes/redeem"),
    (f"PUT {ROUTE}/draft", "POST /v1/task-codes/redeem"),
    (f"POST {ROUTE}/plan/freeze", "POST /v1/task-codes/redeem"),
    ("run.prepare", "run"), ("run.launch", "run"), ("launcher", "run"), ("engine", "launcher"),
    ("run.verdict", "run"), ("run.publish", "run"), ("files.publish", "run.publish"),
]


def one_trace(collector: Collector, job: Job) -> None:
    spans = of(collector, job)
    ids = {span.id: span for span in spans}
    expect("no span is told twice", len(ids) == len(spans))
    roots = [span for span in spans if not span.parent]
    expect("the trace begins with redeem and nothing else",
           [root.name for root in roots] == ["POST /v1/task-codes/redeem"])
    lost = [span.name for span in spans if span.parent and span.parent not in ids]
    expect(f"no span lacks its parent {lost}", not lost)
    for name, around in TREE:
        parents = {ids[span.parent].name for span in spans if span.name == name}
        expect(f"{name} is within {around}, not {parents}", parents == {around})
    for span in spans:
        expected = {"POST": "SERVER", "GET": "SERVER", "PUT": "SERVER", "store.commit": "CLIENT", "run": "CONSUMER"}
        kind = next((k for n, k in expected.items() if span.name.split()[0] == n), None)
        if kind and span.kind != f"SPAN_KIND_{kind}" or not 0 < span.start <= span.end:
            expect(f"the kind and times of {span}", False)
    expect("commits are told below requests and runs",
           {ids[s.parent].name for s in spans if s.name == "store.commit"} >= {"run", "POST /v1/task-codes/redeem"})
    run = named(spans, "run")
    expect("a run has its facts", run.attributes["run.status"] == "succeeded"
           and run.attributes["run.template"] == "linear.ols_robust"
           and run.attributes["job_id"] == job.id and run.attributes["tenant_id"] == "default")
    engine = named(spans, "engine")
    expect("the engine's end is told", engine.attributes["process.ended"] == "exited")
    expect("the resource is the service as it was named", run.attributes["resource.service.name"] == "traced"
           and run.attributes["resource.deployment.environment.name"] == "test")
    flags = f"00-{run.trace}-{run.id}-01"
    expect("run.meta.json names trace and span",
           (job.meta["trace_id"], job.meta["traceparent"]) == (run.trace, flags))


def adopted(collector: Collector, job: Job, service: Service) -> None:
    spans = of(collector, job)
    run = named(spans, "run")
    asked = named(spans, f"POST {ROUTE}/run")
    expect("the adopted run hangs from its request", run.parent == asked.id)
    expect("the run that was adopted says so", run.attributes["run.adopted"] == "true")
    before = named(spans, "run.launch")
    expect("it was launched by the process that was killed", before.end < service.restarted_ns)
    expect("and is one span from before the kill until after it", run.start < before.start
           and run.end > service.restarted_ns)


def waited(collector: Collector, job: Job, service: Service) -> None:
    spans = of(collector, job)
    run, wait, root = named(spans, "run"), named(spans, "queue.wait"), named(spans, "POST /v1/task-codes/redeem")
    expect("the wait began before the kill and ended with the claim after it",
           wait.start < service.restarted_ns < wait.end <= run.start + 1_000_000)
    expect("run and wait stay in the job's trace", run.parent == wait.parent == root.id)
    expect("and are linked with the request of the other trace", run.links == wait.links == [CALLERS])
    theirs = [span for span in collector.spans() if span.trace == CALLERS and span.name.startswith("POST ")]
    expect("which is below its caller and linked with the job",
           [(span.parent, span.links) for span in theirs] == [("00f067aa0ba902b7", [job.record["trace_id"]])])


def model_call(collector: Collector, job: Job) -> None:
    spans = of(collector, job)
    calls = [span for span in spans if span.name == "chat made-up-1"]
    expect("the model was asked", calls)
    call = calls[0]
    around = {span.id: span.name for span in spans}[call.parent]
    expect("the call to the model is within the request for a draft", around == f"GET {ROUTE}/draft/preview")
    told = {key: value for key, value in call.attributes.items() if key.startswith("gen_ai.")}
    expect(f"it is told by the conventions for generative AI: {told}",
           told["gen_ai.operation.name"] == "chat" and told["gen_ai.provider.name"] == "openai"
           and told["gen_ai.request.model"] == "made-up-1" and int(told["gen_ai.usage.input_tokens"]) > 0
           and int(told["gen_ai.usage.output_tokens"]) > 0)


def log_lines(lines: list[dict[str, object]], jobs: list[Job]) -> None:
    traces = {job.id: job.record["trace_id"] for job in jobs}
    of_jobs = [line for line in lines if line.get("job_id") in traces]
    events = {line.get("event") for line in of_jobs}
    for event in ("SS_HTTP_REQUEST", "SS_LLM_ATTEMPT", "SS_RUN_STARTED", "SS_RUN_ADOPTED", "SS_ENGINE_ENDED",
                  "SS_RUN_FINISHED"):
        expect(f"{event} is logged with its job", event in events)
    bad = [line for line in of_jobs if line.get("trace_id") not in (traces[str(line["job_id"])], CALLERS)
           or len(str(line.get("span_id"))) != 16 or line.get("tenant_id") != "default"]
    expect(f"every line of a job has trace, span and tenant {bad[:3]}", not bad)
    of_runs = [line for line in lines if str(line.get("event")).startswith(("SS_RUN_", "SS_ENGINE_ENDED"))]
    bad = [line for line in of_runs if not {"trace_id", "span_id", "tenant_id", "job_id", "run_id"} <= line.keys()]
    expect(f"every line of a run has all five {bad[:3]}", of_runs and not bad)
    bad = [line for line in lines if any(key.startswith("otel.") for key in line)]
    expect("no line has what only traces need", not bad)


def nothing_private(text: str, jobs: list[Job]) -> None:
    column = "schooling"
    for secret in [QUESTION, QUESTION.split()[-1], TOKEN, KEY, MODEL_KEY, "secret-pay", column,
                   *(job.token for job in jobs), *(job.token.rsplit(".", 1)[-1] for job in jobs)]:
        expect(f"{secret[:6]}… is in no span", secret not in text)


def short_journey(program: str, folder: Path) -> None:
    """Over HTTP: a request, one that its caller does not sample, and another after it."""
    collector = Collector(folder)
    service = Service(program, folder, {"SS_OTEL__ENDPOINT": f"http://127.0.0.1:{collector.http}"})
    try:
        first = Job(service)
        quiet = Job(service, {"traceparent": f"00-{CALLERS}-00f067aa0ba902b7-00"})
        trace = quiet.on("GET", "")["trace_id"]
        expect("a caller's trace is that of the job it creates", trace == CALLERS)
        last = first.on("GET", "")["trace_id"]
        expect("the service ends in order and sends what waits", service.end() == 0)
        traces = {span.trace for span in collector.spans()}
        expect("OTLP/HTTP brings the spans", last in traces)
        expect("whom its caller does not sample is not told", CALLERS not in traces)
        probes = [span.name for span in collector.spans() if "health" in span.name]
        expect("probes are not told", not probes)
    finally:
        service.stop()
        collector.end()


def main() -> None:
    program, simulator = sys.argv[1:3]
    for journey in (lambda folder: long_journey(program, simulator, folder),
                    lambda folder: short_journey(program, folder)):
        with tempfile.TemporaryDirectory() as name:
            journey(Path(name))


if __name__ == "__main__":
    main()
