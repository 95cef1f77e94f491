"""Clients that never give up: each walks jobs through their life at whichever server answers, repeats what was not answered on the
condition that the job is still as it was read, and notes everything that was answered and is not so afterwards. Beside them
writers at each server, who show when it acknowledges again."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from servers import KEY, Server, call
from tools import upload_form

PAY = (Path(__file__).resolve().parents[3] / "assets/stata_do_library/datasets/pay.csv").read_bytes()
DRAFT = {"template_id": "linear.ols_robust", "outcome_var": "log_pay", "roles": {"regressors": ["schooling"]}}
FORM = {"Content-Type": "multipart/form-data; boundary=drill"}
RANKS = {"created": 0, "draft_ready": 1, "confirmed": 2, "queued": 3, "running": 3, "succeeded": 4, "failed": 4, "cancelled": 4}
# Coefficient and HC1 standard error of schooling: numpy, as in tests/it/cluster/kill_loop/results.rs.
SCHOOLING = {"estimate": 0.0881731014510279, "std_error": 0.006470992751901723}
# The longest life of a job, in seconds, beside what a fault itself takes.
LIFE = 900
# The writers of each server send one request in this time, in seconds, whether earlier ones were answered or not.
EVERY = 0.2


class Violation(Exception):
    """Something that was acknowledged is not so."""


@dataclass
class Facts:
    """What was acknowledged of one job."""

    job: str
    token: str
    version: int = 0
    fingerprint: str | None = None
    plan_id: str | None = None
    run_asked: bool = False
    cancel_sent: bool = False
    ended: str | None = None


@dataclass
class Load:
    """What the clients share."""

    servers: list[Server]
    seed: int
    patience: float = LIFE
    stop: threading.Event = field(default_factory=threading.Event)
    jobs: list[Facts] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    acknowledged: int = 0
    unanswered: int = 0
    names: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self, clients: int) -> None:
        for number in range(clients):
            thread = threading.Thread(target=self.work, args=(random.Random(self.seed + number),), daemon=True)
            self.threads.append(thread)
            thread.start()

    def work(self, dice: random.Random) -> None:
        try:
            while not self.stop.is_set():
                client = Client(self, dice, Facts("", ""))
                client.redeem()
                client.to_the_end()
        except Stopped:
            return
        except Exception as error:  # whatever ends a client is a finding
            with self.lock:
                self.violations.append("\n  ".join([f"{type(error).__name__}: {error}", *client.calls]))

    def end(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(60)


class Stopped(Exception):
    """The clients are to stop."""


class Client:
    """The client of one job."""

    def __init__(self, load: Load, dice: random.Random, facts: Facts, insists: bool = False) -> None:
        self.load, self.dice, self.facts, self.insists = load, dice, facts, insists
        # what was answered last, for the report of a finding
        self.calls: deque[str] = deque(maxlen=5)
        # decided once: a job whose server was cut off would otherwise be cancelled nearly always
        self.cancels = not insists and dice.randrange(15) == 0

    def redeem(self) -> None:
        codes = self.insist("POST", "/v1/admin/task-codes", KEY, {"count": 1}, good=(201,))
        answer = self.insist("POST", "/v1/task-codes/redeem", "", {
            "task_code": codes["task_codes"][0]["task_code"], "requirement": "What is the effect of schooling on pay?"}, good=(200, 201))
        self.facts = Facts(answer["job_id"], answer["token"])
        with self.load.lock:
            self.load.jobs.append(self.facts)

    def asked(self, method: str, path: str, key: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """Repeats a request at one server or another until it is answered."""
        while self.insists or not self.load.stop.is_set():
            server, began = self.dice.choice(self.load.servers), time.monotonic()
            status, answer = call(server.machine.address, method, path, key, body, headers)
            if status not in (0, 408, 429, 503):
                self.calls.append(f"{method} {path} at {began:.2f} to {time.monotonic():.2f} by {server.name}: {status}")
                self.load.acknowledged += 1
                return status, answer
            self.load.unanswered += 1
            # refused before anything was done, or not known
            time.sleep(0.2)
        raise Stopped

    def insist(self, method: str, path: str, key: str, body: Any = None, good: tuple[int, ...] = (200,)) -> Any:
        status, answer = self.asked(method, path, key, body)
        if status not in good:
            raise Violation(f"{method} {path}: {status} {answer!r:.500} {self.facts}")
        return answer

    def get(self, path: str) -> Any:
        return self.insist("GET", f"/v1/jobs/{self.facts.job}{path}", self.facts.token)

    def change(self, method: str, path: str, version: int, body: Any, headers: dict[str, str] | None = None) -> Any:
        """Changes the job as it was at a version; None where it was changed before, which the next look shows."""
        given = {"If-Match": f'"v{version}"', **(headers or {})}
        status, answer = self.asked(method, f"/v1/jobs/{self.facts.job}{path}", self.facts.token, body, given)
        if status in (409, 412):
            return None
        if not 200 <= status < 300:
            raise Violation(f"{method} {path}: {status} {answer!r:.500} {self.facts}")
        return answer

    def look(self) -> dict[str, Any]:
        """Reads the job; everything that was acknowledged before is there."""
        known = Facts(**vars(self.facts))
        job: dict[str, Any] = self.get("")
        holds = (job["version"] >= known.version
                 and (known.fingerprint is None or job["inputs"]["fingerprint"] == known.fingerprint)
                 and (known.plan_id is None or job["plan"]["plan_id"] == known.plan_id)
                 and (not known.run_asked or RANKS[job["status"]] >= 3)
                 and (known.ended is None or job["status"] == known.ended))
        if not holds:
            raise Violation(f"what was acknowledged is not there: {known}: {job!r:.1500}")
        self.facts.version = max(self.facts.version, job["version"])
        return job

    def step(self) -> bool:
        """Does the next thing for the job; true once it has ended."""
        job = self.look()
        version, status = job["version"], job["status"]
        if status == "created" and job["inputs"] is None:
            done = self.change("POST", "/inputs/upload", version, upload_form(PAY), FORM)
            self.facts.fingerprint = (done or {}).get("fingerprint")
        elif status == "created":
            self.change("PUT", "/draft", version, DRAFT)
        elif status == "draft_ready":
            frozen = self.change("POST", "/plan/freeze", version, {})
            self.facts.plan_id = frozen["plan"]["plan_id"] if frozen else None
        elif status == "confirmed":
            self.facts.run_asked = self.change("POST", "/run", version, {}) is not None
        elif status in ("queued", "running"):
            if self.cancels and not self.facts.cancel_sent:
                self.facts.cancel_sent = True
                self.change("POST", "/cancel", version, None)
            time.sleep(0.3)
        else:
            self.facts.ended = status
            self.check_end(job)
            return True
        time.sleep(0.05)
        return False

    def check_end(self, job: dict[str, Any]) -> None:
        """Checks the attempts and the results of a job that has ended."""
        runs = self.get("/runs")["runs"]
        states = [run["status"] for run in runs]
        if "running" in states or any(run["ended_at"] is None for run in runs):
            raise Violation(f"an attempt has not ended: {runs!r:.1500}")
        if job["status"] == "succeeded":
            if states.count("succeeded") != 1:
                raise Violation(f"not one result: {runs!r:.1500}")
            self.check_results(next(run for run in runs if run["status"] == "succeeded"))
        elif job["status"] != "cancelled" or not self.facts.cancel_sent or "succeeded" in states:
            raise Violation(f"{self.facts} ended as {job['status']}: {runs!r:.1500}")

    def check_results(self, run: dict[str, Any]) -> None:
        schooling = next(term for term in run["results"] if term["term"] == "schooling")
        for name, wanted in SCHOOLING.items():
            if abs(schooling[name] - wanted) > 1e-8 * abs(wanted):
                raise Violation(f"{name}: {schooling[name]} is not {wanted}")
        listed = [one for one in self.get("/artifacts")["artifacts"] if run["run_id"] in one["rel_path"]]
        names = {one["rel_path"].replace(run["run_id"], "RUN") for one in listed}
        with self.load.lock:
            self.load.names = self.load.names or names
        if names != self.load.names:
            raise Violation(f"other files than those of the first job: {sorted(names ^ self.load.names)}")
        one = self.dice.choice(listed)
        if hashlib.sha256(self.get(f"/artifacts/{one['rel_path']}")).hexdigest() != one["sha256"]:
            raise Violation(f"{one} is not what was stored")

    def to_the_end(self) -> dict[str, Any]:
        began = time.monotonic()
        while not self.step():
            if time.monotonic() - began > self.load.patience:
                raise Violation(f"a job does not end: {self.facts}")
        return self.look()


class Writer:
    """Sends writes to one server at a steady pace, and notes when each was acknowledged."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.acknowledged: list[tuple[float, str]] = []
        self.refused: list[str] = []
        self.pool = ThreadPoolExecutor(max_workers=60)
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def once(self) -> None:
        if self.ended.is_set():
            return
        status, answer = call(self.server.machine.address, "POST", "/v1/admin/task-codes", KEY, {"count": 1}, seconds=15)
        if status == 201:
            self.acknowledged.append((time.monotonic(), answer["task_codes"][0]["code_id"]))
        elif status not in (0, 503):
            self.refused.append(f"{self.server.name}: {status} {answer}")

    def work(self) -> None:
        while not self.ended.wait(EVERY):
            # a request that waits for a thread would not be sent when it says it was
            if self.pool._work_queue.qsize() == 0:
                self.pool.submit(self.once)

    def first_after(self, moment: float) -> float | None:
        return min((at for at, _ in self.acknowledged if at > moment), default=None)

    def end(self) -> None:
        self.ended.set()
        self.thread.join()
        self.pool.shutdown(wait=True, cancel_futures=True)
