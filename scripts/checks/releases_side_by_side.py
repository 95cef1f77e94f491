#!/usr/bin/env python3
"""Earlier releases beside this one, on one PostgreSQL and one object store, under load.

Usage: releases_side_by_side.py PROGRAM, with the built stata-service. Builds two earlier commits of this repository out of its
history, in work trees below target/earlier:
- one whose tables have the format before: it stops with 74 once `store migrate` of this release has changed them, and this release has
  everything that it acknowledged and ends its jobs;
- one whose tables have the same format: servers of both take requests and run jobs at the same time, each those of the other too.
Ends with 1 at the first violation, and with 77 where PostgreSQL, the object store or the history is not here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "performance"))
from postgres import KEY, Database, call, upload  # noqa: E402
from servers import Fleet, Job, Server  # noqa: E402
from tools import NOT_HERE, expect, until  # noqa: E402

# the last ones before the format of the tables became 7, and the first one with it
EARLIER_FORMAT = "e79a9c92f785"
SAME_FORMAT = "190331fa4938"
JOBS = 12
"""Jobs of each part, by three callers."""


def git(*words: str) -> str:
    done = subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True)
    if done.returncode != 0:
        print(f"  not run: git {' '.join(words)}: {done.stderr.strip()}")
        sys.exit(NOT_HERE)
    return done.stdout.strip()


def built(commit: str) -> str:
    """Builds an earlier commit; returns its program."""
    folder = ROOT / "target/earlier"
    tree, program = folder / commit, folder / f"stata-service-{commit}"
    if program.exists():
        return str(program)
    git("rev-parse", "--verify", f"{commit}^{{commit}}")
    git("worktree", "prune")
    git("worktree", "add", "--force", "--detach", str(tree), commit)
    try:
        words = ["cargo", "build", "--quiet", "--locked", "--bin", "stata-service"]
        # the programs of both have the same libraries
        environment = os.environ | {"CARGO_TARGET_DIR": str(folder / "target")}
        subprocess.run(words, cwd=tree, env=environment, check=True)
        (folder / "target/debug/stata-service").rename(program)
    finally:
        git("worktree", "remove", "--force", str(tree))
    return str(program)


class Load(threading.Thread):
    """A caller who makes jobs and queues them at servers in turn; what is not acknowledged was not done."""

    def __init__(self, servers: list[Server], form: tuple[str, bytes]) -> None:
        super().__init__(daemon=True)
        self.servers, self.form = servers, form
        self.acknowledged: list[Job] = []
        self.start()

    def run(self) -> None:
        for n in range(JOBS // 3):
            try:
                job = Job(self.servers[n % len(self.servers)], self.form)
                job.run(self.servers[(n + 1) % len(self.servers)])
            except OSError:
                # the server has ended
                return
            self.acknowledged.append(job)


def ended_well(server: Server, jobs: list[Job]) -> None:
    """Every job is there and has its result."""
    for job in jobs:
        until(f"{job.path} ends", lambda job=job: call(server.api, job.path, job.token, method="GET")["status"] == "succeeded", seconds=180)


def whole(fleet: Fleet, program: str) -> None:
    said = json.loads(fleet.tool(program, "audit", "verify", "--json"))
    expect("the audit chain is whole", said["ok"])
    said = json.loads(fleet.tool(program, "store", "check", "--json"))
    expect("the store is whole", said["ok"])


def changed_tables(fleet: Fleet, earlier: str, program: str, form: tuple[str, bytes]) -> None:
    old = [Server(fleet, f"earlier-{role}", role, earlier) for role in ("api", "worker")]
    callers = [Load(old[:1], form) for _ in range(3)]
    until("jobs are acknowledged", lambda: sum(len(one.acknowledged) for one in callers) >= 3)
    print(f"  {fleet.tool(program, 'store', 'migrate').strip()}")
    for server in old:
        until("the earlier release stops", lambda server=server: server.process.poll() is not None, seconds=60)
        expect("it ends with 74", server.process.returncode == 74)
    for caller in callers:
        caller.join()
    new = [Server(fleet, f"now-{role}", role, program) for role in ("api", "worker")]
    jobs = [job for caller in callers for job in caller.acknowledged]
    ended_well(new[0], jobs)
    print(f"  {len(jobs)} acknowledged jobs of the earlier release ended with this one")
    for server in new:
        server.end()
    whole(fleet, program)


def side_by_side(fleet: Fleet, earlier: str, program: str, form: tuple[str, bytes]) -> None:
    servers = [Server(fleet, f"both-{name}-{role}", role, used)
               for name, used in (("old", earlier), ("new", program)) for role in ("api", "worker")]
    apis = servers[::2]
    callers = [Load(apis[turn % 2:] + apis[:turn % 2], form) for turn in range(3)]
    for caller in callers:
        caller.join()
    jobs = [job for caller in callers for job in caller.acknowledged]
    expect("every request was acknowledged", len(jobs) == JOBS)
    for api in apis:
        ended_well(api, jobs)
    servers[0].end(), servers[1].end()
    # the other release goes on alone
    last = Job(apis[1], form)
    last.run(apis[1])
    ended_well(apis[1], [last])
    for server in servers[2:]:
        server.end()
    for server in servers:
        expect("it ended in order", server.process.returncode == 0)
    print(f"  {len(jobs)} jobs by two releases at once, one more by this one alone")
    whole(fleet, program)


def main() -> int:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    program = str(Path(sys.argv[1]).resolve())
    before, same = built(EARLIER_FORMAT), built(SAME_FORMAT)
    form = upload()
    with tempfile.TemporaryDirectory(prefix="ss-releases-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "pg").mkdir()
        database = Database(folder / "pg")
        fleet = None
        try:
            database.run("createdb", "ss")
            fleet = Fleet(before, folder, database, str(database.folder).replace("/", "%2F"))
            changed_tables(fleet, before, program, form)
            side_by_side(fleet, same, program, form)
            return 0
        finally:
            if fleet:
                fleet.objects.process.kill()
            database.stop()


if __name__ == "__main__":
    sys.exit(main())
