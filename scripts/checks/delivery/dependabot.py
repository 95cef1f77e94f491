#!/usr/bin/env python3
"""Updates of dependencies: `.github/dependabot.yml` fits GitHub's schema and watches every manifest of the repository.

Usage: dependabot.py
The schema comes with check-jsonschema. Whether updates arrive is seen on GitHub; here it is proved that the file is one that
Dependabot takes, that no manifest is left out, and that no entry watches a folder without one.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from support import ROOT, expect

CONFIG = ROOT / ".github/dependabot.yml"


def takes(schema: str, *files: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *files],
                          text=True, capture_output=True)


def manifests() -> set[tuple[str, str]]:
    """Every ecosystem and folder of the tracked manifests."""
    found = set()
    for name in subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines():
        path = Path(name)
        folder = "/" if path.parent == Path(".") else f"/{path.parent}"
        # a member of a Cargo workspace has no lock file of its own
        if path.name == "Cargo.lock":
            found.add(("cargo", folder))
        elif path.name == "Dockerfile" or (path.name.startswith("Dockerfile.") and path.suffix != ".dockerignore"):
            found.add(("docker", folder))
        elif path.name in ("requirements.txt", "pyproject.toml"):
            found.add(("pip", folder))
        elif path.name == "docker-compose.yml":
            found.add(("docker-compose", folder))
        elif path.match(".github/workflows/*.yml"):
            found.add(("github-actions", "/"))
    return found


def watched(config: dict) -> set[tuple[str, str]]:
    return {(update["package-ecosystem"], folder) for update in config["updates"]
            for folder in [*update.get("directories", []), *filter(None, [update.get("directory")])]}


def refused(what: str, config: dict) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as bad:
        yaml.safe_dump(config, bad)
        bad.flush()
        expect(f"the schema refuses {what}", takes("dependabot", Path(bad.name)).returncode == 1)


def main() -> None:
    config = yaml.safe_load(CONFIG.read_text())
    ran = takes("dependabot", CONFIG)
    expect("dependabot.yml fits the schema of Dependabot", ran.returncode == 0, ran.stdout + ran.stderr)
    first = config["updates"][0]
    refused("an ecosystem that does not exist", config | {"updates": [first | {"package-ecosystem": "crates"}]})
    refused("an entry without an interval", config | {"updates": [first | {"schedule": {}}]})
    workflows = sorted((ROOT / ".github/workflows").glob("*.yml"))
    ran = takes("github-workflows", *workflows)
    expect(f"the {len(workflows)} workflows fit the schema of workflows", ran.returncode == 0, ran.stdout + ran.stderr)
    there, listed = manifests(), watched(config)
    expect(f"each of the {len(there)} manifests is watched", there <= listed, sorted(there - listed))
    expect("and every entry has one", listed <= there, sorted(listed - there))


if __name__ == "__main__":
    main()
