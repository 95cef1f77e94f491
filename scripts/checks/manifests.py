#!/usr/bin/env python3
"""`deploy/external-secrets` and `deploy/velero` against their schemas.

Usage: manifests.py TOOLS [--velero]. External Secrets are validated against the schemas of their CRDs. What the design asks of
Velero's schedules is compared always; with --velero their whole schema by a small Rust program with the types of the CRDs,
which takes about a minute to compile. Ends with 1 at the first violation, with 77 where a tool cannot be had.
"""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tools import expect, npm

ROOT = Path(__file__).resolve().parents[2]
SECRETS = ROOT / "deploy" / "external-secrets"
VELERO = ROOT / "deploy" / "velero"


def resources(folder: Path) -> list[dict[str, Any]]:
    """Every resource of a folder with the file that it is in."""
    found = []
    for path in sorted(folder.rglob("*.yaml")):
        for resource in yaml.safe_load_all(path.read_text("utf-8")):
            found.append({"place": str(path.relative_to(ROOT)), "resource": resource})
    return found


def external_secrets(tools: Path) -> None:
    modules = npm(tools, "crds", "@kubernetes-models/external-secrets@2.0.0")

    def violations(given: list[dict[str, Any]]) -> str:
        done = subprocess.run(["node", str(ROOT / "scripts/checks/crds.mjs"), str(modules)], input=json.dumps(given),
                              text=True, capture_output=True)
        return (done.stdout + done.stderr).strip() if done.returncode else ""

    given = resources(SECRETS)
    said = violations(given)
    expect(f"the {len(given)} resources of External Secrets fit their CRDs {said}".rstrip(), not said)
    bad = copy.deepcopy(given[0])
    bad["resource"]["spec"]["refreshIntervall"] = bad["resource"]["spec"].pop("data")
    bad["resource"]["spec"]["refreshInterval"] = {}
    expect("a resource that does not is refused", violations([bad]))
    stores = {r["resource"]["metadata"]["name"] for r in given if r["resource"]["kind"] == "SecretStore"}
    asked = {r["resource"]["spec"]["secretStoreRef"]["name"] for r in given if r["resource"]["kind"] == "ExternalSecret"}
    expect("every secret names a store that is here", asked == stores)
    expect("there are stores of several kinds", len(list((SECRETS / "stores").glob("*.yaml"))) >= 4)


def velero_values() -> None:
    """What the schema cannot say: period, time to live, and the hook of the nightly backup."""
    schedules = {r["resource"]["metadata"]["name"]: r["resource"]["spec"] for r in resources(VELERO) if r["resource"]["kind"] == "Schedule"}
    minutes = re.fullmatch(r"\*/(\d+) \* \* \* \*", schedules["stata-service"]["schedule"])
    expect("volumes are backed up every 10 minutes, within an RPO of 15", minutes and int(minutes[1]) <= 10)
    locations = {r["resource"]["metadata"]["name"] for r in resources(VELERO) if r["resource"]["kind"] == "BackupStorageLocation"}
    for name, spec in schedules.items():
        template = spec["template"]
        expect(f"{name} takes snapshots to a location that is here",
               template["snapshotVolumes"] and template["storageLocation"] in locations)
    hook = schedules["stata-service-daily"]["template"]["hooks"]["resources"][0]["pre"][0]["exec"]
    expect("the nightly backup fails where the store's check does",
           hook["command"] == ["stata-service", "store", "check"] and hook["onError"] == "Fail")


def velero_schema(tools: Path) -> None:
    crate = ROOT / "scripts" / "checks" / "velero"
    environment = {**os.environ, "CARGO_TARGET_DIR": str(tools / "velero"), "K8S_OPENAPI_ENABLED_VERSION": "1.33"}
    files = [str(path) for path in sorted(VELERO.glob("*.yaml"))]

    def ran(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([os.environ.get("CARGO", "cargo"), "run", "-q", "--manifest-path", str(crate / "Cargo.toml"), "--",
                               *arguments], env=environment, text=True, capture_output=True)
    done = ran(*files)
    expect(f"the {len(files)} files of Velero fit the types of its CRDs {(done.stdout + done.stderr)[-800:] if done.returncode else ''}".rstrip(),
           done.returncode == 0)
    bad = tools / "velero-bad.yaml"
    bad.write_text((VELERO / "schedule.yaml").read_text("utf-8").replace("    ttl:", "    ttll:"), "utf-8")
    expect("a field that is not known is refused", ran(str(bad)).returncode != 0)


def main() -> None:
    tools = Path(sys.argv[1]).resolve()
    velero_values()
    external_secrets(tools)
    if "--velero" in sys.argv:
        velero_schema(tools)


if __name__ == "__main__":
    main()
