"""Smoke test of a running service, called by scripts/smoke.sh. Needs Python 3 and nothing else.

Waits until the service is ready, then checks probes, version, refusals and one analysis from redeem to verdict.
With --watch it keeps sending requests for that many seconds and compares error rate and 95th percentile with their bounds.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid

TERMINAL = ("succeeded", "failed", "cancelled")
CSV = "y,x\n" + "".join(f"{(i * 7919) % 101 + i / 10},{i}\n" for i in range(60))


class NotSo(Exception):
    """A check that does not hold, with its evidence."""


class Client:
    """Sends requests, counts them and keeps their durations (seconds)."""

    def __init__(self, base: str) -> None:
        self.base = base.rstrip("/")
        self.seconds: list[float] = []
        self.faults = 0

    def call(self, method, path, token=None, body=None, raw=None, kind="application/json"):
        """Returns (status, body): parsed where it is JSON. Status 0 stands for no answer."""
        data = raw if raw is not None else (None if body is None else json.dumps(body).encode())
        request = urllib.request.Request(self.base + path, data=data, method=method)
        if data is not None:
            request.add_header("Content-Type", kind)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        started = time.monotonic()
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        except OSError as error:
            status, text = 0, str(error).encode()
        self.seconds.append(time.monotonic() - started)
        self.faults += status == 0 or status >= 500
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text.decode(errors="replace")

    def p95(self) -> float:
        """95th percentile of all durations, in milliseconds."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]


def expect(holds, evidence) -> None:
    if not holds:
        raise NotSo(str(evidence)[:600])


def wait_ready(base: str, seconds: float) -> str:
    """Waits for /health/ready; the client of the wait is thrown away, since refusals are expected here."""
    deadline, client = time.monotonic() + seconds, Client(base)
    while True:
        status, answer = client.call("GET", "/health/ready")
        if status == 200:
            return f"{answer['status']} after {len(client.seconds)} questions"
        if time.monotonic() > deadline:
            reasons = answer.get("violations") or answer.get("reasons") if isinstance(answer, dict) else answer
            raise NotSo(f"not ready within {seconds:g} s: {status} {reasons}")
        time.sleep(0.2)


def version(client: Client, expected: str | None) -> str:
    _, answer = client.call("GET", "/health/ready")
    found = answer.get("version") if isinstance(answer, dict) else None
    expect(expected is None or found == expected, f"version {found}, expected {expected}")
    return str(found)


def surface(client: Client) -> str:
    for path, wanted in (("/health/live", 200), ("/v1/capabilities", 200), ("/v1/templates", 401), ("/jobs", 404)):
        status, answer = client.call("GET", path)
        expect(status == wanted, f"{path} answered {status} instead of {wanted}: {answer}")
    status, answer = client.call("GET", "/metrics")
    expect(status == 200 and "ss_build_info" in answer, f"/metrics answered {status}")
    return "public routes answer, private ones refuse"


def journey(client: Client, key: str, seconds: float) -> str:
    """One analysis: task code, redeem, upload, draft, freeze, run, verdict, table."""
    status, made = client.call("POST", "/v1/admin/task-codes", key, {"count": 1})
    expect(status == 201, f"task code: {status} {made}")
    body = {"task_code": made["task_codes"][0]["task_code"], "requirement": "What is the effect of x on y?"}
    status, job = client.call("POST", "/v1/task-codes/redeem", body=body)
    expect(status == 200, f"redeem: {status} {job}")
    token, path = job["token"], f"/v1/jobs/{job['job_id']}"
    boundary = uuid.uuid4().hex
    form = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="smoke.csv"\r\n'
        f"Content-Type: text/csv\r\n\r\n{CSV}\r\n--{boundary}--\r\n"
    ).encode()
    kind = f"multipart/form-data; boundary={boundary}"
    status, answer = client.call("POST", f"{path}/inputs/upload", token, raw=form, kind=kind)
    expect(status in (200, 202), f"upload: {status} {answer}")
    draft = {"template_id": "linear.ols_robust", "outcome_var": "y", "roles": {"regressors": ["x"]}}
    for method, step, body in (("PUT", "draft", draft), ("POST", "plan/freeze", {}), ("POST", "run", {})):
        status, answer = client.call(method, f"{path}/{step}", token, body)
        expect(status == 200, f"{step}: {status} {answer}")
    deadline, state = time.monotonic() + seconds, {}
    while time.monotonic() < deadline and state.get("status") not in TERMINAL:
        time.sleep(0.1)
        _, state = client.call("GET", path, token)
        state = state if isinstance(state, dict) else {}
    expect(state.get("status") == "succeeded", f"the run ended {state.get('status')}: {state.get('latest_run')}")
    _, listed = client.call("GET", f"{path}/artifacts", token)
    tables = [a["rel_path"] for a in listed["artifacts"] if a["kind"] == "stata.export.table"]
    expect(tables, "the run has no table")
    status, table = client.call("GET", f"{path}/artifacts/{tables[0]}", token)
    expect(status == 200 and len(table) > 0, f"{tables[0]}: {status}")
    return f"job {job['job_id']} succeeded, {len(listed['artifacts'])} artifacts"


def watch(client: Client, args) -> str:
    """Keeps sending requests for a while and judges error rate and latency of everything that was asked."""
    deadline = time.monotonic() + args.watch
    while time.monotonic() < deadline:
        client.call("GET", "/health/ready")
        client.call("GET", "/v1/capabilities")
        time.sleep(0.2)
    rate = client.faults / len(client.seconds)
    expect(rate <= args.max_error_rate, f"{client.faults} of {len(client.seconds)} requests failed")
    expect(client.p95() <= args.max_p95_ms, f"p95 {client.p95():.0f} ms, bound {args.max_p95_ms:g} ms")
    return f"{len(client.seconds)} requests, {client.faults} failed, p95 {client.p95():.0f} ms"


def admin_key() -> str | None:
    """Returns the key of the environment or of its file."""
    named = os.environ.get("SMOKE_ADMIN_KEY_FILE")
    if named:
        with open(named, encoding="utf-8") as file:
            return file.read().strip()
    return os.environ.get("SMOKE_ADMIN_KEY") or None


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/smoke.sh", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True, help="base URL of the service")
    parser.add_argument("--expect-version", help="version that /health/ready must report")
    parser.add_argument("--wait", type=float, default=60, help="longest wait for readiness, in seconds")
    parser.add_argument("--run-wait", type=float, default=120, help="longest wait for the verdict, in seconds")
    parser.add_argument("--watch", type=float, default=0, help="seconds to keep sending requests")
    parser.add_argument("--max-error-rate", type=float, default=0.01)
    parser.add_argument("--max-p95-ms", type=float, default=500)
    args = parser.parse_args()
    started, client, key = time.monotonic(), Client(args.url), admin_key()
    steps = [("ready", lambda: wait_ready(args.url, args.wait)),
             ("version", lambda: version(client, args.expect_version)),
             ("surface", lambda: surface(client))]
    if key:
        steps.append(("journey", lambda: journey(client, key, args.run_wait)))
    else:
        print("LEFT OUT journey: no admin key (SMOKE_ADMIN_KEY or SMOKE_ADMIN_KEY_FILE)")
    if args.watch:
        steps.append(("watch", lambda: watch(client, args)))
    for name, step in steps:
        try:
            print(f"PASS {name}: {step()}", flush=True)
        except (NotSo, KeyError, TypeError) as fault:
            print(f"FAIL {name}: {fault}", flush=True)
            return 1
    print(f"smoke passed in {time.monotonic() - started:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
