"""What must hold in the end, and the report."""

from __future__ import annotations

import collections
import json
import os
import random
import statistics
import sys
import time

from faults import Measured, Scene
from load import Client
from servers import KEY, Server, call
from tools import expect, until

# Longest time from a promotion to the first acknowledged write, in seconds.
AIM = 5.0
# A check of health is asked every two seconds and has two seconds to answer; a pooled connection that is silent ends after ten.
NOTICED = 15.0


def finish_jobs(scene: Scene) -> collections.Counter[str]:
    """Brings every job to its end; all is well from here on."""
    ends: collections.Counter[str] = collections.Counter()
    load, dice = scene.load, random.Random(scene.load.seed)
    for facts in list(load.jobs):
        client = Client(load, dice, facts, insists=True)
        try:
            ends[client.to_the_end()["status"]] += 1
        except Exception as error:  # whatever ends a client is a finding
            sys.exit(f"failover: {type(error).__name__}: {error}")
    return ends


def attempts(scene: Scene) -> collections.Counter[str]:
    """Attempts that did not succeed, by cause."""
    causes: collections.Counter[str] = collections.Counter()
    for facts in scene.load.jobs:
        client = Client(scene.load, random.Random(0), facts, insists=True)
        for run in client.get("/runs")["runs"]:
            if run["status"] == "failed":
                causes[f"{run['cause']} ({run['cause_detail']})"] += 1
    return causes


def listed(server: Server, path: str, items: str, name: str) -> set[str]:
    """Everything that a list has, page by page."""
    found: set[str] = set()
    cursor = ""
    while True:
        status, page = call(server.machine.address, "GET", f"{path}?limit=200{cursor}", KEY, seconds=60)
        expect_quietly(status == 200, f"{path}: {status} {page}")
        found |= {one[name] for one in page[items]}
        if not page.get("next_cursor"):
            return found
        cursor = f"&cursor={page['next_cursor']}"


def expect_quietly(holds: bool, evidence: str) -> None:
    if not holds:
        sys.exit(f"failover: {evidence}")


def check_answers(scene: Scene) -> None:
    server = scene.of("api")[0]
    jobs = listed(server, "/v1/jobs", "jobs", "job_id")
    made = {facts.job for facts in scene.load.jobs}
    expect(f"all {len(made)} jobs that were acknowledged are there", made <= jobs, sorted(made - jobs)[:5])
    codes = listed(server, "/v1/admin/task-codes", "task_codes", "code_id")
    written = {code for writer in scene.writers for _, code in writer.acknowledged}
    expect(f"all {len(written)} codes that were acknowledged are there", written <= codes, sorted(written - codes)[:5])
    refused = [text for writer in scene.writers for text in writer.refused]
    expect("writers were acknowledged or asked to come again", not refused, refused[:3])


def check_engines(scene: Scene) -> int:
    starts = scene.engines.lines("starts")
    expect("never were two engines of a job at once", not scene.engines.lines("doubles"), scene.engines.lines("doubles"))
    twice = [run for run, times in collections.Counter(starts).items() if times > 1]
    expect(f"{len(starts)} engines, each started once for its run", not twice, twice[:5])
    return len(starts)


def check_attempts(scene: Scene, causes: collections.Counter[str]) -> None:
    """Nothing but a server that was lost, or files that were away, ends an attempt."""
    was_lost = any("server with a run" in found.fault and found.ended - found.began > 45 for found in scene.measured)
    was_without = any("object store" in found.fault for found in scene.measured)
    strange = [cause for cause in causes
               if not (was_lost and cause.startswith("worker_lost")) and not (was_without and "files_unavailable" in cause)]
    expect("no failover ended an attempt of a run", not strange, dict(causes))


def check_health(scene: Scene) -> None:
    """Liveness never failed; readiness did, with its reason, where the database was away long enough to notice."""
    dead = [(server.name, status) for server in scene.servers for _, status in server.health.live if status != 200]
    expect(f"liveness was 200 in all {sum(len(s.health.live) for s in scene.servers)} looks", not dead, dead[:5])
    apis, seen, missed = {server.name: server for server in scene.of("api")}, 0, []
    for found in scene.measured:
        for name, (began, back) in found.away.items():
            if back - began < NOTICED:
                continue
            looks = [(status, why) for at, status, why in apis[name].health.ready if began < at < back + 1]
            if any(status == 503 and "store" in why for status, why in looks):
                seen += 1
            else:
                missed.append((found.fault, name, looks[-3:]))
    expect(f"readiness was 503 and named the store in all {seen} outages of more than {NOTICED:.0f} s", not missed, missed)


def check_store(scene: Scene) -> None:
    """Ends all servers in order; then records, files and audit chain, and nothing is left over."""
    for server in scene.servers:
        code = server.end()
        expect_quietly(code == 0, f"{server.name} ended with {code}\n{server.last_log()}")
    expect("all servers ended in order", True)
    for what, sql in (("server", "SELECT node_id FROM ss.nodes WHERE state IN ('live', 'draining')"),
                      ("run", "SELECT run_id FROM ss.active_runs"), ("queued job", "SELECT job_id FROM ss.queue")):
        rows = scene.database.sql(sql)
        expect(f"no {what} is left over", not rows, rows[:5])
    for words in (["store", "check", "--deep", "--json"], ["audit", "verify", "--json"]):
        checked = scene.servers[0].tool(*words)
        expect(f"{' '.join(words[:2])} finds nothing wrong", checked.returncode == 0, checked.stdout[-2000:] + checked.stderr[-2000:])


def summary(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} / {max(values):.1f}" if values else "–"


def report(scene: Scene, began: float, ends: collections.Counter[str], causes: collections.Counter[str], engines: int) -> None:
    """Prints the table; times are seconds, median and largest."""
    faults: dict[str, list[Measured]] = {}
    for found in scene.measured:
        faults.setdefault(found.fault, []).append(found)
    ways = [server.way for server in scene.of("api")]
    print(f"\n| fault | times | to the promotion | {' | '.join(f'to a write, {way}' for way in ways)} |\n|---|---|---|{'---|' * len(ways)}")
    for name, several in faults.items():
        promoted = [found.promoted for found in several if found.promoted is not None]
        backs = [summary([found.back[way] for found in several if way in found.back]) for way in ways]
        print(f"| {name} | {len(several)} | {summary(promoted)} | {' | '.join(backs)} |")
    failed = ", ".join(f"{times} {cause}" for cause, times in causes.items()) or "none"
    print(f"\nSeconds, median / largest. {time.monotonic() - began:.0f} s, seed {scene.load.seed}: {scene.load.acknowledged} acknowledged answers, "
          f"{sum(len(w.acknowledged) for w in scene.writers)} of them writers', {scene.load.unanswered} not answered; "
          f"jobs {dict(ends)}; {engines} engines; attempts that were lost: {failed}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.",
          flush=True)


def judge(scene: Scene, began: float) -> None:
    """Everything that must hold, then the report, then the aim of time."""
    for writer in scene.writers:
        writer.end()
    scene.load.end()
    scene.check()
    ends = finish_jobs(scene)
    expect(f"every job came to its end: {dict(ends)}", sum(ends.values()) == len(scene.load.jobs))
    causes = attempts(scene)
    check_answers(scene)
    engines = check_engines(scene)
    for server in scene.of("api"):
        until(f"{server.name} is ready in the end", lambda s=server: call(s.machine.address, "GET", "/health/ready")[0] == 200, seconds=60)
    report(scene, began, ends, causes, engines)
    check_attempts(scene, causes)
    check_health(scene)
    check_store(scene)
    late = {found.fault: found.back for found in scene.measured if any(back > AIM for back in found.back.values())}
    expect(f"a write was acknowledged within {AIM:.0f} s of each promotion", not late, json.dumps(late))
