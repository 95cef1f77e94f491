"""What the checks of delivery share: the service as a process and its client; promises come from `scripts/checks/tools.py`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "scripts" / "release"), str(ROOT / "scripts" / "checks")]

from smoke import TERMINAL, Client  # noqa: E402,F401
from tools import expect, free_port, until  # noqa: E402,F401

# The floor of free space is a share of the volume; a check must not depend on how full the machine is.
HOST_DISK = {"SS_DISK__LOW_MB": "64"}
KEY = "ssk_admin_0123456789abcdef0123456789abcdef"


class Service:
    """`stata-service serve` on a free or given port."""

    def __init__(self, program: str, data: Path, log: Path, port: int = 0, **settings: str) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SS_")}
        environment |= {"SS_LISTEN": f"127.0.0.1:{port}", "SS_DATA_DIR": str(data), "SS_BOOTSTRAP_ADMIN_KEY": KEY} \
            | HOST_DISK
        self.log = log.open("a")
        self.process = subprocess.Popen([program, "serve"], env=environment | settings, text=True,
                                        stdout=subprocess.PIPE, stderr=self.log, stdin=subprocess.DEVNULL)
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"the service did not start: {log.read_text()[-2000:]}")
        self.address = json.loads(line)["address"]

    def end(self, grace: float = 60) -> tuple[int, float]:
        """SIGTERM, and SIGKILL after the grace period; returns exit code and seconds."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(grace)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.log.close()
        return code, time.monotonic() - started

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
