#!/usr/bin/env python3
"""Writes the software bill of materials of the program as CycloneDX 1.6 JSON, out of `cargo metadata`.

    scripts/checks/sbom.py OUT.json

Holds what is linked into the release program: dependencies for tests and benchmarks are left out.
"""

import datetime
import json
import os
import subprocess
import sys
import uuid


def metadata() -> dict:
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", "x86_64-unknown-linux-gnu"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def linked(meta: dict) -> dict[str, list[str]]:
    """Ids of the packages that are reached from the program by normal dependencies, with what each needs."""
    nodes = {node["id"]: node for node in meta["resolve"]["nodes"]}
    waiting, found = [meta["resolve"]["root"]], {}
    while waiting:
        package = waiting.pop()
        if package in found:
            continue
        needs = [
            dep["pkg"]
            for dep in nodes[package]["deps"]
            if any(kind["kind"] in (None, "build") for kind in dep["dep_kinds"])
        ]
        found[package] = needs
        waiting.extend(needs)
    return found


def licence(expression: str | None) -> list[dict]:
    if not expression:
        return []
    return [{"expression": expression.replace(" / ", " OR ").replace("/", " OR ")}]


def component(package: dict, hashes: dict[tuple[str, str], str]) -> dict:
    name, version = package["name"], package["version"]
    purl = f"pkg:cargo/{name}@{version}"
    out = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    if package.get("description"):
        out["description"] = " ".join(package["description"].split())
    if licence(package.get("license")):
        out["licenses"] = licence(package["license"])
    if (name, version) in hashes:
        out["hashes"] = [{"alg": "SHA-256", "content": hashes[name, version]}]
    if package.get("repository"):
        out["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return out


def checksums() -> dict[tuple[str, str], str]:
    """SHA-256 of each crate as the lock file pins it."""
    out, entry = {}, {}
    with open("Cargo.lock", encoding="utf-8") as lock:
        for line in [*lock, "[[package]]"]:
            if line.startswith("[[package]]"):
                if "checksum" in entry:
                    out[entry["name"], entry["version"]] = entry["checksum"]
                entry = {}
            elif " = \"" in line:
                key, value = line.strip().split(" = ", 1)
                entry[key] = value.strip('"')
    return out


def main() -> None:
    meta = metadata()
    packages = {package["id"]: package for package in meta["packages"]}
    needs, hashes = linked(meta), checksums()
    components = {package: component(packages[package], hashes) for package in needs}
    root = meta["resolve"]["root"]
    program = {**components.pop(root), "type": "application"}
    refs = {package: component_["bom-ref"] for package, component_ in components.items()} | {root: program["bom-ref"]}
    # reproducible where the build states its time
    stated = os.environ.get("SOURCE_DATE_EPOCH")
    moment = datetime.datetime.fromtimestamp(int(stated) if stated else 0, datetime.timezone.utc)
    content = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"timestamp": moment.strftime("%Y-%m-%dT%H:%M:%SZ"), "component": program},
        "components": sorted(components.values(), key=lambda c: c["bom-ref"]),
        "dependencies": sorted(
            ({"ref": refs[p], "dependsOn": sorted(refs[n] for n in set(needs[p]))} for p in needs),
            key=lambda d: d["ref"],
        ),
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(content, sort_keys=True))
    content["serialNumber"] = f"urn:uuid:{serial}"
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        json.dump(content, out, indent=1)
        out.write("\n")
    print(f"{len(components)} components in {sys.argv[1]}")


if __name__ == "__main__":
    main()
