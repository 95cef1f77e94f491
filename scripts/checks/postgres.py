"""Brings PostgreSQL and PgBouncer for the tests of the store on it: the system's own, else Debian's packages, unpacked into
target/tools.

Usage: postgres.py TOOLS
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import tools as fetch

PACKAGE = "postgresql-15"


def main() -> None:
    tools = Path(sys.argv[1]).resolve()
    if not Path("/usr/sbin/pgbouncer").exists():
        print(f"  PgBouncer in {fetch.debian_closure(tools, 'pgbouncer')}")
    here = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if here:
        print(f"  {here[-1]} is here")
        return
    folder = fetch.debian_closure(tools, PACKAGE)
    program = next(folder.glob("usr/lib/postgresql/*/bin/postgres"))
    libraries = ":".join(str(path) for path in folder.glob("usr/lib/*-linux-gnu"))
    environment = {**os.environ, "LD_LIBRARY_PATH": libraries}
    started = subprocess.run([str(program), "--version"], env=environment, capture_output=True, text=True)
    if started.returncode != 0:
        print(f"  not run: {program} does not start: {started.stderr.strip()}")
        sys.exit(fetch.NOT_HERE)
    print(f"  {started.stdout.strip()} in {folder}")


main()
