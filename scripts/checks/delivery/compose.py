#!/usr/bin/env python3
"""docker-compose.yml: checked by the schema of Compose, by its files, and by the program that reads its settings.

Usage: compose.py PROGRAM
Asks `docker-compose`, or `docker compose`; exits with 77 where neither can be had.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from support import KEY, ROOT, expect

GIVEN = {"SS_BOOTSTRAP_ADMIN_KEY": KEY, "GRAFANA_ADMIN_PASSWORD": "given"}
ALWAYS = {"stata-service", "prometheus", "alertmanager", "grafana", "loki", "collector"}
PROFILES = {"llm-simulator": "simulator", "postgres": "coming-backend", "s3": "coming-backend"}


def command() -> list[str]:
    """The program, old or new."""
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    if shutil.which("docker") and subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0:
        return ["docker", "compose"]
    sys.exit(77)


def compose(*arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("SS_", "COMPOSE_"))}
    return subprocess.run([*command(), "--project-directory", ROOT, "-f", ROOT / "docker-compose.yml", *arguments],
                          env=clean | given, text=True, capture_output=True)


def main() -> None:
    program = str(Path(sys.argv[1]).resolve())
    resolved = compose("config", **GIVEN)
    expect(f"{' '.join(command())} takes the file", resolved.returncode == 0, resolved.stderr)
    for name in GIVEN:
        refused = compose("config", "-q", **{k: v for k, v in GIVEN.items() if k != name})
        expect(f"without {name} it refuses and says so", refused.returncode != 0 and name in refused.stderr)

    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    always = {name for name, service in services.items() if "profiles" not in service}
    expect(f"{len(always)} services come up by themselves", always == ALWAYS, always)
    for name, profile in PROFILES.items():
        expect(f"{name} belongs to the profile {profile}", services[name]["profiles"] == [profile])
    for name, service in services.items():
        tag = service["image"].rpartition(":")[2]
        if "build" not in service and not re.search(r"\d+\.\d+|RELEASE", tag):
            sys.exit(f"{name}: the image {service['image']} has no version")
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./") and not (ROOT / source).exists():
                sys.exit(f"{name}: {source} does not exist")
    print("  every image has a version, every mounted file is there")

    given = yaml.safe_load(resolved.stdout)["services"]["stata-service"]["environment"]
    clean = {k: v for k, v in os.environ.items() if not k.startswith("SS_")}
    shown = subprocess.run([program, "config", "show"], env=clean | {k: str(v) for k, v in given.items()},
                           text=True, capture_output=True)
    expect(f"the program understands its {len(given)} settings", shown.returncode == 0, shown.stdout + shown.stderr)
    example = (ROOT / "deploy/compose/example.env").read_text()
    named = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text())) - {"ALERTMANAGER_SECRETS", "SS_OTEL__ENDPOINT"}
    expect("the example of .env names every variable", all(f"{n}=" in example for n in named), named)


if __name__ == "__main__":
    main()
