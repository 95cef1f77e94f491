#!/usr/bin/env python3
"""Several servers on one PostgreSQL and one object store: how soon the others see what one does, and what they cost at rest.

Usage: servers.py PROGRAM [--rounds N] [--rest SECONDS] [--lost]

PROGRAM is the built stata-service. Makes a PostgreSQL and an object store of its own in a temporary folder. Measures
- statements a second on the database with 1, 3 and 10 servers at rest (by pg_stat_statements, which load does not change),
- from the request that queues a job at one server to the start of its engine at another one,
- from a change at one server to its event in a stream of another one,
- from SIGTERM of a server, which gives its run back, to the engine's start elsewhere; with --lost also from its kill -9.
Times begin when a client sends its request. With `BENCH_REPORT` each line is appended to that file as a row of Markdown.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from postgres import KEY, ROOT, Database, call, upload
from tools import GENEROUS, NOT_HERE, free_port, until

# the time of its start in nanoseconds, before anything else; then it waits while a file is there
ENGINE = """#!/bin/bash
now=$EPOCHREALTIME
echo "${now/[.,]/}000" >> 'FOLDER/starts'
while [ -e 'FOLDER/hold' ]; do sleep 0.05; done
exec 'PROGRAM' dofile "$@"
"""
STATEMENTS = "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = 'ss')"
TRANSACTIONS = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'ss'"


def row(what: str, figure: str, aims: str) -> None:
    print(f"{what:<72} {figure}  | {aims}", flush=True)
    if path := os.environ.get("BENCH_REPORT"):
        with Path(path).open("a") as report:
            report.write(f"| {what} | {figure} | | | {aims} |\n")


def judged(value: float, most: float, unit: str) -> str:
    return f"≤ {most:g} {unit}: {'met' if value <= most else '**missed**'}"


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[int((len(times) - 1) * share)]


class Objects:
    """rclone's S3 server with a bucket."""

    def __init__(self, folder: Path) -> None:
        program = ROOT / "target/tools/rclone-s3/bin/rclone"
        if not program.exists():
            print("  not run: rclone is not here; scripts/test brings it")
            sys.exit(NOT_HERE)
        self.port = free_port()
        (folder / "files").mkdir()
        words = [program, "serve", "s3", "--auth-key", "measure,not-a-secret", "--addr", f"127.0.0.1:{self.port}", "--config", os.devnull]
        self.process = subprocess.Popen([*words, folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until("the object store listens", lambda: self.listens(), seconds=30)

    def listens(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status > 0
        except OSError:
            return False
        finally:
            connection.close()


class Server:
    """`stata-service serve` with a data directory of its own."""

    def __init__(self, fleet: Fleet, name: str, role: str, program: str = "", more: dict[str, str] | None = None) -> None:
        self.port = free_port()
        self.api = f"http://127.0.0.1:{self.port}"
        own = {"SS_DATA_DIR": str(fleet.folder / name), "SS_LISTEN": f"127.0.0.1:{self.port}", "SS_SERVER__ROLE": role}
        words = [program or fleet.program, *fleet.config, "serve"]
        # a group of its own, so that a kill takes its launchers and engines too
        environment = fleet.environment | own | (more or {})
        self.process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True)
        if not self.process.stdout.readline():
            sys.exit(f"servers: {name} does not start")

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


class Fleet:
    """What all servers share."""

    def __init__(self, program: str, folder: Path, database: Database, host: str) -> None:
        self.program, self.folder, self.database = program, folder, database
        self.config = ["--config", str(ROOT / "performance/limits.toml")]
        self.engine = folder / "engine"
        self.engine.mkdir()
        (self.engine / "starts").touch()
        script = self.engine / "engine"
        script.write_text(ENGINE.replace("FOLDER", str(self.engine)).replace("PROGRAM", program))
        script.chmod(0o755)
        objects = folder / "objects"
        objects.mkdir()
        self.objects = Objects(objects)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(("SS_", "AWS_"))} | GENEROUS | {
            "SS_DATABASE_URL": f"postgres://postgres@{host}/ss", "SS_JOB_STORE_BACKEND": "postgres", "SS_BOOTSTRAP_ADMIN_KEY": KEY,
            "SS_LOG": "warn", "SS_DISK__LOW_MB": "0", "SS_STATA_CMD": str(script), "SS_RUN__SANDBOX": "off",
            "SS_WORKER_CONCURRENCY": "1", "SS_ON_SHUTDOWN": "wait", "SS_SHUTDOWN_TIMEOUT_SECONDS": "1",
            "SS_TOKENS__LINK_KEYS": "one-key-for-links-of-all-servers-0123",
            "SS_WEBHOOKS__KEYS": "one-key-for-webhooks-of-all-servers-01", "SS_UPLOAD_OBJECT_STORE_BACKEND": "s3",
            "SS_S3_ENDPOINT": f"http://127.0.0.1:{self.objects.port}", "SS_S3_BUCKET": "files", "SS_S3_REGION": "us-east-1",
            "SS_S3_ACCESS_KEY_ID": "measure", "SS_S3_SECRET_ACCESS_KEY": "not-a-secret", "SS_S3_FORCE_PATH_STYLE": "true"}
        self.tool(program, "store", "migrate")

    def tool(self, program: str, *words: str) -> str:
        """Another command of a program, with a data directory of its own; ends where it fails."""
        (self.folder / "tool").mkdir(exist_ok=True)
        own = {"SS_DATA_DIR": str(self.folder / "tool")}
        done = subprocess.run([program, *self.config, *words], env=self.environment | own, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"servers: {' '.join(words)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def hold(self, is_held: bool) -> None:
        path = self.engine / "hold"
        path.touch() if is_held else path.unlink(missing_ok=True)

    def starts(self) -> list[int]:
        return [int(line) for line in (self.engine / "starts").read_text().split()]


class Job:
    """A job with a frozen plan."""

    def __init__(self, server: Server, form: tuple[str, bytes]) -> None:
        code = call(server.api, "/v1/admin/task-codes", KEY, {"count": 1})["task_codes"][0]["task_code"]
        redeemed = call(server.api, "/v1/task-codes/redeem", KEY, {"task_code": code, "requirement": "What goes with higher pay?"})
        self.path, self.token = f"/v1/jobs/{redeemed['job_id']}", redeemed["token"]
        call(server.api, f"{self.path}/inputs/upload", self.token, form=form)
        draft = {"template_id": "linear.ols_robust", "outcome_var": "log_pay", "roles": {"regressors": ["schooling", "years_work"]}}
        call(server.api, f"{self.path}/draft", self.token, draft, "PUT")
        call(server.api, f"{self.path}/plan/freeze", self.token, {})

    def run(self, server: Server) -> int:
        """Queues it; returns when the request was sent."""
        sent = time.time_ns()
        call(server.api, f"{self.path}/run", self.token)
        return sent

    def ended(self, server: Server) -> None:
        until("a job ends", lambda: call(server.api, self.path, self.token, method="GET")["status"] == "succeeded", seconds=120)


def at_rest(fleet: Fleet, seconds: int) -> None:
    """Statements with 1, 3 and 10 servers that have nothing to do."""
    database, servers = fleet.database, []
    for count in (1, 3, 10):
        while len(servers) < count:
            servers.append(Server(fleet, f"rest-{len(servers)}", "all" if not servers else ("api", "worker")[len(servers) % 2]))
        time.sleep(10)
        before = [database.number(STATEMENTS), database.number(TRANSACTIONS)]
        time.sleep(seconds)
        after = [database.number(STATEMENTS), database.number(TRANSACTIONS)]
        # each question is a statement and a transaction itself
        each = [(end - begin - own) / seconds for begin, end, own in zip(before, after, (2, 2), strict=True)]
        aim = judged(each[0], 60, "statements/s") if count == 10 else ""
        row(f"PostgreSQL: {count} servers at rest", f"{each[0]:.1f} statements/s, {each[1]:.1f} transactions/s", aim)
    for server in servers:
        server.end()


def queued_to_started(api: Server, rounds: int, form: tuple[str, bytes]) -> None:
    """With the open engine in its sandbox, as the settings have it without a word; its start is what the launcher noted."""
    times = []
    for _ in range(rounds):
        job = Job(api, form)
        sent = job.run(api)
        job.ended(api)
        listed = call(api.api, f"{job.path}/artifacts", job.token, method="GET")["artifacts"]
        path = next(one["rel_path"] for one in listed if one["rel_path"].endswith("run.meta.json"))
        facts = call(api.api, f"{job.path}/artifacts/{path}", job.token, method="GET")
        times.append((facts["process"]["spawned_at_ns"] - sent) / 1e6)
    median, most = percentile(times, 0.5), percentile(times, 0.99)
    row("PostgreSQL: run requested at one server, engine started at another",
        f"median {median:.1f} ms, 99th percentile {most:.1f} ms of {rounds}",
        f"{judged(median, 12, 'ms')}; {judged(most, 40, 'ms')}")


class Stream(threading.Thread):
    """The events of a job at a server, each with the time of its arrival."""

    def __init__(self, server: Server, job: Job) -> None:
        super().__init__(daemon=True)
        self.arrived: list[int] = []
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.connection.request("GET", f"{job.path}/events", headers={"Authorization": f"Bearer {job.token}", "Accept": "text/event-stream"})
        self.answer = self.connection.getresponse()
        if self.answer.status != 200:
            sys.exit(f"servers: no stream of events: {self.answer.status}")
        self.start()

    def run(self) -> None:
        try:
            while line := self.answer.fp.readline():
                if line.startswith(b"id:"):
                    self.arrived.append(time.time_ns())
        except (OSError, ValueError, AttributeError):  # it was closed
            pass


def change_to_event(api: Server, other: Server, rounds: int, form: tuple[str, bytes]) -> None:
    job = Job(api, form)
    stream = Stream(other, job)
    time.sleep(1)
    times = []
    for number in range(rounds):
        known, sent = len(stream.arrived), time.time_ns()
        call(api.api, job.path, job.token, {"client_ref": f"change {number}"}, "PATCH")
        until("the event arrives", lambda: len(stream.arrived) > known, seconds=30)
        times.append((stream.arrived[known] - sent) / 1e6)
    stream.connection.close()
    median = percentile(times, 0.5)
    row("PostgreSQL: change requested at one server, event at another",
        f"median {median:.1f} ms, 99th percentile {percentile(times, 0.99):.1f} ms of {rounds}", judged(median, 10, "ms"))


def moved_on(fleet: Fleet, api: Server, form: tuple[str, bytes], lost: bool) -> None:
    """The server of a run goes: in order, or without a word."""
    times = []
    for turn in range(1 if lost else 3):
        job, known = Job(api, form), len(fleet.starts())
        first = Server(fleet, f"first-{lost}-{turn}", "worker")
        fleet.hold(True)
        job.run(api)
        until("the engine starts", lambda: len(fleet.starts()) > known, seconds=60)
        second = Server(fleet, f"second-{lost}-{turn}", "worker")
        time.sleep(3)
        begun = time.time_ns()
        os.killpg(first.process.pid, signal.SIGKILL) if lost else first.process.send_signal(signal.SIGTERM)
        until("the engine starts elsewhere", lambda: len(fleet.starts()) > known + 1, seconds=150)
        times.append((fleet.starts()[known + 1] - begun) / 1e9)
        fleet.hold(False)
        job.ended(api)
        first.process.wait(60)
        second.end()
    slowest, what = max(times), "killed" if lost else "drained (1 s for its runs)"
    row(f"PostgreSQL: server of a run {what}, engine started elsewhere", f"{', '.join(f'{one:.1f}' for one in times)} s",
        judged(slowest, 90 if lost else 3, "s"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--rest", type=int, default=30)
    parser.add_argument("--lost", action="store_true")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ss-servers-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "pg").mkdir()
        database = Database(folder / "pg", "shared_preload_libraries=pg_stat_statements")
        fleet = None
        try:
            database.run("createdb", "ss")
            database.ask("CREATE EXTENSION pg_stat_statements")
            fleet = Fleet(str(Path(told.program).resolve()), folder, database, str(database.folder).replace("/", "%2F"))
            at_rest(fleet, told.rest)
            form = upload()
            api, other = (Server(fleet, name, "api") for name in ("api", "other"))
            worker = Server(fleet, "worker", "worker", more={"SS_STATA_CMD": "", "SS_RUN__SANDBOX": "best_effort"})
            time.sleep(5)
            queued_to_started(api, told.rounds, form)
            change_to_event(api, other, told.rounds, form)
            worker.end()
            moved_on(fleet, api, form, lost=False)
            if told.lost:
                moved_on(fleet, api, form, lost=True)
            api.end()
            other.end()
            return 0
        finally:
            if fleet:
                fleet.objects.process.kill()
            database.stop()


if __name__ == "__main__":
    sys.exit(main())
