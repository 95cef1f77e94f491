#!/usr/bin/env python3
"""Upgrades the service under load as Kubernetes and systemd do, and counts what was lost.

Usage: drain.py PROGRAM
Real processes, the signals and timings of the chart's values: the endpoint goes, preStop, SIGTERM, drain delay, end of
requests and runs, grace period, SIGKILL, the next process on the same data. Three ways:
  drain    a container's end in order: no request and no run may be lost
  kill     the grace period is too short: the whole container is killed with its runs; every job ends all the same
  detach   a host's upgrade: the service is replaced at once, runs continue and are adopted
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import yaml

from support import KEY, ROOT, TERMINAL, Service, expect, until

VALUES = yaml.safe_load((ROOT / "deploy/helm/values.yaml").read_text())
DRAIN, READINESS = VALUES["drain"], VALUES["probes"]["readiness"]
# From the moment that a pod is said to end until no balancer sends to it.
PROPAGATION_SECONDS = 1.5
CSV = "y,x\n" + "".join(f"{(i * 7919) % 101 + i / 10},{i}\n" for i in range(60))


class Balancer:
    """The endpoint that clients are sent to; without one they wait, as behind an ingress that retries."""

    def __init__(self) -> None:
        self.address: str | None = None
        self.lost: list[str] = []
        self.answers: Counter[int] = Counter()
        self.longest = 0.0
        self.over = False

    def wait(self) -> str:
        started = time.monotonic()
        while self.address is None:
            if time.monotonic() - started > 120:
                sys.exit("no endpoint for two minutes")
            time.sleep(0.01)
        self.longest = max(self.longest, time.monotonic() - started)
        return self.address


class Caller:
    """A client with one connection, which is kept or made for each request."""

    def __init__(self, balancer: Balancer, keep: bool) -> None:
        self.balancer, self.keep = balancer, keep
        self.connection: http.client.HTTPConnection | None = None

    def call(self, method: str, path: str, token: str = "", body: object = None, form: bytes | None = None):
        """Returns (status, body). No answer, or 5xx, is a lost request. A kept connection that the service closed
        while nothing was under way is opened again, as every HTTP client does."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        data = form if form is not None else (None if body is None else json.dumps(body).encode())
        if data is not None:
            headers["Content-Type"] = "multipart/form-data; boundary=b" if form is not None else "application/json"
        for _ in range(2):
            reused = self.connection is not None
            if not reused:
                self.connection = http.client.HTTPConnection(self.balancer.wait(), timeout=30)
            try:
                self.connection.request(method, path, data, headers)
                answer = self.connection.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.connection.close()
                self.connection = None
                if reused and isinstance(error, (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError)):
                    continue
                self.balancer.lost.append(f"{method} {path}: {error!r}")
                return 0, {}
            if not self.keep or answer.getheader("Connection") == "close":
                self.connection.close()
                self.connection = None
            self.balancer.answers[answer.status] += 1
            if answer.status >= 500:
                self.balancer.lost.append(f"{method} {path}: {answer.status} {text[:200]!r}")
            return answer.status, json.loads(text) if text[:1] in (b"{", b"[") else {}
        self.balancer.lost.append(f"{method} {path}: closed twice")
        return 0, {}

    def job(self) -> tuple[str, str]:
        """Creates a job and asks for its run; returns path and token."""
        _, made = self.call("POST", "/v1/admin/task-codes", KEY, {"count": 1})
        body = {"task_code": made["task_codes"][0]["task_code"], "requirement": "What is the effect of x on y?"}
        _, job = self.call("POST", "/v1/task-codes/redeem", body=body)
        path, token = f"/v1/jobs/{job['job_id']}", job["token"]
        form = ("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n"
                f"Content-Type: text/csv\r\n\r\n{CSV}\r\n--b--\r\n").encode()
        self.call("POST", f"{path}/inputs/upload", token, form=form)
        draft = {"template_id": "linear.ols_robust", "outcome_var": "y", "roles": {"regressors": ["x"]}}
        self.call("PUT", f"{path}/draft", token, draft)
        self.call("POST", f"{path}/plan/freeze", token, {})
        status, answer = self.call("POST", f"{path}/run", token, {})
        if status != 200:
            self.balancer.lost.append(f"run: {status} {answer}")
        return path, token


class Load:
    """Readers and submitters that go on until they are told to stop."""

    def __init__(self, balancer: Balancer) -> None:
        self.balancer, self.jobs = balancer, []
        self.threads = [threading.Thread(target=self.read, args=(keep,)) for keep in (True, True, False, False)]
        self.threads += [threading.Thread(target=self.submit, args=(keep,)) for keep in (True, False)]
        for thread in self.threads:
            thread.start()

    def read(self, keep: bool) -> None:
        caller = Caller(self.balancer, keep)
        while not self.balancer.over:
            caller.call("GET", "/v1/capabilities")
            for path, token in self.jobs[-1:]:
                caller.call("GET", path, token)
            time.sleep(0.02)

    def submit(self, keep: bool) -> None:
        caller = Caller(self.balancer, keep)
        while not self.balancer.over:
            self.jobs.append(caller.job())
            time.sleep(0.3)

    def end(self) -> None:
        self.balancer.over = True
        for thread in self.threads:
            thread.join()


class Stage:
    """A data folder, an engine that takes a while, and the process that is there now."""

    def __init__(self, program: str, folder: Path, **settings: str) -> None:
        self.program, self.folder = program, folder
        self.engine = folder / "engine"
        self.engine.mkdir()
        shutil.copy2(ROOT / "tests/it/support/fakes/counted.sh", self.engine)
        (self.engine / "program").write_text(program)
        self.settings = {"SS_STATA_CMD": str(self.engine / "counted.sh"), "SS_RUN__SANDBOX": "off",
                         "SS_WORKER_CONCURRENCY": "2"} | settings
        self.balancer = Balancer()
        self.start()

    def start(self) -> float:
        """Starts the next process and waits for its readiness probe; returns the seconds."""
        started = time.monotonic()
        self.service = Service(self.program, self.folder / "data", self.folder / "log", **self.settings)
        probe = Caller(Balancer(), keep=False)
        probe.balancer.address = self.service.address
        until("the probe succeeds", lambda: probe.call("GET", "/health/ready?scope=traffic")[0] == 200)
        self.balancer.address = self.service.address
        return time.monotonic() - started

    def hold(self) -> None:
        """Makes engines wait, and waits for the first that does."""
        (self.engine / "hold").write_text("")
        before = len(self.starts())
        until("a run is under way", lambda: len(self.starts()) > before)

    def let_go(self) -> None:
        (self.engine / "hold").unlink()

    def starts(self) -> list[str]:
        file = self.engine / "starts"
        return file.read_text().split() if file.exists() else []

    def tree(self) -> list[int]:
        """The process and all that descend from it."""
        parents = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parents[int(stat.parent.name)] = int(stat.read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
        found = [self.service.process.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found

    def kill(self) -> None:
        """Kills everything that the container holds; some end with their parents before it is their turn."""
        for pid in self.tree():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def outcomes(stage: Stage, jobs: list[tuple[str, str]]) -> list[list[dict]]:
    """Waits for the end of all jobs; returns the runs of each."""
    caller, all_runs = Caller(stage.balancer, keep=True), []
    for path, token in jobs:
        state: dict = {}

        def ended() -> bool:
            state.update(caller.call("GET", path, token)[1])
            return state.get("status") in TERMINAL
        until(f"{path} ends", ended, 120)
        if state["status"] != "succeeded":
            sys.exit(f"{path} ended {state['status']}: {state.get('latest_run')}")
        all_runs.append(caller.call("GET", f"{path}/runs", token)[1]["runs"])
    return all_runs


def nothing_lost(stage: Stage, load: Load, what: str) -> list[list[dict]]:
    runs = outcomes(stage, load.jobs)
    asked = sum(stage.balancer.answers.values())
    expect(f"{what}: {asked} requests, none lost; longest wait for an endpoint {stage.balancer.longest:.1f} s",
           not stage.balancer.lost and asked > 100, "\n".join(stage.balancer.lost[:20]))
    ended_well = [sum(r["status"] == "succeeded" for r in of_job) for of_job in runs]
    expect(f"{what}: {len(runs)} jobs, each succeeded once", ended_well == [1] * len(runs), ended_well)
    starts = stage.starts()
    expect(f"{what}: {len(starts)} engines, no run was started twice", len(set(starts)) == len(starts))
    return runs


def drain(stage: Stage, load: Load) -> None:
    """kubectl delete pod: in order."""
    grace = sum((DRAIN["delaySeconds"], 2 * DRAIN["shutdownSeconds"], 22))
    time.sleep(2)
    stage.hold()
    time.sleep(1)
    gone = threading.Timer(PROPAGATION_SECONDS, setattr, (stage.balancer, "address", None))
    gone.start()
    time.sleep(DRAIN["preStopSeconds"])
    threading.Timer(DRAIN["delaySeconds"] + 1, stage.let_go).start()
    code, seconds = stage.service.end(grace)
    expect(f"drain: the process ends by itself with 0, {seconds:.1f} s after SIGTERM, of {grace} s", code == 0)
    took = stage.start()
    print(f"  drain: the next process is ready {took:.1f} s after its start")
    time.sleep(2)
    load.end()
    runs = nothing_lost(stage, load, "drain")
    expect("drain: no run was broken off", all(len(of_job) == 1 for of_job in runs))


def kill(stage: Stage, load: Load) -> None:
    """The grace period ends before the runs do: everything in the container is killed."""
    time.sleep(1)
    stage.hold()
    stage.balancer.address = None
    time.sleep(0.5)
    stage.service.process.send_signal(signal.SIGTERM)
    time.sleep(3)
    stage.kill()
    stage.service.process.wait()
    stage.let_go()
    stage.start()
    time.sleep(1)
    load.end()
    runs = outcomes(stage, load.jobs)
    broken = [r for of_job in runs for r in of_job if r["status"] != "succeeded"]
    expect(f"kill: {len(broken)} runs died with the container and were repeated, {len(runs)} jobs succeeded",
           broken and all(r["cause"] == "worker_lost" for r in broken), broken)
    starts = stage.starts()
    expect("kill: no run was started twice", len(set(starts)) == len(starts))


def detach(stage: Stage, load: Load) -> None:
    """systemctl restart with KillMode=process."""
    time.sleep(1)
    stage.hold()
    stage.balancer.address = None
    time.sleep(0.5)
    code, seconds = stage.service.end(60)
    expect(f"detach: the service ends in {seconds:.1f} s although runs are under way", code == 0 and seconds < 30)
    stage.start()
    stage.let_go()
    time.sleep(1)
    load.end()
    runs = nothing_lost(stage, load, "detach")
    expect("detach: every run is the first attempt of its job", all(len(of_job) == 1 for of_job in runs))


def main() -> None:
    program = str(Path(sys.argv[1]).resolve())
    in_container = {"SS_ON_SHUTDOWN": "wait", "SS_DRAIN_DELAY_SECONDS": str(DRAIN["delaySeconds"]),
                    "SS_SHUTDOWN_TIMEOUT_SECONDS": str(DRAIN["shutdownSeconds"])}
    ways = ((drain, in_container), (kill, in_container | {"SS_DRAIN_DELAY_SECONDS": "0"}),
            (detach, {"SS_ON_SHUTDOWN": "detach", "SS_DRAIN_DELAY_SECONDS": "0"}))
    for way, settings in ways:
        with tempfile.TemporaryDirectory(prefix="ss-drain-") as folder:
            stage = Stage(program, Path(folder), **settings)
            load = Load(stage.balancer)
            try:
                way(stage, load)
            finally:
                load.balancer.over = True
                stage.kill()


if __name__ == "__main__":
    main()
