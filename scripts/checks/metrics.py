#!/usr/bin/env python3
"""`/metrics` against the real tools: promtool reads it, and a Prometheus server scrapes a running service.

Usage: metrics.py PROGRAM TOOLS, with PROGRAM the built stata-service and TOOLS a folder for what is fetched.
Prometheus comes from the distribution's package, unpacked into TOOLS: nothing is installed into the system.
Prints what it saw; exits with 1 at the first thing that is not as promised, and with 77 where Prometheus cannot
be had.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Callable

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "clients" / "python" / "src"))

from stata_service import Service  # noqa: E402

from tools import debian, expect, free_port  # noqa: E402

KEY = "ssk_admin_0123456789abcdef0123456789abcdef"
PAY = ROOT / "assets/stata_do_library/datasets/pay.csv"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PATIENCE = 30.0


def fetch(tools: Path) -> Path:
    """Returns the folder of prometheus and promtool, unpacked from the distribution's package."""
    return debian(tools, "prometheus", "prometheus").parent


def get(url: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
    request = urllib.request.Request(url, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode("utf-8")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode("utf-8")


def run(address: str) -> str:
    """Walks a journey to its result; returns the trace id of the job."""
    with Service(address, KEY) as service:
        code = service.create_task_codes()[0].get("task_code") or ""
        with service.redeem(code, "What goes with higher pay?") as job:
            job.upload(PAY)
            job.state_draft(
                template_id="linear.ols_robust", outcome_var="log_pay", roles={"regressors": ["schooling"]}
            )
            job.freeze()
            expect("a run succeeds", job.run(wait=120)["status"] == "succeeded")
            document = json.loads(get(
                f"{address}/v1/jobs/{job.job_id}", {"Authorization": f"Bearer {job.token}"}
            )[1])
            return str(document.get("trace_id", ""))


class Prometheus:
    """A server that scrapes one address every second, and its API; or with settings of the caller."""

    def __init__(self, tools: Path, folder: Path, target: str, settings: str = "") -> None:
        self.address = f"127.0.0.1:{free_port()}"
        config = folder / "prometheus.yml"
        config.write_text(
            settings or "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
            f"scrape_configs: [{{job_name: stata-service, static_configs: [{{targets: ['{target}']}}]}}]\n"
        )
        self.log = (folder / "prometheus.log").open("w")
        self.process = subprocess.Popen(
            [str(tools / "prometheus"), f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}",
             f"--web.listen-address={self.address}", "--enable-feature=exemplar-storage", "--log.level=warn",
             "--rules.alert.resend-delay=1s"],
            stdout=self.log, stderr=subprocess.STDOUT,
        )

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        self.log.close()

    def ask(self, path: str, **parameters: str) -> Any:
        try:
            status, body = get(f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return None
        return json.loads(body) if status in (200, 400, 422) else None

    def value(self, query: str) -> float | None:
        found = self.ask("query", query=query)
        results = found["data"]["result"] if found and found["status"] == "success" else []
        return float(results[0]["value"][1]) if results else None

    def exemplars(self, query: str) -> set[str]:
        now = time.time()
        found = self.ask("query_exemplars", query=query, start=str(now - 600), end=str(now + 60))
        series = found["data"] if found and found["status"] == "success" else []
        return {e["labels"].get("trace_id", "") for s in series for e in s["exemplars"]}

    def until(self, promise: str, holds: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > deadline:
                targets = (self.ask("targets") or {}).get("data", {}).get("activeTargets")
                sys.exit(f"metrics: never: {promise}\n{json.dumps(targets, indent=1)}")
            time.sleep(0.2)
        print(f"  {promise}")


def lint(tools: Path, address: str) -> None:
    _, text = get(f"{address}/metrics")
    linted = subprocess.run([str(tools / "promtool"), "check", "metrics"], input=text, text=True, capture_output=True)
    said = f"{linted.stdout}{linted.stderr}"
    expect(f"promtool has nothing to say of /metrics {said}".rstrip(), linted.returncode == 0 and not said)


def lint_is_real(tools: Path) -> None:
    bad = "# TYPE wrong_total gauge\nwrong_total 1\n"
    linted = subprocess.run([str(tools / "promtool"), "check", "metrics"], input=bad, text=True, capture_output=True)
    expect("promtool refuses what breaks the conventions", linted.returncode != 0)


def examples(prometheus: Prometheus) -> None:
    """Every query of the documentation is one that Prometheus takes."""
    text = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    queries = re.findall(r"(?m)^\| `\w+` \|.*\| `([^`]+)` \|$", text)
    expect("the documentation has an example for every metric", len(queries) >= 40)
    for query in queries:
        answer = prometheus.ask("query", query=query)
        if not answer or answer["status"] != "success":
            sys.exit(f"metrics: not a query: {query}: {answer}")
    print(f"  its {len(queries)} queries are answered")


def scraped(prometheus: Prometheus, address: str, trace: str) -> None:
    prometheus.until("the target is up", lambda: prometheus.value('up{job="stata-service"}') == 1)
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    templates = '{route="/v1/templates"}'

    def asked_again(query: str) -> float:
        get(f"{address}/v1/templates", headers)
        return prometheus.value(query) or 0.0

    rate = f"sum(rate(ss_http_requests_total{templates}[30s]))"
    prometheus.until("requests have a rate", lambda: asked_again(rate) > 0)
    quantile = (
        "histogram_quantile(0.95, sum by (le) "
        f"(rate(ss_http_request_duration_seconds_bucket{templates}[30s])))"
    )
    prometheus.until("and a 95th percentile", lambda: 0 < asked_again(quantile) < 30)
    for series in (f"ss_http_request_duration_seconds_bucket{templates}", f"ss_http_requests_total{templates}"):
        prometheus.until(
            f"an exemplar of {series} is the trace of a request", lambda: TRACE in prometheus.exemplars(series)
        )
    for series in ("ss_run_duration_seconds_bucket", "ss_runs_total", "ss_queue_wait_seconds_bucket"):
        prometheus.until(
            f"an exemplar of {series} is the trace of the job", lambda: trace in prometheus.exemplars(series)
        )
    expect("the run is counted", prometheus.value('sum(ss_runs_total{verdict="succeeded"})') == 1)
    expect("the process has its own metrics", (prometheus.value("process_resident_memory_bytes") or 0) > 1e6)
    target = prometheus.ask("targets")["data"]["activeTargets"][0]
    expect("no scrape failed", target["lastError"] == "" and target["health"] == "up")


def main() -> None:
    program, tools = sys.argv[1], fetch(Path(sys.argv[2]).resolve())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        service = subprocess.Popen(
            [program, "serve", "--listen", "127.0.0.1:0", "--data-dir", str(folder / "data")],
            env={**os.environ, "SS_BOOTSTRAP_ADMIN_KEY": KEY, "SS_LOG": "warn", "SS_DISK__LOW_MB": "0"},
            stdout=subprocess.PIPE, text=True,
        )
        prometheus = None
        try:
            assert service.stdout is not None
            target = json.loads(service.stdout.readline())["address"]
            address = f"http://{target}"
            lint_is_real(tools)
            lint(tools, address)
            prometheus = Prometheus(tools, folder, target)
            trace = run(address)
            expect("the job has a trace id", len(trace) == 32)
            lint(tools, address)
            scraped(prometheus, address, trace)
            examples(prometheus)
        finally:
            if prometheus is not None:
                prometheus.end()
            service.terminate()
            code = service.wait(30)
    expect("the service ended in order", code == 0)


if __name__ == "__main__":
    main()
