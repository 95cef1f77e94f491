#!/usr/bin/env python3
"""Holds the gate of coverage. Usage: coverage_gate.py REPORT, the JSON of `cargo llvm-cov --json --summary-only`.

Prints covered ÷ all lines of each room and exits with 1 when one is below its bound, or has no lines: a room that
moved must not pass unseen.
"""

import json
import sys
from pathlib import Path

OVERALL, CRITICAL = 70.0, 80.0
ROOMS = {
    "domain": ("src/domain/",),
    "store": ("src/adapters/store/",),
    "worker": ("src/worker/",),
    "verdict": ("src/domain/verdict",),
    "gate": ("src/domain/gate.rs", "src/config/production.rs", "src/service/operations/check_gate"),
}


def lines(files: list[dict], prefixes: tuple[str, ...] = ("",)) -> tuple[int, int]:
    """Covered and all lines of the files below the prefixes, which are relative to the repository."""
    root = f"{Path(__file__).resolve().parents[2]}/"
    summed = [f["summary"]["lines"] for f in files if f["filename"].removeprefix(root).startswith(prefixes)]
    return sum(s["covered"] for s in summed), sum(s["count"] for s in summed)


def main() -> int:
    files = json.loads(Path(sys.argv[1]).read_text())["data"][0]["files"]
    rows = [("overall", *lines(files), OVERALL)] + [(room, *lines(files, at), CRITICAL) for room, at in ROOMS.items()]
    below = 0
    for name, covered, count, bound in rows:
        share = 100 * covered / count if count else 0.0
        below += share < bound
        print(f"{name:<8} {share:5.1f} % of {count} lines, bound {bound:.0f} %{'' if share >= bound else ': BELOW'}")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
