#!/usr/bin/env python3
"""Deploys good and bad releases with the real scripts over the real service, and takes the time.

Usage: releases.py PROGRAM
Bad ones: unsigned, signed by somebody else, changed after signing, ends at the start, never ready, fails every request.
Each must be refused or stopped by the canary, and rolled back when it is deployed all the same; what users had is
still there, and the service is back within five minutes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from support import HOST_DISK, KEY, ROOT, Client, expect, free_port

SCRIPTS, FAKES = ROOT / "scripts", ROOT / "tests" / "delivery"
BOUND_SECONDS = 300


class Host:
    """A host with releases below one folder."""

    def __init__(self, program: str, root: Path) -> None:
        self.program, self.root = program, root
        self.address = f"127.0.0.1:{free_port()}"
        (root / "releases").mkdir(parents=True)
        for name in ("ours", "theirs"):
            subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", root / name],
                           check=True, capture_output=True)
        subprocess.run(["openssl", "ec", "-in", root / "ours", "-pubout", "-out", root / "ours.pub"],
                       check=True, capture_output=True)
        (root / "environment").write_text(
            f"SS_LISTEN={self.address}\nSS_DATA_DIR={root}/data\nSS_BOOTSTRAP_ADMIN_KEY={KEY}\nSS_LOG_FORMAT=json\n"
            + "".join(f"{name}={value}\n" for name, value in HOST_DISK.items())
        )
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("SS_")} | {
            "DEPLOY_ROOT": str(root), "DEPLOY_URL": f"http://{self.address}",
            "DEPLOY_RESTART": f"{FAKES}/unit.sh restart {root}", "DEPLOY_ENVIRONMENT": f"{root}/environment",
            "DEPLOY_CANARY_PORT": str(free_port()), "DEPLOY_USER": "no-such-user",
            "DEPLOY_READY_SECONDS": "5", "DEPLOY_BACKUP_DIR": f"{root}/backup",
            "VERIFYING_KEY": f"{root}/ours.pub", "SMOKE_ADMIN_KEY": KEY,
        }

    def release(self, name: str, text: str = "", key: str | None = "ours") -> None:
        """Makes a release of the real program, or of a script in its place, and signs it."""
        folder = self.root / "releases" / name
        folder.mkdir()
        program = folder / "stata-service"
        if text:
            program.write_text(text)
            program.chmod(0o755)
        else:
            shutil.copy2(self.program, program)
        if key:
            subprocess.run([SCRIPTS / "cosign-sign.sh", "release", folder], check=True, capture_output=True,
                           env=self.environment | {"SIGNING_KEY": str(self.root / key), "RELEASE_VERSION": name})

    def script(self, name: str, *arguments: str, **given: str) -> tuple[int, str, float]:
        """Runs one of the scripts; returns exit code, output and seconds."""
        started = time.monotonic()
        ran = subprocess.run([SCRIPTS / name, "--driver", "host", *arguments], env=self.environment | given, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=BOUND_SECONDS)
        return ran.returncode, ran.stdout, time.monotonic() - started

    def current(self) -> str:
        return os.path.basename(os.readlink(self.root / "current"))

    def unit(self) -> str:
        return (self.root / "unit.pid").read_text()

    def jobs(self) -> int:
        status, answer = Client(f"http://{self.address}").call("GET", "/v1/admin/jobs", KEY)
        return len(answer["jobs"]) if status == 200 else -1

    def no_canary(self) -> bool:
        status, _ = Client(f"http://127.0.0.1:{self.environment['DEPLOY_CANARY_PORT']}").call("GET", "/health/live")
        return status == 0 and not (self.root / "canary").exists()

    def stop(self) -> None:
        subprocess.run([FAKES / "unit.sh", "stop", self.root], check=False)


def good(host: Host) -> None:
    host.release("one")
    host.release("two")
    code, said, seconds = host.script("deploy.sh", "one")
    expect(f"the first release is deployed and smoke-tested ({seconds:.1f} s)", code == 0 and "PASS journey" in said, said)
    code, said, seconds = host.script("canary.sh", "--seconds", "2", "two")
    expect(f"a good canary is good ({seconds:.1f} s)", code == 0 and "is good" in said and "PASS watch" in said, said)
    expect("the canary touched nothing and left nothing",
           host.current() == "one" and host.no_canary())
    code, said, seconds = host.script("deploy.sh", "two")
    expect(f"the next release takes over after a backup ({seconds:.1f} s)",
           code == 0 and host.current() == "two" and (host.root / "backup/repository.json").exists(), said)
    code, said, seconds = host.script("deploy.sh", "--expect-version", "9.9.9", "one")
    expect(f"a release of another version than expected is rolled back ({seconds:.1f} s)",
           code == 1 and "version" in said and host.current() == "two", said)
    code, said, _ = host.script("deploy.sh", "one", DEPLOY_RESTART="false")
    expect("a restart that fails is no deployment, though the old process still answers",
           code == 3 and host.current() == "two" and "PASS" not in said, said)
    code, said, seconds = host.script("rollback.sh")
    expect(f"an operator rolls back by hand ({seconds:.1f} s)", code == 0 and host.current() == "one", said)


def refused(host: Host) -> None:
    host.release("unsigned", key=None)
    host.release("foreign", key="theirs")
    host.release("changed")
    with (host.root / "releases/changed/stata-service").open("ab") as program:
        program.write(b"\n")
    host.release("added")
    (host.root / "releases/added/extra").write_text("")
    before = host.unit()
    for name in ("unsigned", "foreign", "changed", "added", "absent"):
        for script in ("canary.sh", "deploy.sh"):
            code, said, _ = host.script(script, name)
            expect(f"{script} refuses the release that is {name}",
                   code == 1 and "not verified" in said and host.current() == "one" and host.unit() == before, said)


def bad(host: Host) -> None:
    jobs = host.jobs()
    releases = {
        "ends": "#!/bin/sh\nexit 78\n",
        "never-ready": f"#!/bin/sh\nexport SS_ENV=production SS_DRAIN_DELAY_SECONDS=0\nexec {host.program} \"$@\"\n",
        "answers-500": (FAKES / "answers_500.py").read_text(),
    }
    for name, text in releases.items():
        host.release(name, text)
        before = host.unit()
        code, said, seconds = host.script("canary.sh", "--seconds", "2", name)
        expect(f"the canary stops a release that {name} ({seconds:.1f} s)",
               code == 1 and "FAIL" in said and host.unit() == before and host.no_canary(), said)
        code, said, seconds = host.script("deploy.sh", name)
        expect(f"deployed all the same, it is rolled back ({seconds:.1f} s, bound {BOUND_SECONDS} s)",
               code == 1 and "rolled back to one" in said and host.current() == "one", said)
        expect("and what users had is there", host.jobs() > jobs >= 0)
        jobs = host.jobs()


def main() -> None:
    program = str(Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory(prefix="ss-releases-") as folder:
        host = Host(program, Path(folder) / "opt")
        try:
            good(host)
            refused(host)
            bad(host)
        finally:
            host.stop()


if __name__ == "__main__":
    main()
