#!/usr/bin/env python3
"""docker-compose.yml, also with deploy/compose/postgres-s3.yml: checked by the schema of Compose, by its files, and by the program that reads its settings.

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
PROFILES = {"llm-simulator": "simulator"}
STORES = ROOT / "deploy/compose/postgres-s3.yml"
STORES_GIVEN = {"POSTGRES_PASSWORD": "given", "S3_ROOT_PASSWORD": "given-too"}


def command() -> list[str]:
    """The program, old or new."""
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    if shutil.which("docker") and subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0:
        return ["docker", "compose"]
    sys.exit(77)


def compose(*arguments: str, also: list[Path] = [], **given: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("SS_", "COMPOSE_"))}
    files = [word for file in (ROOT / "docker-compose.yml", *also) for word in ("-f", file)]
    return subprocess.run([*command(), "--project-directory", ROOT, *files, *arguments],
                          env=clean | given, text=True, capture_output=True)


def understood(program: str, given: dict) -> None:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("SS_")}
    shown = subprocess.run([program, "config", "show"], env=clean | {k: str(v) for k, v in given.items()},
                           text=True, capture_output=True)
    expect(f"the program understands its {len(given)} settings", shown.returncode == 0, shown.stdout + shown.stderr)


def stores(program: str) -> None:
    """The service with a database and a bucket: what starts before it, and its settings."""
    given = GIVEN | STORES_GIVEN
    resolved = compose("config", also=[STORES], **given)
    expect(f"{STORES.name} fits to it", resolved.returncode == 0, resolved.stderr)
    for name in STORES_GIVEN:
        refused = compose("config", "-q", also=[STORES], **{k: v for k, v in given.items() if k != name})
        expect(f"without {name} it refuses and says so", refused.returncode != 0 and name in refused.stderr)
    services = yaml.safe_load(resolved.stdout)["services"]
    before = services["stata-service"]["depends_on"]
    done = {name for name, how in before.items() if how["condition"] == "service_completed_successfully"}
    expect("tables and bucket are there before the service starts", done == {"migrate", "bucket"}, before)
    understood(program, services["stata-service"]["environment"])
    understood(program, services["migrate"]["environment"])
    servers(program, given)


def servers(program: str, given: dict) -> None:
    """Several servers: one takes requests, workers run jobs, with the same stores and the same key of links."""
    several = {"COMPOSE_PROFILES": "servers", "SS_SERVER__ROLE": "api", "SS_TOKENS__LINK_KEYS": "a-key-for-links-of-all-servers-0123"}
    resolved = compose("--profile", "servers", "config", also=[STORES], **given | several)
    expect("several servers fit to it", resolved.returncode == 0, resolved.stderr)
    services = yaml.safe_load(resolved.stdout)["services"]
    own = {name: services[name]["environment"] for name in ("stata-service", "worker")}
    roles = {name: settings["SS_SERVER__ROLE"] for name, settings in own.items()}
    expect("one takes requests and the others run jobs", roles == {"stata-service": "api", "worker": "worker"}, roles)
    differ = {name for name in own["worker"] if own["worker"][name] != own["stata-service"].get(name)}
    expect("they have the same stores and keys", differ == {"SS_SERVER__ROLE"}, differ)
    volumes = yaml.safe_load(STORES.read_text())["services"]["worker"]["volumes"]
    expect("each worker has its own data directory", volumes == ["/var/lib/stata-service"], volumes)
    for settings in own.values():
        understood(program, settings)


def versions(services: dict) -> None:
    for name, service in services.items():
        tag = service.get("image", ":0.0").rpartition(":")[2]
        if "build" not in service and tag != "local" and not re.search(r"\d+\.\d+|RELEASE", tag):
            sys.exit(f"{name}: the image {service['image']} has no version")
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./") and not (ROOT / source).exists():
                sys.exit(f"{name}: {source} does not exist")


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
    versions(services | yaml.safe_load(STORES.read_text())["services"])
    print("  every image has a version, every mounted file is there")

    understood(program, yaml.safe_load(resolved.stdout)["services"]["stata-service"]["environment"])
    stores(program)
    example = (ROOT / "deploy/compose/example.env").read_text()
    texts = "".join(file.read_text() for file in (ROOT / "docker-compose.yml", STORES))
    named = set(re.findall(r"\$\{(\w+)", texts)) - {"ALERTMANAGER_SECRETS", "SS_OTEL__ENDPOINT"}
    expect("the example of .env names every variable", all(f"{n}=" in example for n in named), named)


if __name__ == "__main__":
    main()
