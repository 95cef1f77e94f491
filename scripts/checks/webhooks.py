#!/usr/bin/env python3
"""Webhooks as the official library of Standard Webhooks reads them: the receiver of docs/webhooks.md, run as it stands.

Usage: webhooks.py PROGRAM, with PROGRAM the built stata-service. The service sends to this host; the receiver accepts what is
signed by its secret, through a rotation, and a second one with another secret refuses everything.
"""

from __future__ import annotations

import http.client
import os
import re
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tools import ask, expect, free_port, until

ROOT = Path(__file__).resolve().parents[2]


def receiver(folder: Path, name: str, secret: str, port: int) -> subprocess.Popen[bytes]:
    """Starts the receiver of the documentation; what it prints is in a file."""
    text = (ROOT / "docs/webhooks.md").read_text("utf-8")
    code = re.search(r"(?ms)^```python\n(.*?)^```$", text)
    assert code, "docs/webhooks.md has a receiver"
    environment = {**os.environ, "WEBHOOK_SECRET": secret, "PORT": str(port)}
    with (folder / f"{name}.out").open("wb") as out, (folder / f"{name}.err").open("wb") as err:
        return subprocess.Popen([sys.executable, "-c", code[1]], env=environment, stdout=out, stderr=err)


def main() -> None:
    program = str(Path(sys.argv[1]).resolve())
    key = f"ssk_check_{secrets.token_hex(20)}"
    port, good, bad = free_port(), free_port(), free_port()
    running: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {**os.environ, "SS_LISTEN": f"127.0.0.1:{port}", "SS_DATA_DIR": f"{name}/data",
                       "SS_BOOTSTRAP_ADMIN_KEY": key, "SS_DISK__LOW_MB": "0",
                       "SS_WEBHOOKS__PRIVATE_NETWORKS": "127.0.0.0/8"}
        with (folder / "log").open("wb") as log:
            running.append(subprocess.Popen([program, "serve"], env=environment, stdout=log, stderr=log))
        try:
            walk(folder, port, key, (good, bad), running)
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait(timeout=60)


def walk(folder: Path, port: int, key: str, receivers: tuple[int, int],
         running: list[subprocess.Popen[bytes]]) -> None:
    def request(method: str, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            return ask(connection, method, path, key, body)
        finally:
            connection.close()

    def answers() -> bool:
        try:
            return request("GET", "/health/live")[0] == 200
        except OSError:
            return False

    until("the service answers", answers)
    good, bad = receivers
    ids = {}
    for name, to in (("good", good), ("bad", bad)):
        status, made = request("POST", "/v1/webhooks", {"url": f"http://127.0.0.1:{to}/"})
        expect(f"a webhook is created for the {name} receiver", status == 201, made)
        ids[name] = made["webhook_id"]
        secret = made["secret"] if name == "good" else "whsec_" + "A" * 43 + "="
        running.append(receiver(folder, name, secret, to))
    # one secret is known to the receiver, another one is added
    status, rotated = request("POST", f"/v1/webhooks/{ids['good']}/rotate-secret", {})
    expect("the secret is rotated with an overlap", status == 200 and rotated["secret"].startswith("whsec_"), rotated)
    status, made = request("POST", "/v1/admin/task-codes", {"count": 1})
    expect("a task code is made", status == 201, made)
    code = made["task_codes"][0]["task_code"]
    status, job = request("POST", "/v1/task-codes/redeem", {"task_code": code, "requirement": "x"})
    expect("a job is made", status == 200, job)

    def printed() -> str:
        return (folder / "good.out").read_text("utf-8")

    until("the receiver verifies the event of the job", lambda: f"job.created {job['job_id']}" in printed(), 90)
    expect("the library verifies a delivery during a rotation", True)

    def refused() -> Any:
        log = request("GET", f"/v1/webhooks/{ids['bad']}/deliveries")[1]["deliveries"]
        tried = [attempt["status_code"] for delivery in log for attempt in delivery["attempts"]]
        return log if 400 in tried else None

    log = until("a receiver with another secret refuses", refused, 90)
    expect("a receiver with another secret verifies nothing", (folder / "bad.out").read_text("utf-8") == "", log)


main()
