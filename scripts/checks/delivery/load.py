#!/usr/bin/env python3
"""The load test: k6 walks the journey against the real service and keeps its thresholds; against a bad one it fails.

Usage: load.py PROGRAM K6
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from support import KEY, ROOT, Client, Service, expect, free_port, until

SECONDS = "6"
# An unoptimised program beside other checks: its times say nothing about the threshold of operators.
P95_MS = "30000"


def load(k6: str, address: str, out: Path, key: str = KEY, p95_ms: str = P95_MS) -> subprocess.CompletedProcess[str]:
    given = {"BASE_URL": f"http://{address}", "ADMIN_KEY": key, "K6": k6, "SECONDS": SECONDS, "P95_MS": p95_ms}
    return subprocess.run([ROOT / "scripts/load-test.sh", "smoke", out], env=os.environ | given, text=True,
                          capture_output=True)


def main() -> None:
    program, k6 = str(Path(sys.argv[1]).resolve()), str(Path(sys.argv[2]).resolve())
    with tempfile.TemporaryDirectory(prefix="ss-load-") as name:
        folder = Path(name)
        # Two users of a load test are not two people: rates as for benchmarks.
        rates = {"SS_CONFIG": str(ROOT / "performance/limits.toml")}
        with Service(program, folder / "data", folder / "log", **rates) as service:
            ran = load(k6, service.address, folder / "good")
            expect(f"k6 keeps its thresholds\n{ran.stdout.strip()}", ran.returncode == 0, ran.stdout + ran.stderr)
            metrics = json.loads((folder / "good/summary.json").read_text())["metrics"]
            values = metrics["http_req_duration"]["values"]
            expect("summary.json has p95, p99, error rate and verdicts",
                   values["p(95)"] > 0 and values["p(99)"] > 0 and "rate" in metrics["http_req_failed"]["values"]
                   and metrics["verdicts"]["values"]["count"] > 0)
            ran = load(k6, service.address, folder / "slow", p95_ms="0.001")
            expect("a p95 beyond its threshold crosses it (99)", ran.returncode == 99, ran.stdout + ran.stderr)
            ran = load(k6, service.address, folder / "key", key="ssk_other_0123456789abcdef")
            expect("without verdicts the thresholds are crossed (99)", ran.returncode == 99, ran.stdout + ran.stderr)
        address = f"127.0.0.1:{free_port()}"
        bad = subprocess.Popen([sys.executable, ROOT / "tests/delivery/answers_500.py"],
                               env=os.environ | {"SS_LISTEN": address})
        try:
            until("the bad service listens", lambda: Client(f"http://{address}").call("GET", "/health/live")[0] == 200)
            ran = load(k6, address, folder / "bad")
            expect("a service that answers 500 crosses them (99)", ran.returncode == 99, ran.stdout + ran.stderr)
        finally:
            bad.kill()
            bad.wait()


if __name__ == "__main__":
    main()
