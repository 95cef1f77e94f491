"""The servers of the service, the object store of their files, and the engine that shows from outside when it runs."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from database import asked
from network import Machine
from tools import GENEROUS, until

KEY = "ssk_admin_0123456789abcdef0123456789abcdef"
PORT = 8080
# Each start notes its run, and the other engines of the same job that are alive. The file of `live` is written before the others are
# looked at: of two that start at once, both see the other.
ENGINE = r"""#!/bin/bash
here='FOLDER'
run_dir=${PWD%/work}; run=${run_dir##*/}; job_dir=${run_dir%/runs/*}; job=${job_dir##*/}
began() { { read -r stat; } 2>/dev/null < "/proc/$1/stat" || return 1
  fields=(${stat##*) }); [ "${fields[0]}" != Z ] && [ "${fields[0]}" != X ]; } 2>/dev/null
began $$
me="$job.$run.$$.${fields[19]}"
: > "$here/live/$me"
echo "$run" >> "$here/starts"
for path in "$here"/live/*; do
  other=${path##*/}; start=${other##*.}; rest=${other%.*}; pid=${rest##*.}
  if began "$pid" && [ "${fields[19]}" = "$start" ]; then
    [ "${other%%.*}" = "$job" ] && [ "$other" != "$me" ] && echo "$other $me" >> "$here/doubles"
  else
    rm -f "$path"
  fi
done
[ -e "$here/slow" ] && sleep 20
sleep "$((RANDOM % 3)).$((RANDOM % 10))"
exec 'PROGRAM' dofile "$@"
"""


class Engines:
    """The engines of all servers."""

    def __init__(self, folder: Path, program: Path) -> None:
        self.folder = folder / "engines"
        (self.folder / "live").mkdir(parents=True)
        self.path = self.folder / "engine"
        self.path.write_text(ENGINE.replace("FOLDER", str(self.folder)).replace("PROGRAM", str(program)))
        self.path.chmod(0o755)

    def lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def be_slow(self, slow: bool) -> None:
        if slow:
            (self.folder / "slow").touch()
        else:
            (self.folder / "slow").unlink(missing_ok=True)

    def running(self) -> list[tuple[str, int]]:
        """Job and process id of each engine that is alive."""
        found = []
        for path in (self.folder / "live").iterdir():
            job, _, pid, began = path.name.split(".")
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
            except OSError:
                continue
            if fields[19] == began and fields[0] not in "ZX":
                found.append((job, int(pid)))
        return found


def start_objects(machine: Machine, moto: Path, log: Path) -> None:
    """Starts an S3 server that keeps everything in memory, with a bucket."""
    machine.start([moto, "-H", machine.address, "-p", "9000"], log)
    until("the object store has a bucket", lambda: asked(machine.address, 9000, "/files", "PUT")[0] == 200, seconds=60)


@dataclass
class Health:
    """What the two routes of health said, by the clock that never jumps."""

    live: list[tuple[float, int]] = field(default_factory=list)
    ready: list[tuple[float, int, str]] = field(default_factory=list)


class Server:
    """`stata-service serve` on a machine of its own."""

    def __init__(self, machine: Machine, role: str, way: str, settings: dict[str, str], folder: Path, program: Path) -> None:
        self.machine, self.role, self.way, self.program = machine, role, way, program
        self.folder = folder / machine.name
        self.folder.mkdir()
        self.log = self.folder / "log"
        self.health = Health()
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(("SS_", "AWS_"))} | GENEROUS | {
            "SS_LISTEN": f"{machine.address}:{PORT}", "SS_DATA_DIR": str(self.folder / "data"), "SS_BOOTSTRAP_ADMIN_KEY": KEY,
            "SS_LOG_FORMAT": "json", "SS_ON_SHUTDOWN": "detach", "SS_DISK__LOW_MB": "0", "SS_SERVER__ROLE": role,
            "SS_LIMITS__STREAMS_PER_CREDENTIAL": "1000000", "SS_UPLOAD__ANSWER_SECONDS": "60", "SS_JOB_STORE_BACKEND": "postgres",
            "SS_TOKENS__LINK_KEYS": "one-key-for-links-of-all-servers-0123", "SS_WORKER_CONCURRENCY": "2", "SS_RUN__SANDBOX": "off",
            "SS_WEBHOOKS__KEYS": "one-key-for-webhooks-of-all-servers-01", **settings}
        self.process: subprocess.Popen[bytes] | None = None
        # killed or stopped: it need not answer
        self.is_disturbed = False

    @property
    def name(self) -> str:
        return self.machine.name

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.machine.command([self.program, "serve"]), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                env=self.environment, cwd="/", start_new_session=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"failover: {self.name} does not start: {self.process.wait()}\n{self.last_log()}")

    def signal(self, number: int) -> None:
        """Sends a signal to the server alone: its launchers and engines go on."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        assert self.process is not None
        self.process.wait()

    def end(self) -> int:
        assert self.process is not None
        self.signal(signal.SIGTERM)
        return self.process.wait(120)

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def last_log(self, lines: int = 25) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def tool(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Another subcommand with the same settings, on the same machine."""
        return subprocess.run(self.machine.command([self.program, *words]), env=self.environment, capture_output=True, text=True,
                              timeout=600)

    def look(self) -> None:
        """Asks both routes of health once."""
        for path in ("/health/live", "/health/ready"):
            status, said = asked(self.machine.address, PORT, path, seconds=5)
            if status == 0 and self.is_disturbed:
                continue
            if path.endswith("live"):
                self.health.live.append((time.monotonic(), status))
            else:
                reasons = "; ".join(said.get("reasons", [])) if isinstance(said, dict) else ""
                self.health.ready.append((time.monotonic(), status, reasons))

    def watch(self, ended: threading.Event) -> None:
        while not ended.wait(0.5):
            self.look()


def call(address: str, method: str, path: str, key: str = "", body: Any = None, headers: dict[str, str] | None = None,
         seconds: float = 10) -> tuple[int, Any]:
    """A request of its own connection: status and body, JSON where it is; (0, None) where it was not answered."""
    given = dict(headers or {})
    if key:
        given["Authorization"] = f"Bearer {key}"
    if body is not None and not isinstance(body, bytes):
        given["Content-Type"], body = "application/json", json.dumps(body)
    connection = http.client.HTTPConnection(address, PORT, timeout=seconds)
    try:
        connection.request(method, path, body, given)
        response = connection.getresponse()
        content = response.read()
    except (OSError, http.client.HTTPException):
        return 0, None
    finally:
        connection.close()
    is_json = "json" in (response.headers.get("Content-Type") or "")
    return response.status, json.loads(content) if is_json and "/artifacts/" not in path else content
