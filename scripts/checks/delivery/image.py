#!/usr/bin/env python3
"""The image: its context holds what the program is built from; built without an engine, run from its root file system.

Usage: image.py PROGRAM [CACHE [sources]]
Without CACHE only the build context is checked. With it the image is built by buildah around PROGRAM (a Debian base
made by debootstrap, kept in CACHE) and run as its user, on a read-only root, without capabilities, with the sandbox
enforced; the main job runs inside. With `sources` the images of service and simulator are compiled from the tracked
files instead, by the toolchain of this machine without optimization, and their programs run.
Needs root, buildah and debootstrap; exits with 77 where one is missing.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from support import HOST_DISK, KEY, ROOT, expect, free_port, until, Client

BASE, IMAGE, STATA = "localhost/stata-service-base", "localhost/stata-service-check", "localhost/stata-service-stata"
BUILDER, SIMULATOR = "localhost/stata-service-builder", "localhost/llm-simulator-check"
# The stand-in of the Rust image: the same commands of the Dockerfiles, but minutes instead of half an hour.
TOOLCHAIN = "/usr/local/rust"
QUICKLY = "".join(
    f"ENV CARGO_PROFILE_{profile}_{setting}\n" for profile in ("DIST", "RELEASE")
    for setting in ("OPT_LEVEL=0", "LTO=off", "CODEGEN_UNITS=16", "DEBUG=0")
) + f"ENV CARGO_HOME=/usr/local/cargo PATH={TOOLCHAIN}/bin:/usr/bin:/bin\n"
ISOLATION = {"BUILDAH_ISOLATION": "chroot"}
USER = "10001"
# Where buildah keeps its images: set by main, so that those of the machine are left alone.
STORAGE: list[str] = []


def context() -> None:
    """Every file that the sources embed passes .dockerignore."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = tuple(line[1:] for line in lines if line.startswith("!"))
    embedded = set()
    for source in [*ROOT.glob("src/**/*.rs"), *ROOT.glob("crates/*/src/**/*.rs"), *ROOT.glob("tests/llm-simulator/src/**/*.rs")]:
        # an image is built without the unit tests, which embed fixtures
        if source.stem == "tests" or source.stem.endswith("_tests"):
            continue
        for name in re.findall(r'include_(?:str|bytes)!\(\s*"([^"]+)"', source.read_text()):
            embedded.add(os.path.relpath((source.parent / name).resolve(), ROOT))
    left_out = sorted(p for p in embedded if not any(p == a or p.startswith(a + "/") for a in let_in))
    expect(f"the build context has all {len(embedded)} files that the sources embed", embedded and not left_out, left_out)


def buildah(*arguments: object, **settings: str) -> str:
    ran = subprocess.run(["buildah", *STORAGE, *map(str, arguments)], env=os.environ | ISOLATION | settings, text=True,
                         capture_output=True)
    if ran.returncode != 0:
        sys.exit(f"buildah {' '.join(map(str, arguments))}: {ran.stdout[-2000:]}{ran.stderr[-3000:]}")
    return ran.stdout.strip()


def base(cache: Path, image: str = BASE, packages: str = "", settings: str = "") -> None:
    """A Debian base in place of the registry's, with more packages (separated by commas) and lines of a Dockerfile."""
    archive = cache / f"bookworm{packages and '-' + packages.replace(',', '-')}.tar"
    if not archive.exists():
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            more = [f"--include={packages}"] if packages else []
            subprocess.run(["debootstrap", "--variant=minbase", *more, "bookworm", folder], check=True, stdout=subprocess.DEVNULL)
            for waste in ("var/cache/apt/archives", "usr/share/doc", "usr/share/man", "usr/share/locale"):
                shutil.rmtree(Path(folder) / waste, ignore_errors=True)
            partial = archive.with_suffix(".partial")
            subprocess.run(["tar", "-C", folder, "-cf", partial, "."], check=True)
            partial.rename(archive)
    with tempfile.TemporaryDirectory() as folder:
        os.link(archive, Path(folder) / "root.tar") if os.stat(folder).st_dev == os.stat(archive).st_dev \
            else shutil.copy(archive, Path(folder) / "root.tar")
        # this machine may reach the registry through a proxy with a certificate that only it knows
        shutil.copy2("/etc/ssl/certs/ca-certificates.crt", folder)
        (Path(folder) / "Dockerfile").write_text(
            f"FROM scratch\nADD root.tar /\nCOPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt\n{settings}")
        buildah("bud", "-q", "-t", image, folder)


def build(program: Path) -> dict:
    """Builds the image around the program; returns its configuration."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy2(program, Path(folder) / "stata-service")
        shutil.copy2("/etc/ssl/certs/ca-certificates.crt", folder)
        buildah("bud", "-q", "--format", "docker", "--pull-never", "--build-arg", f"BASE_IMAGE={BASE}", "--build-arg",
                f"BUILD_IMAGE={BASE}", "--build-arg", "PROGRAM=prebuilt", "-t", IMAGE, "-f", ROOT / "Dockerfile", folder)
    config = json.loads(buildah("inspect", "--type", "image", IMAGE))["Docker"]["config"]
    expect("the image has a user that is not root, a health check by the program, and one volume",
           config["User"] == f"{USER}:{USER}" and config["Healthcheck"]["Test"][1:] == ["/usr/bin/stata-service", "health"]
           and list(config["Volumes"]) == ["/var/lib/stata-service"], config)
    return config


class Container:
    """The image's root file system, mounted read-only, with a data volume and a fresh /tmp and /proc."""

    def __init__(self, image: str, folder: Path) -> None:
        self.name = buildah("from", "--pull-never", image)
        self.root = buildah("mount", self.name)
        self.data = folder / "data"
        self.data.mkdir(mode=0o700)
        os.chown(self.data, int(USER), int(USER))

    def command(self, *words: str, **settings: str) -> list[str]:
        script = (
            'set -e; r=$1; d=$2; shift 2; mount --make-rprivate /; mount --bind "$r" "$r"; mount --rbind /dev "$r/dev"; '
            'mount -t proc proc "$r/proc"; mount -t sysfs -o ro sysfs "$r/sys"; mount -t tmpfs tmpfs "$r/tmp"; '
            '[ ! -d "$r/var/lib/stata-service" ] || mount --bind "$d" "$r/var/lib/stata-service"; mount -o remount,ro,bind "$r"; exec "$@"'
        )
        given = [f"{k}={v}" for k, v in settings.items()]
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script, "sh", self.root, str(self.data),
                "chroot", self.root, "env", "-i", "PATH=/usr/bin:/bin", *given, "setpriv", "--reuid", USER, "--regid", USER,
                "--clear-groups", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", *words]

    def run(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(*words, **settings), text=True, capture_output=True, timeout=60)

    def remove(self) -> None:
        buildah("rm", self.name)


def serves(container: Container, environment: dict[str, str]) -> None:
    """The main job inside the container; the health check; an end in order."""
    address = f"127.0.0.1:{free_port()}"
    settings = environment | {"SS_LISTEN": address, "SS_BOOTSTRAP_ADMIN_KEY": KEY, "SS_RUN__SANDBOX": "enforce"} | HOST_DISK
    log = (container.data.parent / "log").open("w")
    process = subprocess.Popen(container.command("/usr/bin/stata-service", "serve", **settings), stdout=log, stderr=log)
    try:
        until("the container answers", lambda: Client(f"http://{address}").call("GET", "/health/live")[0] == 200)
        smoke = subprocess.run([ROOT / "scripts/smoke.sh", "--url", f"http://{address}"], text=True, capture_output=True,
                               env=os.environ | {"SMOKE_ADMIN_KEY": KEY})
        expect(f"the main job runs inside, the sandbox enforced\n{smoke.stdout.strip()}",
               smoke.returncode == 0 and "PASS journey" in smoke.stdout, smoke.stdout)
        found = [p for p in Path("/proc").glob("[0-9]*") if serving(p, address)]
        status = (found[0] / "status").read_text()
        expect(f"as user {USER}, without capabilities",
               re.search(rf"Uid:\t{USER}\t{USER}", status) and re.search(r"CapEff:\t0+\n", status), status)
        asked = container.run("/usr/bin/stata-service", "health", **settings)
        expect("its health check says ready", asked.returncode == 0 and '"status"' in asked.stdout, asked.stderr)
        os.kill(int(found[0].name), 15)
        expect("SIGTERM ends it in order", process.wait(60) == 0, (container.data.parent / "log").read_text()[-2000:])
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    gone = container.run("/usr/bin/stata-service", "health", **settings)
    expect("the health check of a stopped service fails", gone.returncode != 0)


def serving(process: Path, address: str) -> bool:
    """Whether this is the program that listens at the address."""
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
        return words[:2] == [b"/usr/bin/stata-service", b"serve"] and address.encode() in (process / "environ").read_bytes()
    except OSError:
        return False


def confined(container: Container) -> None:
    for path in ("/x", "/usr/bin/x", "/etc/x", "/var/x"):
        tried = container.run("touch", path)
        expect(f"nothing can be written to {path}", tried.returncode != 0 and "Read-only" in tried.stderr, tried.stderr)
    expect("the data volume can be written", container.run("touch", "/var/lib/stata-service/x").returncode == 0)
    (container.data / "x").unlink()


def derived(folder: Path) -> None:
    """The example of an image with Stata takes a folder and stays confined. Its program here is no Stata."""
    stata = folder / "stata"
    stata.mkdir()
    (stata / "stata-mp").write_text("#!/bin/sh\necho no Stata\n")
    (stata / "stata-mp").chmod(0o755)
    buildah("bud", "-q", "--pull-never", "--format", "docker", "--build-arg", f"SERVICE={IMAGE}", "-t", STATA, "-f",
            ROOT / "deploy/image/Dockerfile.stata", stata)
    config = json.loads(buildah("inspect", "--type", "image", STATA))["Docker"]["config"]
    expect("the derived image has Stata's command, the same user and the same health check",
           "SS_STATA_CMD=/usr/local/stata/stata-mp" in config["Env"] and config["User"] == f"{USER}:{USER}"
           and "Healthcheck" in config, config)


def tracked(folder: Path) -> Path:
    """The tracked files as a build context: what is not committed cannot be missed by chance."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        to = folder / name
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, to, follow_symlinks=False)
    return folder


def compiled(cache: Path, folder: Path) -> None:
    """Both images from their sources, by every command of their Dockerfiles."""
    base(cache, BUILDER, "ca-certificates,gcc,libc6-dev", QUICKLY)
    sysroot = subprocess.run(["rustc", "--print", "sysroot"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
    sources, scratch = tracked(folder / "sources"), folder / "tmp"
    scratch.mkdir()
    images = [(SIMULATOR, "tests/llm-simulator/Dockerfile"), (IMAGE, "Dockerfile")]
    for image, dockerfile in images:
        started = time.monotonic()
        # caches of the build go with the folder; this builder leaves a stage out that only the default of an argument names
        buildah("bud", "-q", "--build-arg", "PROGRAM=built", "--format", "docker", "--pull-never", "--volume", f"{sysroot}:{TOOLCHAIN}:ro", "--build-arg",
                f"BASE_IMAGE={BASE}", "--build-arg", f"BUILD_IMAGE={BUILDER}", "-t", image, "-f", sources / dockerfile, sources,
                TMPDIR=str(scratch))
        print(f"  {dockerfile} is built from its sources in {time.monotonic() - started:.0f} s", flush=True)
    version = re.search(r'^version = "(.+)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE).group(1)
    for image, words, wanted in ((IMAGE, ("/usr/bin/stata-service", "version"), version),
                                 (SIMULATOR, ("/usr/local/bin/llm-simulator", "--help"), "--listen")):
        container = Container(image, Path(tempfile.mkdtemp(dir=folder)))
        try:
            ran = container.run(*words)
            expect(f"its program runs inside: {words[0]}", ran.returncode == 0 and wanted in ran.stdout, ran.stdout + ran.stderr)
        finally:
            container.remove()


def main() -> None:
    context()
    if len(sys.argv) < 3:
        return
    missing = [tool for tool in ("buildah", "debootstrap", "unshare", "setpriv") if shutil.which(tool) is None]
    if missing or os.geteuid() != 0:
        print(f"  the image is not built: {', '.join(missing) or 'needs root'}")
        sys.exit(77)
    program, cache = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    cache.mkdir(parents=True, exist_ok=True)
    # layers of this storage are whole copies, so it is gone at the end
    with tempfile.TemporaryDirectory(prefix="ss-storage-") as storage:
        STORAGE[:] = ["--storage-driver", "vfs", "--root", f"{storage}/root", "--runroot", f"{storage}/run"]
        base(cache)
        if sys.argv[3:] == ["sources"]:
            compiled(cache, Path(storage))
        else:
            walk(program)


def walk(program: Path) -> None:
    """Builds both images and runs the first one."""
    config = build(program)
    environment = dict(entry.split("=", 1) for entry in config["Env"] if entry.startswith("SS_"))
    with tempfile.TemporaryDirectory(prefix="ss-image-") as name:
        container = Container(IMAGE, Path(name))
        try:
            confined(container)
            serves(container, environment)
        finally:
            container.remove()
        derived(Path(name))


if __name__ == "__main__":
    main()
