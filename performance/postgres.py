#!/usr/bin/env python3
"""The store in PostgreSQL: what a job and a server at rest cost the database, and commits and reads against pgbench.

Usage: postgres.py cost PROGRAM [JOBS]   bytes, write-ahead log and transactions of a job; the first half only warms up
       postgres.py bench COMMAND ...     runs pgbench, and then a command that runs benches/postgres.rs

PROGRAM is the built stata-service. Makes a PostgreSQL of its own in a temporary folder with the system's programs, or
those of target/tools. docs/capacity.md computes with these figures.
"""

from __future__ import annotations

import concurrent.futures
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts/checks"))
from tools import NOT_HERE, free_port  # noqa: E402

KEY = "ssk_admin_" + "5e1fa30c" * 4
SETTINGS = "shared_buffers=256MB max_connections=200 max_wal_size=4GB listen_addresses="
QUIET = 60
"""Seconds for which the service is left alone."""


class Database:
    """A server in a folder; users are trusted."""

    def __init__(self, folder: Path, more_settings: str = "") -> None:
        self.folder = folder
        places = [*Path("/usr/lib/postgresql").glob("*/bin"), *ROOT.glob("target/tools/postgresql-15/usr/lib/postgresql/*/bin")]
        found = [place for place in places if (place / "pgbench").exists() and (place / "initdb").exists()]
        if not found:
            print("  not run: PostgreSQL with pgbench is not here; scripts/test brings it")
            sys.exit(NOT_HERE)
        self.bin = found[0]
        libraries = ":".join(str(path) for path in ROOT.glob("target/tools/postgresql-15/usr/lib/*-linux-gnu"))
        self.environment = {**os.environ, "LD_LIBRARY_PATH": libraries, "PGHOST": str(folder), "PGUSER": "postgres"}
        self.prefix = []
        if os.geteuid() == 0:
            os.chown(folder, 65534, 65534)
            self.prefix = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]
        self.run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-D", str(folder / "data"))
        options = " ".join(f"-c {one}" for one in f"{SETTINGS} {more_settings}".split()) + f" -k {folder}"
        self.run("pg_ctl", "-D", str(folder / "data"), "-o", options, "-l", str(folder / "log"), "-w", "start")

    def run(self, program: str, *words: str) -> str:
        command = [*self.prefix, str(self.bin / program), *words]
        done = subprocess.run(command, env=self.environment, cwd="/", capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"postgres: {program} ended with {done.returncode}\n{done.stderr}")
        return done.stdout

    def ask(self, sql: str) -> list[list[str]]:
        out = self.run("psql", "-X", "-A", "-t", "-F", "\t", "-d", "ss", "-c", sql)
        return [line.split("\t") for line in out.splitlines()]

    def number(self, sql: str) -> float:
        return float(self.ask(sql)[0][0])

    def stop(self) -> None:
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")


def pgbench(database: Database, clients: int, read: bool) -> float:
    """Transactions a second: a row of 2 KB written, or read by its key."""
    script = database.folder / f"{'read' if read else 'write'}.sql"
    write = "INSERT INTO bench (id, json) VALUES (gen_random_uuid(), repeat(md5(random()::text), 64));\n"
    script.write_text("\\set n random(1, 10000)\nSELECT json FROM bench_read WHERE n = :n;\n" if read else write)
    script.chmod(0o644)
    said = database.run("pgbench", "-n", "-M", "prepared", "-T", "8", "-c", str(clients), "-j", "2", "-f", str(script), "ss")
    return float(next(line.split()[2] for line in said.splitlines() if line.startswith("tps")))


def call(api: str, path: str, token: str, body: object = None, method: str = "POST", form: tuple[str, bytes] | None = None) -> dict:
    headers = {"Authorization": f"Bearer {token}"}
    data = None if body is None else json.dumps(body).encode()
    if form:
        headers["Content-Type"], data = form
    elif data is not None:
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(api + path, data=data, headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or b"null")


def upload() -> tuple[str, bytes]:
    csv = (ROOT / "assets/stata_do_library/datasets/pay.csv").read_bytes()
    part = b"--x\r\nContent-Disposition: form-data; name=\"%s\"%s\r\n\r\n%s\r\n"
    body = part % (b"role", b"", b"primary_dataset") + part % (b"file", b"; filename=\"pay.csv\"", csv) + b"--x--\r\n"
    return "multipart/form-data; boundary=x", body


def job(api: str, form: tuple[str, bytes]) -> None:
    """The journey of the README, to the verdict."""
    code = call(api, "/v1/admin/task-codes", KEY, {"count": 1})["task_codes"][0]["task_code"]
    redeemed = call(api, "/v1/task-codes/redeem", KEY, {"task_code": code, "requirement": "What goes with higher pay?"})
    path, token = f"/v1/jobs/{redeemed['job_id']}", redeemed["token"]
    call(api, f"{path}/inputs/upload", token, form=form)
    draft = {"template_id": "linear.ols_robust", "outcome_var": "log_pay", "roles": {"regressors": ["schooling", "years_work"]}}
    call(api, f"{path}/draft", token, draft, "PUT")
    call(api, f"{path}/plan/freeze", token, {})
    call(api, f"{path}/run", token)
    for _ in range(600):
        status = call(api, path, token, method="GET")["status"]
        if status in ("succeeded", "failed"):
            break
        time.sleep(0.25)
    if status != "succeeded":
        sys.exit(f"postgres: a job is {status}")


TABLES = """SELECT s.relname, pg_table_size(c.oid), pg_indexes_size(c.oid), s.n_live_tup FROM pg_class c
  JOIN pg_stat_user_tables s ON s.relid = c.oid WHERE s.schemaname = 'ss' ORDER BY 2 DESC LIMIT 6"""
COMPACT = "SELECT pg_table_size('ss.jobs')"
DONE = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'ss'"
WRITTEN = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'stata-service'"


def measure(database: Database, program: str, folder: Path, host: str, jobs: int) -> None:
    port = free_port()
    environment = {**os.environ, "SS_DATABASE_URL": f"postgres://postgres@{host}/ss", "SS_JOB_STORE_BACKEND": "postgres",
                   "SS_DATA_DIR": str(folder / "data"), "SS_LISTEN": f"127.0.0.1:{port}", "SS_BOOTSTRAP_ADMIN_KEY": KEY,
                   "SS_LOG": "warn", "SS_DISK__LOW_MB": "0"}
    words = [program, "--config", str(ROOT / "performance/limits.toml")]
    subprocess.run([*words, "store", "migrate"], env=environment, check=True, stdout=subprocess.DEVNULL)
    service = subprocess.Popen([*words, "serve"], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        service.stdout.readline()
        api, form = f"http://127.0.0.1:{port}", upload()

        def many(count: int) -> None:
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                list(pool.map(lambda _: job(api, form), range(count)))

        many(jobs // 2)
        database.ask("CHECKPOINT")
        before, wal, events = database.number(DONE), database.number(WRITTEN), database.number("SELECT max(seq) FROM ss.audit")
        commits = database.number("SELECT max(sequence) FROM ss.commits")
        many(jobs - jobs // 2)
        half = jobs - jobs // 2
        print(f"commits a job: {(database.number('SELECT max(sequence) FROM ss.commits') - commits) / half:.1f}")
        print(f"audit events a job: {(database.number('SELECT max(seq) FROM ss.audit') - events) / half:.1f}")
        print(f"transactions a job, polls included: {(database.number(DONE) - before) / half:.0f}")
        print(f"write-ahead log a job: {(database.number(WRITTEN) - wal) / half / 1024:.0f} KiB")
        print(f"connections: {database.number(CONNECTIONS):.0f}")
        time.sleep(2)
        at, wal = database.number(DONE), database.number(WRITTEN)
        time.sleep(QUIET)
        print(f"at rest: {(database.number(DONE) - at - 2) / QUIET:.2f} transactions/s, "
              f"{(database.number(WRITTEN) - wal) / QUIET:.0f} bytes/s of log")
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(60)
    database.ask("VACUUM ANALYZE")
    print("bytes a job: table, heap with TOAST, indexes, rows")
    for name, heap, indexes, rows in database.ask(TABLES):
        print(f"  {name}: {int(heap) / jobs:.0f}, {int(indexes) / jobs:.0f}, {int(rows) / jobs:.2f}")
    database.ask("VACUUM FULL ss.jobs")
    print(f"  jobs, compacted: {database.number(COMPACT) / jobs:.0f}")
    print(f"record of a job: {database.number('SELECT avg(octet_length(json)) FROM ss.jobs'):.0f} bytes, "
          f"stored {database.number('SELECT avg(pg_column_size(json)) FROM ss.jobs'):.0f}")
    print(f"audit event: {database.number('SELECT avg(octet_length(json)) FROM ss.audit'):.0f} bytes")
    files = [path for path in (folder / "data/tenants").rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    print(f"files a job: {len(files) / jobs:.1f}, {size / jobs / 1024:.0f} KiB")


def bench(database: Database, command: list[str], host: str) -> int:
    """Runs the benchmark of the port on a database of its own, after pgbench on the same server."""
    database.ask("CREATE TABLE bench (id uuid PRIMARY KEY, json text NOT NULL)")
    database.ask("CREATE TABLE bench_read AS SELECT n, repeat(md5(n::text), 64) AS json FROM generate_series(1, 10000) n")
    database.ask("ALTER TABLE bench_read ADD PRIMARY KEY (n)")
    figures = [f"{n}:{pgbench(database, n, False):.0f}:{pgbench(database, n, True):.0f}" for n in (1, 8, 64)]
    database.run("createdb", "port")
    url = f"postgres://postgres@{host}/port"
    environment = {**os.environ, "BENCH_DATABASE_URL": url, "BENCH_PGBENCH": " ".join(figures)}
    return subprocess.run(command, env=environment).returncode


def main() -> int:
    if len(sys.argv) < 3 or sys.argv[1] not in ("cost", "bench"):
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory(prefix="ss-postgres-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "pg").mkdir()
        database = Database(folder / "pg")
        host = str(database.folder).replace("/", "%2F")
        try:
            database.run("createdb", "ss")
            if sys.argv[1] == "bench":
                return bench(database, sys.argv[2:], host)
            program, jobs = str(Path(sys.argv[2]).resolve()), int(sys.argv[3]) if len(sys.argv) > 3 else 200
            measure(database, program, folder, host, jobs)
            return 0
        finally:
            database.stop()


if __name__ == "__main__":
    sys.exit(main())
