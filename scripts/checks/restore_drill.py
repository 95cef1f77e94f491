#!/usr/bin/env python3
"""A restore drill: a live service under load loses everything and comes back from a remote backup.

Usage: restore_drill.py PROGRAM TOOLS [--jobs N] [--period SECONDS] [--keep-up SECONDS]

Jobs are made over HTTP while `scripts/backup.sh` sends encrypted backups to an S3 server (a local one, through rclone).
Then the service is killed and its data directory and local repository are removed. `scripts/restore.sh` fetches the remote
into an empty directory; the service starts on it. The directory that was lost is kept aside and compared with what came
back, record by record and event by event: what was committed before the last backup must be there and equal, and with it all
that was acknowledged before that backup began.
Prints the measured RPO and RTO; ends with 1 at the first violation, with 77 where a tool cannot be had.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools import GENEROUS, ask, debian, expect, free_port, moto, upload_form

ROOT = Path(__file__).resolve().parents[2]
KEY = "ssk_admin_0123456789abcdef0123456789abcdef"
PAY = (ROOT / "assets/stata_do_library/datasets/pay.csv").read_bytes()
DRAFT = {"template_id": "linear.ols_robust", "outcome_var": "log_pay", "roles": {"regressors": ["schooling"]}}
RPO_AIM, RTO_AIM = 15 * 60, 60 * 60


class Caller:
    """One connection to the service."""

    def __init__(self, address: str) -> None:
        self.connection = http.client.HTTPConnection(address, timeout=60)

    def ask(self, method: str, path: str, key: str = "", body: Any = None) -> tuple[int, Any]:
        return ask(self.connection, method, path, key, body)


@dataclass
class Load:
    """Makes jobs until its end is asked for; every 20th is planned, every 200th is run."""

    address: str
    wanted: int
    made: list[tuple[str, str, float]] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def code(self, caller: Caller) -> str:
        with self.lock:
            if not self.codes:
                _, answer = caller.ask("POST", "/v1/admin/task-codes", KEY, {"count": 500})
                self.codes = [code["task_code"] for code in answer["task_codes"]]
            return self.codes.pop()

    def one(self, caller: Caller, number: int) -> None:
        status, answer = caller.ask("POST", "/v1/task-codes/redeem", body={
            "task_code": self.code(caller), "requirement": f"What goes with higher pay? ({number})"})
        if status not in (200, 201):
            self.refused.append(f"{status} {answer}")
            return
        job, token = answer["job_id"], answer["token"]
        self.made.append((job, token, time.time()))
        if number % 20 == 0:
            path = f"/v1/jobs/{job}"
            steps: list[tuple[str, str, Any]] = [
                ("POST", "/inputs/upload", upload_form(PAY)), ("PUT", "/draft", DRAFT), ("POST", "/plan/freeze", {})]
            if number % 200 == 0:
                steps.append(("POST", "/run", None))
            for method, part, body in steps:
                status, answer = caller.ask(method, path + part, token, body)
                if status >= 300:
                    self.refused.append(f"{part}: {status} {answer}")
                while part == "/inputs/upload" and caller.ask("GET", path + "/inputs/preview", token)[0] == 409:
                    time.sleep(0.05)

    def work(self, offset: int, step: int) -> None:
        caller, number = Caller(self.address), offset
        try:
            while not self.ended.is_set():
                self.one(caller, number)
                number += step
                if number >= self.wanted:
                    # the backlog is there: continue as a service in use does
                    time.sleep(0.05)
        except (OSError, http.client.HTTPException):
            # the service was killed under this request: it was not acknowledged
            return

    def start(self, threads: int = 3) -> None:
        for offset in range(threads):
            threading.Thread(target=self.work, args=(offset, threads), daemon=True).start()


class Backups:
    """Runs scripts/backup.sh again and again; knows when each began that came to its end."""

    def __init__(self, command: list[str], environment: dict[str, str], period: float) -> None:
        self.command, self.environment, self.period = command, environment, period
        self.began: list[float] = []
        self.took: list[float] = []
        self.failed = ""
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def once(self) -> None:
        began = time.time()
        done = subprocess.run(self.command, env=self.environment, text=True, capture_output=True)
        if done.returncode != 0:
            self.failed = done.stdout + done.stderr
            return
        self.began.append(began)
        self.took.append(time.time() - began)

    def work(self) -> None:
        while not self.ended.is_set() and not self.failed:
            self.once()
            self.ended.wait(self.period)


def served(program: Path, data: Path, log: Path) -> tuple[subprocess.Popen[str], str]:
    service = subprocess.Popen(
        [str(program), "serve", "--listen", "127.0.0.1:0", "--data-dir", str(data)],
        env={**os.environ, **GENEROUS, "SS_BOOTSTRAP_ADMIN_KEY": KEY, "SS_LOG": "warn", "SS_DISK__LOW_MB": "0",
             "SS_ON_SHUTDOWN": "detach"},
        stdout=subprocess.PIPE, stderr=log.open("a"), text=True, start_new_session=True,
    )
    assert service.stdout is not None
    line = service.stdout.readline()
    if not line:
        sys.exit(f"restore drill: the service did not start\n{log.read_text()[-2000:]}")
    return service, json.loads(line)["address"]


def s3(tools: Path, folder: Path) -> tuple[subprocess.Popen[bytes], dict[str, str]]:
    """Starts an S3 server with a bucket, one that does not check signatures; returns it and the environment with which rclone knows it as `drill:`."""
    rclone = debian(tools, "rclone", "rclone")
    moto_server = moto(tools)
    port = free_port()
    server = subprocess.Popen([str(moto_server), "-H", "127.0.0.1", "-p", str(port)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    remote = {"TYPE": "s3", "PROVIDER": "Other", "ACCESS_KEY_ID": "drill", "SECRET_ACCESS_KEY": "drill",
              "ENDPOINT": f"http://127.0.0.1:{port}", "FORCE_PATH_STYLE": "true", "REGION": "us-east-1"}
    # variables of the machine's own AWS account are not this server's
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {**own, **{f"RCLONE_CONFIG_DRILL_{name}": value for name, value in remote.items()},
                   "RCLONE_CONFIG": str(folder / "rclone.conf"), "PATH": f"{rclone.parent}:{os.environ['PATH']}"}
    (folder / "rclone.conf").touch()
    for _ in range(100):
        if subprocess.run(["rclone", "mkdir", "drill:backups"], env=environment, capture_output=True).returncode == 0:
            break
        time.sleep(0.1)
    return server, environment


def export(program: Path, data: Path, to: Path) -> tuple[dict[str, Any], list[str]]:
    """Returns every record by its job's id, and the lines of the audit chain."""
    subprocess.run([str(program), "store", "export", str(to)], check=True, capture_output=True,
                   env={**os.environ, "SS_DATA_DIR": str(data)})
    records = {}
    for path in to.glob("jobs/*/*/job.json"):
        record = json.loads(path.read_text("utf-8"))
        records[record["job_id"]] = record
    return records, (to / "audit.jsonl").read_text("utf-8").splitlines()


def compare(lost: dict[str, Any], back: dict[str, Any], load: Load, since: float) -> None:
    """Compares record by record: what came back is all that was committed up to one moment, and holds every job that was acknowledged before `since`.

    The order of commits decides, by the number of each record's last event; a record's own times are of before its commit.
    """
    strangers = set(back) - set(lost)
    expect(f"nothing came back that was not there {sorted(strangers)[:3] or ''}".rstrip(), not strangers)
    reach = max(sequence(record) for record in back.values())
    later = [job for job, record in lost.items() if sequence(record) > reach]
    for job, record in lost.items():
        if sequence(record) <= reach and back.get(job) != record:
            sys.exit(f"restore drill: {job} was committed before the backup and is not back as it was:\n{record}\n{back.get(job)}")
    for job, _, acknowledged in load.made:
        if acknowledged < since and job not in back:
            sys.exit(f"restore drill: {job} was acknowledged {since - acknowledged:.3f} s before the backup began and is not back")
    print(f"  {len(lost) - len(later)} of {len(lost)} records are back and equal; {len(later)} were changed after the last backup",
          flush=True)


def sequence(record: dict[str, Any]) -> int:
    return record["_integrity"]["sequence"]


def tokens_open(address: str, load: Load, before: float, back: dict[str, Any]) -> None:
    caller, sample = Caller(address), [made for made in load.made if made[2] < before][-200:]
    for job, token, _ in sample:
        status, view = caller.ask("GET", f"/v1/jobs/{job}", token)
        if status != 200 or view["requirement"] != back[job]["requirement"]:
            sys.exit(f"restore drill: the token of {job} does not open it: {status} {view}")
    expect(f"{len(sample)} tokens of before the backup open their jobs", sample)


def lose_everything(service: subprocess.Popen[str], data: Path, repository: Path) -> float:
    """Kills the service with its runs and removes data and local repository; returns the moment."""
    at = time.time()
    os.killpg(service.pid, signal.SIGKILL)
    service.wait()
    data.rename(data.with_name("lost"))
    shutil.rmtree(repository)
    return at


def retention(program: Path, data: Path, folder: Path, environment: dict[str, str], recipient: str) -> None:
    """Old generations go, here and at the remote; the newest and what is no generation stay."""
    root, remote = folder / "generations", "drill:backups/generations"
    given = {**environment, "SS_DATA_DIR": str(data), "BACKUP_REMOTE": remote, "BACKUP_GENERATION": "month", "BACKUP_KEEP": "2"}

    def backup(**more: str) -> int:
        return subprocess.run([str(ROOT / "scripts" / "backup.sh"), str(root), "--recipient", recipient],
                              env={**given, **more}, capture_output=True).returncode

    expect("a first generation is made", backup(BACKUP_IDENTITY=str(folder / "identity.txt"), BACKUP_VERIFY="1") == 0)
    now = next(path.name for path in root.iterdir())
    for name in ("2020-01", "2020-02", "2020-03", "notes"):
        shutil.copytree(root / now, root / name)
        subprocess.run(["rclone", "copy", str(root / name), f"{remote}/{name}"], env=given, check=True, capture_output=True)
    expect("a backup that fails removes nothing", backup(STATA_SERVICE="false") != 0 and (root / "2020-01").exists())
    expect("the next one removes the oldest", backup() == 0)
    there = subprocess.run(["rclone", "lsf", "--dirs-only", remote], env=given, check=True, capture_output=True, text=True).stdout
    kept = {"2020-03", now, "notes"}
    expect("here and at the remote, and nothing else",
           {path.name for path in root.iterdir()} == kept and {line.strip("/") for line in there.splitlines()} == kept)
    expect("a number that keeps nothing is refused", backup(BACKUP_KEEP="0") == 2)


def populate(load: Load, jobs: int, backups: Backups, keep_up: float) -> None:
    began, printed = time.monotonic(), 0
    load.start()
    while len(load.made) < jobs and not backups.failed:
        time.sleep(0.2)
        if len(load.made) - printed >= 10_000:
            printed = len(load.made)
            print(f"  {printed} jobs after {time.monotonic() - began:.0f} s", flush=True)
    enough = len(backups.began) + 1
    while len(backups.began) < max(2, enough) and not backups.failed:
        time.sleep(0.2)
    time.sleep(keep_up)
    expect(f"{len(backups.began)} backups were made meanwhile, in {', '.join(f'{took:.1f}' for took in backups.took[-3:])} s "
           f"{backups.failed}".rstrip(), not backups.failed)
    expect(f"{len(load.made)} jobs were acknowledged and none refused {load.refused[:2] or ''}".rstrip(),
           len(load.made) >= jobs and not load.refused)


def drill(program: Path, tools: Path, folder: Path, jobs: int, period: float, keep_up: float) -> None:
    age = debian(tools, "age", "age-keygen")
    subprocess.run([str(age), "-o", str(folder / "identity.txt")], check=True, capture_output=True)
    recipient = next(line.split(": ")[1] for line in (folder / "identity.txt").read_text().splitlines() if "public key" in line)
    server, environment = s3(tools, folder)
    data, repository, log = folder / "data", folder / "repository", folder / "service.log"
    environment |= {"STATA_SERVICE": str(program), "SS_DATA_DIR": str(data), "BACKUP_REMOTE": "drill:backups/stata-service",
                    "BACKUP_GENERATION": "day", "BACKUP_VERIFY": "0"}
    service, address = served(program, data, log)
    load = Load(address, jobs)
    backups = Backups([str(ROOT / "scripts" / "backup.sh"), str(repository), "--recipient", recipient], environment, period)
    try:
        populate(load, jobs, backups, keep_up)
        backups.ended.set()
        # the loss falls between two backups, not into one: an interrupted one leaves nothing that counts
        backups.thread.join()
        last = backups.began[-1]
        at = lose_everything(service, data, repository)
        load.ended.set()

        restored = folder / "restored"
        began = time.time()
        done = subprocess.run([str(ROOT / "scripts" / "restore.sh"), str(repository), str(restored)], text=True, capture_output=True,
                              env={**environment, "BACKUP_IDENTITY": str(folder / "identity.txt")})
        expect(f"restore.sh brings it back from the remote and finds no problem {done.stderr[-500:]}".rstrip(),
               done.returncode == 0 and "0 problems" in done.stdout)
        restore_took = time.time() - began
        twin = folder / "twin"
        shutil.copytree(restored, twin)
        began = time.time()
        service, address = served(program, restored, log)
        caller = Caller(address)
        while caller.ask("GET", "/health/ready")[0] != 200:
            time.sleep(0.1)
        rto, rpo = restore_took + time.time() - began, at - last
        # measured, so told before anything that follows can end the drill
        print(f"  {jobs} jobs: RPO {rpo:.1f} s, restore {restore_took:.1f} s, RTO {rto:.1f} s, "
              f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)

        lost_records, lost_events = export(program, folder / "lost", folder / "lost-export")
        back, events = export(program, twin, folder / "back-export")
        compare(lost_records, back, load, last)
        expect("the audit chain that came back is the beginning of the one that was lost", lost_events[:len(events)] == events and events)
        tokens_open(address, load, last, back)
        # the connection of before has been idle for as long as the comparison took
        expect("a new job can be made", Caller(address).ask("POST", "/v1/admin/task-codes", KEY, {"count": 1})[0] in (200, 201))
        retention(program, restored, folder, environment, recipient)
        expect("RPO and RTO are within their aims", rpo <= RPO_AIM and rto <= RTO_AIM)
    finally:
        backups.ended.set()
        load.ended.set()
        if service.poll() is None:
            service.terminate()
            service.wait(60)
        server.terminate()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=Path)
    parser.add_argument("tools", type=Path)
    parser.add_argument("--jobs", type=int, default=400)
    parser.add_argument("--period", type=float, default=3.0, help="seconds between two backups")
    parser.add_argument("--keep-up", type=float, default=2.0, help="seconds of load after the last backup that counts")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        drill(given.program.resolve(), given.tools.resolve(), Path(name), given.jobs, given.period, given.keep_up)


if __name__ == "__main__":
    main()
