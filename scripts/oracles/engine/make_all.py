"""Runs every script of this folder that makes oracle cases: python3 scripts/oracles/engine/make_all.py.

R with its packages must be installed for the scripts that call it (see README.md). Nothing here is run by the tests.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> int:
    failed = []
    for script in sorted(HERE.glob("make_*.py")):
        if script.name == "make_all.py":
            continue
        print("==", script.name, flush=True)
        if subprocess.run([sys.executable, script.name], cwd=HERE, check=False).returncode != 0:
            failed.append(script.name)
    if failed:
        print("failed:", " ".join(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
