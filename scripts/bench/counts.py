#!/usr/bin/env python3
"""What a run, requests and a do-file cost in system calls and instructions, against the figures of the last release.

Usage: counts.py PROGRAM ENGINE TOOLS [--renew]; `performance/check` calls it.

Counts hardly depend on other load, so a test can compare them where a clock would be too noisy. System calls are counted
by strace, instructions of the open engine by callgrind, under which the service does not start. System calls may grow by
25 % and one, instructions by 10 % over performance/counts.toml; beyond that the check fails. It ends with 77 where a tool
cannot be had. `--renew` writes the file.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import math
import os
import re
import secrets
import shutil
import signal
import subprocess
import sqlite3
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "checks"))
from tools import GENEROUS, NOT_HERE, ask, debian_tree, expect, free_port, until, upload_form  # noqa: E402

BASELINE = ROOT / "performance" / "counts.toml"
PAY = (ROOT / "assets/stata_do_library/datasets/pay.csv").read_bytes()
DRAFT = {"template_id": "linear.ols_robust", "outcome_var": "log_pay", "roles": {"regressors": ["schooling"]}}
DO_FILE = """clear
set obs 2000
set seed 7
generate x = rnormal()
generate z = rnormal()
generate g = mod(_n, 40)
generate y = 1 + 2 * x - z + rnormal()
regress y x z, vce(cluster g)
logit z x if z > 1 | z < 1
"""
# Below this share of the baseline the figures are worth renewing.
BETTER = 0.85
# Means are of so many runs.
RUNS = 8
KINDS = {
    "fsync": "synced writes", "fdatasync": "synced writes", "openat": "files opened", "unlink": "files removed",
    "unlinkat": "files removed", "rename": "files renamed", "renameat": "files renamed", "renameat2": "files renamed",
    "execve": "programs started", "clone": "threads and processes", "clone3": "threads and processes",
}


class Service:
    """The program under strace."""

    def __init__(self, folder: Path, program: str, strace: list[str]) -> None:
        self.port, self.key = free_port(), f"ssk_check_{secrets.token_hex(20)}"
        environment = {**os.environ, **GENEROUS, "SS_LISTEN": f"127.0.0.1:{self.port}", "SS_DATA_DIR": f"{folder}/data",
                       "SS_BOOTSTRAP_ADMIN_KEY": self.key, "SS_DISK__LOW_MB": "0", "SS_UPLOAD__ANSWER_SECONDS": "60"}
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen([*strace, program, "serve"], env=environment, stdout=log, stderr=log,
                                            start_new_session=True)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        until("the service answers", self.answers, 120)

    def answers(self) -> bool:
        if self.process.poll() is not None:
            return True
        try:
            return self.ask("GET", "/health/live")[0] == 200
        except OSError:
            self.connection.close()
            return False

    def ask(self, method: str, path: str, key: str = "", body: Any = None) -> tuple[int, Any]:
        return ask(self.connection, method, path, key, body)

    def made(self, method: str, path: str, key: str = "", body: Any = None) -> Any:
        status, answer = self.ask(method, path, key, body)
        if not 200 <= status < 300:
            sys.exit(f"{method} {path}: {status} {answer}")
        return answer

    def redeemed(self) -> tuple[str, str]:
        code = self.made("POST", "/v1/admin/task-codes", self.key, {"count": 1})["task_codes"][0]["task_code"]
        job = self.made("POST", "/v1/task-codes/redeem", body={"task_code": code, "requirement": "Pay?"})
        return f"/v1/jobs/{job['job_id']}", job["token"]

    def frozen(self) -> tuple[str, str]:
        path, token = self.redeemed()
        self.made("POST", f"{path}/inputs/upload", token, upload_form(PAY))
        self.made("PUT", f"{path}/draft", token, DRAFT)
        self.made("POST", f"{path}/plan/freeze", token, {})
        return path, token

    def run(self, path: str, token: str) -> None:
        self.made("POST", f"{path}/run", token, {})
        ended = until("the run ends", lambda: (job := self.made("GET", path, token))["status"] in
                      ("succeeded", "failed") and job, 120)
        if ended["status"] != "succeeded":
            sys.exit(f"the run failed: {ended}")

    def end(self) -> None:
        # strace passes no signal on
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGTERM)
        self.process.wait(timeout=120)


def program_of(tools: Path, name: str) -> Path:
    """The program here, or out of its Debian package."""
    if here := shutil.which(name):
        return Path(here)
    tree = debian_tree(tools, name, ["strace", "libunwind8"] if name == "strace" else [name])
    os.environ["VALGRIND_LIB"] = str(tools / "valgrind" / "usr" / "libexec" / "valgrind")
    os.environ["LD_LIBRARY_PATH"] = ":".join(str(path.parent) for path in tree.glob("usr/lib/*/libunwind.so.8"))
    return tree / "usr" / "bin" / name


def system_calls(program: str, strace: Path) -> dict[str, float]:
    """Mean counts of a run, of a redeemed code, and of 50 reads of a job."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trace, store = folder / "trace", folder / "data" / "store"
        exported = store / "exported"
        service = Service(folder, program, [str(strace), "-f", "-qq", "-o", str(trace), "-e", f"trace={','.join(KINDS)}"])
        if service.process.poll() is not None:
            print("  not run: processes cannot be traced here")
            sys.exit(NOT_HERE)

        def settled() -> int:
            """Size of the trace once the copies of all commits are durable, which they become seconds after the answer."""
            # the service ends a connection that is idle for longer than that may take
            service.connection.close()
            with contextlib.closing(sqlite3.connect(f"file:{store}/store.sqlite3?mode=ro", uri=True)) as connection:
                last = connection.execute("SELECT max(sequence) FROM commits").fetchone()[0]
            until("the copies are durable", lambda: exported.exists() and int(exported.read_text()) >= last, 120)
            return trace.stat().st_size

        def count(what: str, times: int, work: Callable[[], Any], kinds: set[str]) -> None:
            before = settled()
            for _ in range(times):
                work()
            after = settled()
            with trace.open() as lines:
                lines.seek(before)
                text = lines.read(after - before)
            calls = Counter(KINDS[call] for call in re.findall(r"(?m)^\d+ +(\w+)\(", text))
            for kind in sorted(kinds):
                found[f"{what}: {kind}"] = round(calls[kind] / times, 2)

        service.run(*service.frozen())
        jobs = [service.frozen() for _ in range(RUNS)]
        count("a run", RUNS, lambda: service.run(*jobs.pop()), set(KINDS.values()))
        count("a code that is made and redeemed", RUNS, service.redeemed, {"synced writes", "programs started"})
        path, token = service.redeemed()
        count("a job that is read", 50, lambda: service.made("GET", path, token), {"synced writes", "programs started"})
        service.end()
    return found


def instructions(engine: str, valgrind: Path) -> dict[str, float]:
    """Millions of instructions of the open engine: its start, and a do-file beyond it."""
    counts = []
    with tempfile.TemporaryDirectory() as name:
        for do_file in ("display 1\n", DO_FILE):
            Path(name, "work.do").write_text(do_file)
            words = [str(valgrind), "--tool=callgrind", f"--callgrind-out-file={name}/callgrind", f"--log-file={name}/report"]
            subprocess.run([*words, engine, "-q", "-s", "do", "work.do"], check=True, cwd=name)
            total = re.search(r"Collected : (\d+)", Path(name, "report").read_text())
            if not total:
                sys.exit("callgrind counted nothing")
            counts.append(int(total[1]) / 1e6)
    return {"open engine: start, million instructions": round(counts[0], 2),
            "open engine: a regression and a logit, million instructions": round(counts[1] - counts[0], 2)}


def most_allowed(what: str, before: float) -> float:
    # work in the background can meet any of the calls: one more is no growth
    return before * 1.10 if "instructions" in what else math.floor(before * 1.25) + 1


def grown(found: dict[str, float], last: dict[str, float]) -> list[str]:
    """The counts that are beyond their bounds."""
    return [what for what, now in found.items() if what in last and now > most_allowed(what, last[what])]


def least(count: Callable[[], dict[str, float]], last: dict[str, float]) -> dict[str, float]:
    """The counts, taken again where one is beyond its bound: other load makes calls more and never fewer."""
    found = count()
    for _ in range(2):
        if not grown(found, last):
            break
        again = count()
        found = {what: min(now, again[what]) for what, now in found.items()}
    return found


def compare(found: dict[str, float], last: dict[str, float]) -> None:
    """Prints each count beside that of the last release; ends the check where one grew beyond its bound."""
    for what, now in found.items():
        if what in last:
            better = "  (renew: performance/check --renew)" if now < last[what] * BETTER else ""
            print(f"  {what}: {now:g}, last release {last[what]:g}{better}")
    beyond = [f"{what}: {found[what]:g}, at most {most_allowed(what, last[what]):g}" for what in grown(found, last)]
    beyond += [f"{what}: {now}, which performance/counts.toml does not have" for what, now in found.items() if what not in last]
    expect("no count grew beyond its bound", not beyond, "\n".join(beyond))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("engine")
    parser.add_argument("tools", type=Path)
    parser.add_argument("--renew", action="store_true")
    args = parser.parse_args()
    strace, valgrind = program_of(args.tools, "strace"), program_of(args.tools, "valgrind")
    program = str(Path(args.program).resolve())
    last = {} if args.renew else tomllib.loads(BASELINE.read_text("utf-8"))["counts"]
    found = least(lambda: system_calls(program, strace), last)
    found |= instructions(str(Path(args.engine).resolve()), valgrind)
    if args.renew:
        lines = [f'"{what}" = {count}' for what, count in found.items()]
        BASELINE.write_text("# Counts of the last release; `performance/check --renew` writes them.\n[counts]\n"
                            + "\n".join(lines) + "\n", "utf-8")
        return
    compare(found, last)


if __name__ == "__main__":
    main()
