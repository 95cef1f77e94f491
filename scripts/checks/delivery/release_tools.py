#!/usr/bin/env python3
"""The small scripts of a release: signatures, refusals, notes made from commits, gates, scans with planted findings.

Usage: release_tools.py
Plays cosign by tests/delivery/cosign where keyless signing is meant, which needs an identity that only a workflow has.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

from support import ROOT, expect

SCRIPTS = ROOT / "scripts"
CLEAN = {k: v for k, v in os.environ.items() if not k.startswith(("SIGN", "VERIFY"))}


def run(script: str, *arguments: object, where: Path = ROOT, **given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SCRIPTS / script, *map(str, arguments)], cwd=where, env=CLEAN | given, text=True,
                          capture_output=True)


def keys(folder: Path) -> dict[str, str]:
    key, public = folder / "key", folder / "public"
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key], check=True,
                   capture_output=True)
    subprocess.run(["openssl", "ec", "-in", key, "-pubout", "-out", public], check=True, capture_output=True)
    return {"SIGNING_KEY": str(key), "VERIFYING_KEY": str(public)}


def signatures(folder: Path) -> None:
    given, release = keys(folder), folder / "release"
    release.mkdir()
    (release / "stata-service").write_bytes(b"program")
    (release / "sbom.cdx.json").write_text("{}")
    made = run("cosign-sign.sh", "release", release, RELEASE_VERSION="1.2.3", RELEASE_COMMIT="abc", **given)
    document = json.loads((release / "release.json").read_text())
    expect("release.json says version, commit and every file",
           made.returncode == 0 and document["version"] == "1.2.3" and document["commit"] == "abc"
           and [f["name"] for f in document["files"]] == ["sbom.cdx.json", "stata-service"], made.stderr)
    expect("the signature is verified", run("cosign-verify.sh", "release", release, **given).returncode == 0)
    unnamed = run("cosign-verify.sh", "release", release)
    expect("without a word on who may sign, nothing is verified", unnamed.returncode == 1, unnamed.stderr)
    document["version"] = "9.9.9"
    (release / "release.json").write_text(json.dumps(document))
    changed = run("cosign-verify.sh", "release", release, **given)
    expect("a changed release.json is refused", changed.returncode == 1 and "not by this key" in changed.stderr)


def published(folder: Path) -> None:
    """Builds of two architectures become signed archives and one release with notes."""
    given, builds, out = keys(folder), folder / "builds", folder / "dist"
    for arch in ("amd64", "arm64"):
        build = builds / f"build-{arch}"
        build.mkdir(parents=True)
        (build / "stata-service").write_text(arch)
        (build / "sbom.cdx.json").write_text("{}")
    made = run("release-publish.sh", "hosts", builds, out, **given)
    archives = sorted(out.glob("*.tar.gz"))
    expect("each architecture gives one archive", made.returncode == 0 and len(archives) == 2, made.stderr)
    for archive in archives:
        subprocess.run(["tar", "-C", folder, "-xzf", archive], check=True)
        unpacked = folder / archive.name.removesuffix(".tar.gz")
        document = json.loads((unpacked / "release.json").read_text())
        expect(f"{archive.name} unpacks to a release that is verified and has program, licence, unit with its drop-in and bill of materials",
               run("cosign-verify.sh", "release", unpacked, **given).returncode == 0
               and {f["name"] for f in document["files"]} ==
               {"LICENSE", "memory-limit.conf", "sbom.cdx.json", "stata-service", "stata-service.service"}, document)
    version, record = document["version"], folder / "gh"
    given |= {"PATH": f"{ROOT}/tests/delivery:{os.environ['PATH']}", "GH_RECORD": str(record)}
    refused = run("release-publish.sh", "release", "v99.0.0", out, **given)
    expect("a tag that is not the program's version is refused", refused.returncode == 1 and not record.exists())
    done = run("release-publish.sh", "release", f"v{version}", out, **given)
    called = record.read_text()
    expect("the release has notes, archives and their lists", done.returncode == 0 and (out / "NOTES.md").stat().st_size > 100
           and called.count(".tar.gz") == 2 and called.count(".release.json") == 2, done.stderr)


def keyless(folder: Path) -> None:
    """What the scripts ask of cosign: the arguments decide, so they are recorded."""
    record, fakes = folder / "calls", ROOT / "tests/delivery"
    given = {"PATH": f"{fakes}:{os.environ['PATH']}", "COSIGN_RECORD": str(record),
             "SIGNER_IDENTITY": "https://github.com/o/r/.github/workflows/release.yml@refs/tags/v.*"}
    release = folder / "keyless"
    release.mkdir()
    (release / "stata-service").write_bytes(b"program")
    image = "ghcr.io/o/stata-service@sha256:" + "0" * 64
    expect("a release is signed keyless", run("cosign-sign.sh", "release", release, **given).returncode == 0)
    expect("and verified", run("cosign-verify.sh", "release", release, **given).returncode == 0)
    expect("an image is signed and verified", run("cosign-sign.sh", "image", image, **given).returncode == 0
           and run("cosign-verify.sh", "image", image, **given).returncode == 0)
    calls = record.read_text().splitlines()
    identity = f"--certificate-identity-regexp {given['SIGNER_IDENTITY']} --certificate-oidc-issuer https://token.actions"
    expect("cosign is asked for the workflow's identity and the issuer, for releases and images",
           [c.split()[0] for c in calls] == ["sign-blob", "verify-blob", "sign", "verify"]
           and all(identity in c for c in calls if c.startswith("verify")), calls)
    refused = run("cosign-verify.sh", "image", image, COSIGN_ANSWER="1", **given)
    expect("an image that cosign does not verify is refused", refused.returncode == 1)
    for script, code in (("cosign-sign.sh", 2), ("cosign-verify.sh", 1)):
        expect(f"{script} refuses an image without a digest",
               run(script, "image", "ghcr.io/o/stata-service:1.0", **given).returncode == code)


def changelog(folder: Path) -> None:
    repository = folder / "repository"
    repository.mkdir()

    def git(*arguments: str) -> None:
        subprocess.run(["git", "-c", "user.name=n", "-c", "user.email=e@example.org", *arguments], cwd=repository,
                       check=True, capture_output=True)

    git("init", "-q")
    (repository / "CHANGELOG.md").write_text(
        "# Changelog\n\n## Unreleased\n\n- A new thing.\n\n## 1.0.0\n\n- The first.\n")
    git("add", "-A")
    for subject, tag in (("store: first", "v1.0.0"), ("http: answer sooner", ""), ("no room here", ""),
                         ("http: say why", "v1.1.0")):
        git("commit", "-q", "--allow-empty", "-m", subject)
        if tag:
            git("tag", tag)
    notes = run("generate-changelog.sh", "v1.1.0", where=repository)
    expected = ["# 1.1.0", "- A new thing.", "## Commits since v1.0.0", "### http", "- say why (", "- answer sooner (",
                "### other", "- no room here ("]
    places = [notes.stdout.find(text) for text in expected]
    expect("notes have the section of the changelog, then the commits since the tag before, by room",
           notes.returncode == 0 and places == sorted(places) and places[0] == 0 and "store" not in notes.stdout
           and "The first" not in notes.stdout, notes.stdout + notes.stderr)
    older = run("generate-changelog.sh", "1.0.0", "", "v1.0.0", where=repository)
    expect("a release that has its section gets that", "- The first." in older.stdout and "A new" not in older.stdout,
           older.stdout + older.stderr)
    empty = run("generate-changelog.sh", "1.1.0", "v1.1.0", where=repository)
    expect("a release without commits is refused", empty.returncode == 1 and "no commit" in empty.stderr)


def coverage(folder: Path) -> None:
    rooms = ["src/domain/job.rs", "src/adapters/store/a.rs", "src/worker/a.rs", "src/domain/verdict/a.rs",
             "src/domain/gate.rs", "src/http/a.rs"]

    def gate(covered: dict[str, int], left_out: str = "") -> subprocess.CompletedProcess[str]:
        files = [{"filename": f"{ROOT}/{room}", "summary": {"lines": {"count": 100, "covered": covered.get(room, 90)}}}
                 for room in rooms if room != left_out]
        report = folder / "report.json"
        report.write_text(json.dumps({"data": [{"files": files}]}))
        return subprocess.run(["python3", SCRIPTS / "checks/coverage_gate.py", report], text=True, capture_output=True)

    expect("the gate of coverage lets 90 % pass", gate({}).returncode == 0, gate({}).stdout)
    for room, bad in (("worker", {"src/worker/a.rs": 79}), ("overall", dict.fromkeys(rooms, 69))):
        ran = gate(bad)
        expect(f"and stops a {room} below its bound", ran.returncode == 1
               and any(line.startswith(room) and "BELOW" in line for line in ran.stdout.splitlines()), ran.stdout)
    expect("and a room that is not there any more", gate({}, "src/worker/a.rs").returncode == 1)


def planted(folder: Path) -> None:
    """A secret in a file, and a workflow with known weaknesses, are found."""
    leaky = folder / "settings.py"
    for text, code in (("region = 'eu-central-1'\n", 0), (f"aws_key = '{'AKIA' + 'Z7VQ4XKD2M9TRW3B'}'\n", 1)):
        leaky.write_text(text)
        ran = run("security-scan.sh", "secrets", leaky)
        expect(f"the scan of secrets {'lets a setting pass' if code == 0 else 'stops a key'}",
               ran.returncode == code and ("AWS" in ran.stdout) == (code == 1), ran.stdout + ran.stderr)
    bad = folder / "bad.yml"
    bad.write_text("name: bad\non: pull_request_target\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    needs: b\n    steps:\n"
                   "      - uses: actions/checkout@v4\n      - run: echo ${{ github.event.pull_request.title }}\n")
    ran = run("security-scan.sh", "workflows", bad)
    expect("the scan stops a workflow with a job that is missing and text of strangers in a script",
           ran.returncode == 1 and '"b"' in ran.stderr and "github.event.pull_request.title" in ran.stderr, ran.stderr)
    half, digest = folder / "half.yml", "0123456789" * 4
    for uses, what in (("actions/checkout@v4", "whose action is pinned by a tag"),
                       (f"actions/checkout@{digest}", "whose digest has no tag"),
                       (f"actions/checkout@{digest[1:]} # v4.0.0", "whose digest is cut off"),
                       (f"actions/checkout@{digest} # v4.0.0\n      - uses: actions/checkout@{digest[::-1]} # v4.0.0",
                        "with two digests of one action")):
        half.write_text("name: half\non: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n"
                        f"      - uses: {uses}\n")
        ran = run("security-scan.sh", "workflows", half)
        expect(f"and one {what}", ran.returncode == 1 and "pinned" in ran.stderr, ran.stdout + ran.stderr)
    ran = run("security-scan.sh", "workflows")
    expect(f"the workflows of the repository have no findings: {ran.stdout.splitlines()[0]}", ran.returncode == 0,
           ran.stdout + ran.stderr)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ss-tools-") as name:
        for part in (signatures, published, keyless, changelog, coverage, planted):
            part(Path(name))


if __name__ == "__main__":
    main()
