#!/usr/bin/env python3
"""Opens capsules as other tools do: rocrate reads them, rocrate-validator checks RO-Crate 1.1 and Process Run Crate.

Usage: capsule.py FOLDER   (FOLDER holds capsules that the tests of the service wrote, see tests/it/runs/capsule.rs)
Needs rocrate and roc-validator; installs nothing. Exits with 1 and the reason when something is wrong.
"""

import importlib.resources
import pathlib
import sys
import tempfile
import zipfile

import requests
from rocrate.rocrate import ROCrate
from rocrate_validator import models, services
from rocrate_validator.utils.http import HttpRequester

PROFILE = "process-run-crate-0.5"
CONTEXT = "https://w3id.org/ro/crate/1.1/context"


def offline() -> None:
    """Serves the context from the copy that rocrate carries (of 1.3, which keeps the terms of 1.1): no network."""
    text = importlib.resources.files("rocrate").joinpath("data/ro-crate.jsonld").read_text(encoding="utf-8")
    answer = requests.Response()
    answer.status_code, answer.headers["Content-Type"] = 200, "application/ld+json"
    answer._content, answer.encoding = text.encode(), "utf-8"

    def get(_self: HttpRequester, url: str, **_options: object) -> requests.Response:
        if url != CONTEXT:
            raise requests.ConnectionError(f"{url} is not asked for here")
        return answer

    HttpRequester.get = get


def opened(folder: pathlib.Path) -> None:
    """What a reader of crates finds."""
    crate = ROCrate(folder)
    files = {e.id for e in crate.data_entities}
    if crate.mainEntity.id != "main.do" or "README.md" not in files:
        sys.exit(f"{folder}: main entity {crate.mainEntity}, files {sorted(files)}")
    action = crate.get("#run")
    engine, results = action["instrument"], action["result"]
    if engine.type != "SoftwareApplication" or not engine["softwareVersion"]:
        sys.exit(f"the instrument is {engine.properties()}")
    if not any(str(r.id).endswith(".csv") for r in results) or not action["endTime"] > action["startTime"]:
        sys.exit(f"the run is {action.properties()}")


def validated(path: pathlib.Path) -> None:
    """Every required check of the profile and of RO-Crate itself."""
    settings = services.ValidationSettings(
        rocrate_uri=str(path),
        profile_identifier=PROFILE,
        requirement_severity=models.Severity.REQUIRED,
        offline=True,
    )
    result = services.validate(settings)
    if result.has_issues():
        sys.exit("\n".join(f"{path.name}: {i.check.identifier}: {i.message}" for i in result.get_issues()))


def main() -> None:
    """Looks at every capsule of the folder."""
    capsules = sorted(pathlib.Path(sys.argv[1]).glob("*.zip"))
    if not capsules:
        sys.exit(f"no capsule in {sys.argv[1]}: run the tests first")
    offline()
    for path in capsules:
        with tempfile.TemporaryDirectory() as folder:
            zipfile.ZipFile(path).extractall(folder)
            opened(pathlib.Path(folder))
            validated(pathlib.Path(folder))
    print(f"{len(capsules)} capsules opened and validated ({PROFILE})")


if __name__ == "__main__":
    main()
