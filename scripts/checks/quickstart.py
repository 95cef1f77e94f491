#!/usr/bin/env python3
"""The README's quickstart and the walk with curl of docs/api.md, extracted and run as they stand.

Usage: quickstart.py PROGRAM, with PROGRAM the built stata-service. One shell runs the blocks of "Two commands" and "Serve" in
their order, then the walk with curl; `cargo run --release --` and `target/release/stata-service` stand for PROGRAM here, `scripts/test`
is what runs this check and is left out, and the service gets a free port and an empty directory. Ends with 1 where a command fails
or an analysis does not succeed.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools import expect, free_port

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "127.0.0.1:8080"
# the walk with curl ends with the request to run; a person looks again, this does so until the run has ended
WAIT = """
for _ in $(seq 300); do
  status=$(curl -s $api/v1/jobs/$job -H "$auth" | jq -r .status); [ "$status" = succeeded ] && break; sleep 0.2
done
echo "ended: $status"
curl -s $api/v1/jobs/$job/artifacts -H "$auth" | jq -r '.artifacts[].rel_path'
kill %1; wait %1
"""


def section(page: str, title: str) -> list[str]:
    """The shell blocks of a section of a page."""
    text = (ROOT / page).read_text("utf-8")
    body = re.split(r"(?m)^##", text.split(f"# {title}\n", 1)[1])[0]
    return re.findall(r"(?ms)^```sh\n(.*?)^```$", body)


def run(script: str, environment: dict[str, str]) -> str:
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, text=True, capture_output=True,
                          env=environment, timeout=300)
    if done.returncode != 0:
        sys.exit(f"quickstart: ended with {done.returncode}\n{done.stdout[-1500:]}{done.stderr[-1500:]}")
    return done.stdout


def main() -> None:
    program = shlex.quote(str(Path(sys.argv[1]).resolve()))
    for tool in ("bash", "curl", "jq", "openssl"):
        if shutil.which(tool) is None:
            print(f"  not run: the README's quickstart needs {tool}")
            return
    commands, (serve, walk) = section("README.md", "Two commands"), section("README.md", "Serve")
    curl = section("docs/api.md", "The journey with curl")[0]
    expect("the README has two commands", [c.split("  ")[0] for c in commands[0].splitlines()] ==
           ["cargo run -- demo", "scripts/test"])
    with tempfile.TemporaryDirectory() as name:
        environment = {**os.environ, "XDG_CONFIG_HOME": f"{name}/config", "SS_LISTEN": f"127.0.0.1:{free_port()}", "SS_DATA_DIR": f"{name}/data",
                       "SS_DISK__LOW_MB": "0", "SS_LOG": "warn"}
        demo = commands[0].splitlines()[0].replace("cargo run --", program)
        shown = run(demo, environment)
        block = (ROOT / "README.md").read_text("utf-8").split("term                estimate", 1)[1]
        row = block.splitlines()[1]
        expect("the demo prints the table that the README shows", row in shown)
        expect("serve is the last line of its block", serve.splitlines()[-1].startswith("cargo run --release -- serve"))
        served = serve.replace("cargo run --release -- serve", f"{program} serve >{name}/ready &").replace("#", "\n#", 1)
        ready = f'\nfor _ in $(seq 300); do [ -s {name}/ready ] && break; sleep 0.1; done\n'
        expect("the walks name the default address", f"=http://{ADDRESS}\n" in walk and f"=http://{ADDRESS}\n" in curl)
        walk = walk.replace("target/release/stata-service", program).replace("fetch results", f"fetch {name}/results")
        walks = f"{walk}\n{curl}".replace(ADDRESS, environment["SS_LISTEN"])
        said = run(served + ready + walks + WAIT, environment)
        expect("the commands fetch a report", any(Path(f"{name}/results").glob("**/*.docx")))
    expect("the commands print the table of the demo", re.search(r"(?m)^schooling +0\.096", said) is not None)
    expect("the analysis with curl succeeds", "ended: succeeded" in said)
    expect("and its artifacts are listed", "artifacts/plan.json" in said)


if __name__ == "__main__":
    main()
