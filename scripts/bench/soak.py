#!/usr/bin/env python3
"""Mixed traffic at half load for a long time, and what grows meanwhile. `performance/soak` calls it.

The highest rate of whole journeys is measured first; then journeys begin at half that rate. Some are cancelled, some
have a follower of their events; jobs, lists, health and metrics are read beside them. Each job is deleted a minute
after its end, so that what is kept of ended jobs is all that may grow. Standard library only.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import queue
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

ROOT = Path(__file__).resolve().parents[2]
KEY = "ssk_soak_0123456789abcdef0123456789abcdef"
PAY = (ROOT / "assets" / "stata_do_library" / "datasets" / "pay.csv").read_bytes()
# Seconds that an ended job stays.
KEPT = 60
# Samples in a report.
WINDOWS = 12
# Shares of journeys that are cancelled, and whose events are followed.
CANCELLED, FOLLOWED = 0.05, 0.2


class Refused(Exception):
    """A response with an unexpected status."""


@dataclass
class Figures:
    """What all threads measure, by kind of request."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    times: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def took(self, kind: str, seconds: float) -> None:
        with self.lock:
            self.times[kind].append(seconds)

    def count(self, what: str) -> None:
        with self.lock:
            self.counts[what] += 1

    def problem(self, text: str) -> None:
        with self.lock:
            self.counts["problems"] += 1
            if len(self.problems) < 20:
                self.problems.append(text)

    def take(self) -> tuple[dict[str, list[float]], Counter[str]]:
        """What was measured since the last call."""
        with self.lock:
            out = dict(self.times), self.counts
            self.times, self.counts = defaultdict(list), Counter()
            return out


class Client:
    """One connection to the service."""

    def __init__(self, address: str, figures: Figures) -> None:
        self.connection = http.client.HTTPConnection(address, timeout=60)
        self.figures = figures

    def ask(self, kind: str, method: str, path: str, token: str | None = None, body: Any = None,
            headers: dict[str, str] | None = None, expect: tuple[int, ...] = (200, 201, 202, 204)) -> Any:
        """Sends a request whose time counts as one of `kind`; returns the JSON or the bytes of its response."""
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, bytes):
            headers["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        begun = time.monotonic()
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        content = response.read()
        self.figures.took(kind, time.monotonic() - begun)
        if response.status not in expect:
            raise Refused(f"{method} {path}: {response.status} {content[:300]!r}")
        if "json" in response.headers.get("Content-Type", ""):
            return json.loads(content)
        return content


def multipart(content: bytes) -> tuple[bytes, dict[str, str]]:
    """A form with one file."""
    mark = "soak-9f1c2d7e"
    head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="pay.csv"\r\nContent-Type: text/csv\r\n\r\n'
    return head.encode() + content + f"\r\n--{mark}--\r\n".encode(), {
        "Content-Type": f"multipart/form-data; boundary={mark}"
    }


def follow(address: str, path: str, token: str, figures: Figures) -> None:
    """Reads a job's events until its attempt has ended."""
    connection = http.client.HTTPConnection(address, timeout=60)
    try:
        connection.request("GET", f"{path}/events", headers={"Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        if response.status != 200:
            raise Refused(f"events: {response.status}")
        while line := response.readline():
            if b'"status"' in line and any(end in line for end in (b'"succeeded"', b'"failed"', b'"cancelled"')):
                figures.count("followed")
                return
        raise Refused("the events ended before the job")
    except (OSError, http.client.HTTPException, Refused) as problem:
        figures.problem(f"follower: {problem}")
    finally:
        connection.close()


def planned(client: Client) -> tuple[str, str]:
    """Makes a job with a frozen plan; returns its path and token."""
    made = client.ask("task code", "POST", "/v1/admin/task-codes", KEY, {"count": 1})
    code = made["task_codes"][0]["task_code"]
    job = client.ask("redeem", "POST", "/v1/task-codes/redeem", body={"task_code": code, "requirement": "Pay?"})
    path, token = f"/v1/jobs/{job['job_id']}", job["token"]
    form, headers = multipart(PAY)
    client.ask("upload", "POST", f"{path}/inputs/upload", token, form, headers)
    draft = {"template_id": "linear.ols_robust", "outcome_var": "log_pay", "roles": {"regressors": ["schooling"]}}
    client.ask("draft", "PUT", f"{path}/draft", token, draft)
    client.ask("freeze", "POST", f"{path}/plan/freeze", token, {})
    return path, token


def journey(client: Client, address: str, chance: random.Random) -> str:
    """Leads a job to its end, reads its results; returns its path."""
    path, token = planned(client)
    cancel = chance.random() < CANCELLED
    follower = None
    if chance.random() < FOLLOWED:
        follower = threading.Thread(target=follow, args=(address, path, token, client.figures), daemon=True)
        follower.start()
    begun = time.monotonic()
    client.ask("run", "POST", f"{path}/run", token, {})
    if cancel:
        # a run that was faster cannot be cancelled any more
        client.ask("cancel", "POST", f"{path}/cancel", token, {}, expect=(200, 202, 409))
    while True:
        status = client.ask("GET job", "GET", path, token)["status"]
        if status not in ("queued", "running"):
            break
        if time.monotonic() - begun > 120:
            raise Refused(f"{path} stays {status}")
        time.sleep(0.02)
    if not cancel:
        client.figures.took("run to verdict", time.monotonic() - begun)
    if status != "succeeded" and not cancel:
        raise Refused(f"{path} ends as {status}")
    if status == "succeeded":
        listed = client.ask("artifacts", "GET", f"{path}/artifacts", token)["artifacts"]
        table = next(a["rel_path"] for a in listed if a["kind"] == "stata.export.table")
        client.ask("table", "GET", f"{path}/artifacts/{table}", token)
    if follower is not None:
        follower.join(timeout=60)
    return path


def readers(client: Client) -> None:
    """What dashboards and probes read."""
    client.ask("live", "GET", "/health/live")
    client.ask("ready", "GET", "/health/ready")
    client.ask("list", "GET", "/v1/admin/jobs?limit=50", KEY)
    client.ask("metrics", "GET", "/metrics", KEY)


class Traffic:
    """Threads that begin a journey for each ticket; ended jobs wait for their removal."""

    def __init__(self, address: str, figures: Figures, users: int) -> None:
        self.address, self.figures = address, figures
        self.tickets: queue.Queue[int | None] = queue.Queue()
        self.ended: queue.Queue[tuple[float, str]] = queue.Queue()
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self.user, args=(n,), daemon=True) for n in range(users)]
        self.threads += [threading.Thread(target=work, daemon=True) for work in (self.remove, self.read)]
        for thread in self.threads:
            thread.start()

    def guarded(self, client: Client, work: Callable[[], None]) -> Client:
        """Does some work; a problem counts, and the next request gets a new connection."""
        try:
            work()
            return client
        except (OSError, http.client.HTTPException, Refused, KeyError, StopIteration) as problem:
            self.figures.problem(f"{type(problem).__name__}: {problem}")
            client.connection.close()
            return Client(self.address, self.figures)

    def user(self, number: int) -> None:
        client, chance = Client(self.address, self.figures), random.Random(number)

        def lead() -> None:
            path = journey(client, self.address, chance)
            self.figures.count("journeys")
            self.ended.put((time.monotonic(), path))

        while self.tickets.get() is not None:
            client = self.guarded(client, lead)

    def remove(self) -> None:
        client = Client(self.address, self.figures)
        while not self.stopped.is_set():
            try:
                at, path = self.ended.get(timeout=1)
            except queue.Empty:
                continue
            while time.monotonic() < at + KEPT and not self.stopped.is_set():
                time.sleep(0.2)
            client = self.guarded(client, lambda: client.ask("delete", "DELETE", path, KEY))

    def read(self) -> None:
        client = Client(self.address, self.figures)
        while not self.stopped.wait(0.5):
            client = self.guarded(client, lambda: readers(client))

    def stop(self) -> None:
        for _ in self.threads:
            self.tickets.put(None)
        for thread in self.threads[:-2]:
            thread.join(timeout=150)
        self.stopped.set()
        for thread in self.threads[-2:]:
            thread.join(timeout=60)


def highest_rate(traffic: Traffic, users: int, seconds: float) -> float:
    """Journeys a second when every user begins the next at once."""
    end = time.monotonic() + seconds
    traffic.figures.take()
    while time.monotonic() < end:
        while traffic.tickets.qsize() < users:
            traffic.tickets.put(1)
        time.sleep(0.01)
    while not traffic.tickets.empty():
        traffic.tickets.get()
    journeys = traffic.figures.take()[1]["journeys"]
    if journeys == 0:
        raise SystemExit(f"no journey ended: {traffic.figures.problems}")
    return journeys / seconds


@dataclass
class Sample:
    """The state of the program at one moment, and what was measured since the last."""

    minute: float
    journeys: int
    problems: int
    memory_mb: float
    private_mb: float
    descriptors: int
    threads: int
    children: int
    files: int
    files_mb: float
    database_mb: float
    times: dict[str, list[float]]


def sample(pid: int, data: Path, minute: float, figures: Figures) -> Sample:
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    files = size = database = 0
    for folder, _, names in os.walk(data):
        for name in names:
            try:
                bytes_ = os.lstat(os.path.join(folder, name)).st_size
            except FileNotFoundError:
                continue
            files, size = files + 1, size + bytes_
            if ".db" in name or ".sqlite" in name:
                database += bytes_
    times, counts = figures.take()
    children = Path(f"/proc/{pid}/task").iterdir()
    kilobytes = {name: int(status[name].split()[0]) for name in ("VmRSS", "RssAnon")}
    return Sample(
        minute, counts["journeys"], counts["problems"], kilobytes["VmRSS"] / 1024, kilobytes["RssAnon"] / 1024,
        len(os.listdir(f"/proc/{pid}/fd")), int(status["Threads"]),
        sum(len((task / "children").read_text().split()) for task in children),
        files, size / 1e6, database / 1e6, times,
    )


def percentile(values: list[float], share: float) -> float:
    """In milliseconds; not a number where nothing was measured."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] * 1000 if ordered else float("nan")


def slope(xs: list[float], ys: list[float]) -> float:
    """The median of the slopes between all pairs of points (Theil 1950; Sen 1968)."""
    pairs = [(y2 - y1) / (x2 - x1) for n, (x1, y1) in enumerate(zip(xs, ys))
             for x2, y2 in zip(xs[n + 1:], ys[n + 1:]) if x2 > x1]
    return statistics.median(pairs)


def judged(samples: list[Sample]) -> list[tuple[str, str, str, bool]]:
    """For each figure its growth over the run after the warm-up, its bound, and whether it holds."""
    steady = samples[max(1, len(samples) // 4):]
    minutes = [s.minute for s in steady]
    ended = sum(s.journeys for s in steady[1:])
    out = []
    for name, value, share, least in (
        ("private memory, MB", lambda s: s.private_mb, 0.10, 4), ("descriptors", lambda s: s.descriptors, 0.10, 8),
        ("threads", lambda s: s.threads, 0.10, 8), ("children", lambda s: s.children, 0.10, 4),
    ):
        values = [float(value(s)) for s in steady]
        grown = slope(minutes, values) * (minutes[-1] - minutes[0])
        bound = max(least, share * statistics.median(values))
        out.append((name, f"{grown:+.1f} of {statistics.median(values):.1f}", f"≤ {bound:.1f}", grown <= bound))
    for name, value, bound in (
        ("files for each ended job", lambda s: s.files, 2.0),
        ("bytes of files for each ended job", lambda s: s.files_mb * 1e6, 32768.0),
        ("bytes of the database for each ended job", lambda s: s.database_mb * 1e6, 32768.0),
    ):
        grown = slope(minutes, [float(value(s)) for s in steady]) * (minutes[-1] - minutes[0]) / max(ended, 1)
        out.append((name, f"{grown:+.2f}", f"≤ {bound:g}", grown <= bound))
    third = max(1, len(steady) // 3)
    for kind in ("GET job", "redeem", "run to verdict", "list"):
        first, last = ([t for s in part for t in s.times.get(kind, [])] for part in (steady[:third], steady[-third:]))
        before, after = percentile(first, 0.5), percentile(last, 0.5)
        figure = f"{before:.1f} to {after:.1f} ms"
        out.append((f"median of {kind}, first to last third", figure, "≤ 1.25 ×", after <= max(1.25 * before, before + 1)))
    problems = sum(s.problems for s in samples)
    out.append(("refused or broken requests", str(problems), "0", problems == 0))
    return out


def report(samples: list[Sample], judgements: list[tuple[str, str, str, bool]], head: str, problems: list[str]) -> str:
    lines = ["# Growth under load", "", head, "", "| figure | growth | bound | |", "|---|---|---|---|"]
    lines += [f"| {n} | {g} | {b} | {'met' if ok else '**missed**'} |" for n, g, b, ok in judgements]
    lines += ["", "| minute | jobs ended | resident, private MB | descriptors, threads, children | files, MB | database MB "
              "| GET job p50, p99 ms | redeem p50, p99 ms | run to verdict p50, p99 ms |", "|" + "---|" * 9]
    for s in samples:
        times = [f"{percentile(s.times.get(k, []), 0.5):.1f}, {percentile(s.times.get(k, []), 0.99):.1f}"
                 for k in ("GET job", "redeem", "run to verdict")]
        lines.append(f"| {s.minute:.1f} | {s.journeys} | {s.memory_mb:.1f}, {s.private_mb:.1f} | {s.descriptors}, {s.threads}, "
                     f"{s.children} | {s.files}, {s.files_mb:.1f} | {s.database_mb:.1f} | " + " | ".join(times) + " |")
    if problems:
        lines += ["", "Problems:", ""] + [f"- `{p}`" for p in problems]
    return "\n".join(lines) + "\n"


def soak(program: str, folder: Path, users: int, seconds: float) -> tuple[list[Sample], str, list[str]]:
    data = folder / "data"
    environment = {**os.environ, "SS_LISTEN": "127.0.0.1:0", "SS_DATA_DIR": str(data), "SS_BOOTSTRAP_ADMIN_KEY": KEY}
    command = [program, "--config", str(ROOT / "performance" / "limits.toml"), "serve"]
    with open(folder / "log", "wb") as log:
        service = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log)
    try:
        ready = json.loads(service.stdout.readline() or b"{}")
        if "address" not in ready:
            raise SystemExit(f"the service does not start: {(folder / 'log').read_text()[-2000:]}")
        # what it prints afterwards must not fill the pipe
        threading.Thread(target=service.stdout.read, daemon=True).start()
        figures = Figures()
        traffic = Traffic(ready["address"], figures, users)
        highest = highest_rate(traffic, users, min(30.0, seconds / 6))
        rate, begun, samples = highest / 2, time.monotonic(), []
        print(f"highest rate {highest:.1f} journeys a second; {rate:.1f} for {seconds:.0f} s", flush=True)
        figures.take()
        begins = 0
        for window in range(1, WINDOWS + 1):
            while (now := time.monotonic() - begun) < window * seconds / WINDOWS:
                while begins < now * rate:
                    traffic.tickets.put(1)
                    begins += 1
                time.sleep(0.005)
            samples.append(sample(service.pid, data, now / 60, figures))
            s = samples[-1]
            print(f"minute {s.minute:.1f}: {s.journeys} jobs ended, {s.private_mb:.1f} MB, {s.descriptors} descriptors, "
                  f"{s.files} files, database {s.database_mb:.1f} MB, {s.problems} problems", flush=True)
        traffic.stop()
        return samples, f"highest rate {highest:.1f} journeys a second, half of it for {seconds:.0f} s, {users} users", figures.problems
    finally:
        service.terminate()
        try:
            service.wait(timeout=60)
        except subprocess.TimeoutExpired:
            service.kill()
            service.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--users", type=int, default=16)
    parser.add_argument("--out", type=Path, default=ROOT / "performance" / "growth.md")
    arguments = parser.parse_args()
    # on the disk of the build: /tmp may live in memory
    place = ROOT / "target" / "tmp"
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place, ignore_cleanup_errors=True) as folder:
        samples, head, problems = soak(arguments.program, Path(folder), arguments.users, arguments.seconds)
    judgements = judged(samples)
    text = report(samples, judgements, f"Written by `performance/soak`: {head}.", problems)
    arguments.out.write_text(text)
    print(text)
    return 0 if all(ok for *_, ok in judgements) else 1


if __name__ == "__main__":
    sys.exit(main())
