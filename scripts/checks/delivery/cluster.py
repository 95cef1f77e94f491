#!/usr/bin/env python3
"""The Helm driver of the release scripts, against a cluster that is played by processes (tests/delivery/cluster).

Usage: cluster.py PROGRAM
Deploys by digest, judges a canary, backs up, rolls back a release that never gets ready. A real API server cannot be had
here; chart, service, scripts and signatures' refusals are real.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from support import KEY, ROOT, Client, expect, free_port

REPOSITORY = "ghcr.io/example/stata-service"


class Cluster:
    """A folder with images, and the environment that the scripts get."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.program, self.folder = program, folder
        self.ports = {name: free_port() for name in ("stata-service", "stata-service-canary")}
        for name, port in self.ports.items():
            (folder / f"{name}.port").write_text(str(port))
        fakes = ROOT / "tests/delivery"
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("SS_", "DEPLOY_", "SIGN", "VERIFY"))}
        self.environment = clean | {
            "PATH": f"{fakes}/cluster:{fakes}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "CLUSTER": str(folder), "CLUSTER_KEY": KEY, "COSIGN_RECORD": str(folder / "cosign"),
            "SIGNER_IDENTITY": "https://github.com/example/.*", "SMOKE_ADMIN_KEY": KEY,
            "DEPLOY_URL": self.url("stata-service"), "DEPLOY_CANARY_URL": self.url("stata-service-canary"),
            "DEPLOY_READY_SECONDS": "3", "DEPLOY_ROLLOUT_TIMEOUT": "4s", "DEPLOY_BACKUP_DIR": str(folder / "backup"),
        }

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def image(self, name: str, text: str = "") -> str:
        digest = hashlib.sha256(name.encode()).hexdigest()
        folder = self.folder / "images" / digest
        folder.mkdir(parents=True)
        if text:
            (folder / "stata-service").write_text(text)
            (folder / "stata-service").chmod(0o755)
        else:
            (folder / "stata-service").symlink_to(self.program)
        return f"{REPOSITORY}@sha256:{digest}"

    def script(self, name: str, *arguments: str, **given: str) -> tuple[int, str]:
        ran = subprocess.run([ROOT / "scripts" / name, "--driver", "helm", *arguments], text=True, timeout=120,
                             env=self.environment | given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return ran.returncode, ran.stdout

    def current(self) -> str:
        ran = subprocess.run(["bash", "-c", "source scripts/release/common.sh; load_driver helm; driver_current"],
                             cwd=ROOT, env=self.environment, text=True, capture_output=True)
        return ran.stdout.strip()

    def stop(self) -> None:
        for name in self.ports:
            subprocess.run(["helm", "uninstall", name], env=self.environment, check=False)


def walk(cluster: Cluster) -> None:
    one, two = cluster.image("one"), cluster.image("two")
    stuck = cluster.image("stuck", f"#!/bin/sh\nexport SS_ENV=production SS_DRAIN_DELAY_SECONDS=0\nexec {cluster.program} \"$@\"\n")
    code, said = cluster.script("deploy.sh", one)
    expect("an image is deployed by its digest", code == 0 and cluster.current() == one, said)
    code, said = cluster.script("canary.sh", "--seconds", "1", two, DEPLOY_VALUES=str(ROOT / "deploy/helm/ci/production.yaml"))
    gone = Client(cluster.url("stata-service-canary")).call("GET", "/health/live")[0] == 0
    expect("a canary release of the chart is judged and removed", code == 0 and "is good" in said and gone, said)
    code, said = cluster.script("deploy.sh", two)
    expect("the next one takes over after a backup inside the pod",
           code == 0 and cluster.current() == two and (cluster.folder / "backup/repository.json").exists(), said)
    code, said = cluster.script("canary.sh", "--seconds", "1", stuck)
    expect("the canary stops an image that never gets ready", code == 1 and cluster.current() == two, said)
    code, said = cluster.script("deploy.sh", stuck)
    expect("deployed all the same, it is rolled back", code == 1 and f"rolled back to {two}" in said
           and cluster.current() == two, said)
    code, said = cluster.script("rollback.sh", "--to", one)
    expect("an operator returns to a named image", code == 0 and cluster.current() == one, said)
    code, said = cluster.script("deploy.sh", two, COSIGN_ANSWER="1")
    expect("an image without our signature is refused", code == 1 and "nothing was changed" in said
           and cluster.current() == one, said)
    code, said = cluster.script("deploy.sh", f"{REPOSITORY}:latest")
    expect("and so is one without a digest", code == 1 and "digest" in said and cluster.current() == one, said)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ss-cluster-") as folder:
        cluster = Cluster(Path(sys.argv[1]).resolve(), Path(folder))
        try:
            walk(cluster)
        finally:
            cluster.stop()


if __name__ == "__main__":
    main()
