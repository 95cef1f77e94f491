"""What the checks share: promises that end a check, requests, and programs of the distribution's packages, unpacked into
a folder: nothing is installed."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# The exit code of a check whose tool cannot be had here.
NOT_HERE = 77
# The name of the check that runs: "restore drill".
CHECK = Path(sys.argv[0]).stem.replace("_", " ")


def expect(promise: str, holds: object, evidence: object = "") -> None:
    """Prints a promise that holds and ends the check at one that does not."""
    if not holds:
        sys.exit(f"{CHECK}: not so: {promise}\n{evidence}".rstrip())
    print(f"  {promise}", flush=True)


def until(promise: str, holds: Callable[[], Any], seconds: float = 60, pause: float = 0.05) -> Any:
    """Waits until something holds and returns it; ends the check after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (value := holds()):
        if time.monotonic() > deadline:
            sys.exit(f"{CHECK}: never: {promise}")
        time.sleep(pause)
    return value


def ask(connection: http.client.HTTPConnection, method: str, path: str, key: str = "", body: Any = None) -> tuple[int, Any]:
    """Sends a request with a bearer credential; returns the status and the JSON, or the text, of the response.

    A body of bytes is a form whose parts `--drill` divides; any other is sent as JSON.
    """
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    data = body
    if isinstance(body, bytes):
        headers["Content-Type"] = "multipart/form-data; boundary=drill"
    elif body is not None:
        headers["Content-Type"], data = "application/json", json.dumps(body)
    connection.request(method, path, data, headers)
    response = connection.getresponse()
    content = response.read()
    if "json" in (response.headers.get("Content-Type") or ""):
        return response.status, json.loads(content)
    return response.status, content.decode() or None


# Settings without limits of rates: a check asks faster than people do.
GENEROUS = {f"SS_LIMITS__{name}_{part}": "1000000" for name in ("CREDENTIAL", "TENANT", "ADDRESS") for part in ("PER_SECOND", "BURST")}


def upload_form(content: bytes) -> bytes:
    """Returns the form, for `ask`, that uploads a table as the primary dataset."""
    return (b'--drill\r\nContent-Disposition: form-data; name="file"; filename="pay.csv"\r\nContent-Type: text/csv\r\n\r\n'
            + content + b'\r\n--drill\r\nContent-Disposition: form-data; name="role"\r\n\r\nprimary_dataset\r\n--drill--\r\n')


def debian(tools: Path, package: str, program: str) -> Path:
    """Returns the path of a program of a Debian package; ends the check with NOT_HERE where it cannot be had."""
    found = tools / package / "usr" / "bin" / program
    return found if found.exists() else debian_tree(tools, package, [package]) / "usr" / "bin" / program


def r_packages(tools: Path, *names: str) -> Path:
    """Returns a library of R with Debian's packages of these names and those that they need.

    Ends the check with NOT_HERE where R or a package cannot be had. R itself is installed in CI only.
    """
    if shutil.which("R") is None and os.environ.get("CI") and shutil.which("apt-get"):
        root = [] if os.geteuid() == 0 else ["sudo", "-n"]
        # the lists of packages may be old, or missing
        for arguments in (["update"], ["install", "-y", "--no-install-recommends", "r-base-core"]):
            subprocess.run([*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *arguments], capture_output=True)
    if shutil.which("R") is None or shutil.which("apt-cache") is None:
        print("  not run: R (r-base-core) or the packages of Debian are not here")
        sys.exit(NOT_HERE)
    wanted = [f"r-cran-{name}" for name in names]
    listed = subprocess.run(
        ["apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks",
         "--no-replaces", "--no-enhances", *wanted], capture_output=True, text=True,
    ).stdout.splitlines()
    needed = sorted({*wanted, *(line for line in listed if line.startswith("r-cran-"))})
    return debian_tree(tools, "r-library", needed) / "usr" / "lib" / "R" / "site-library"


def debian_tree(tools: Path, name: str, packages: list[str]) -> Path:
    """Returns a folder with the files of several Debian packages; ends the check with NOT_HERE where one cannot be had."""
    folder = tools / name
    stamp, wanted = folder / ".unpacked", "\n".join(packages)
    if stamp.exists() and stamp.read_text() == wanted:
        return folder
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        print(f"  not run: {packages[0]} and others come as Debian packages")
        sys.exit(NOT_HERE)
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as downloads:
        download(downloads, *packages)
        unpacked = Path(tempfile.mkdtemp(dir=tools))
        for archive in sorted(Path(downloads).glob("*.deb")):
            subprocess.run(["dpkg", "-x", str(archive), str(unpacked)], check=True)
        (unpacked / ".unpacked").write_text(wanted)
        # a server that is started as another user must be able to read them
        unpacked.chmod(0o755)
        unpacked.rename(folder)
    return folder


def download(folder: str, *packages: str) -> None:
    """Downloads Debian packages into a folder; ends the check with NOT_HERE where they cannot be had."""
    def once() -> bool:
        return subprocess.run(["apt-get", "download", *packages], cwd=folder, capture_output=True).returncode == 0
    # the lists of packages may be old, or missing
    if not once() and not (subprocess.run(["apt-get", "update"], capture_output=True).returncode == 0 and once()):
        print(f"  not run: the packages {' '.join(packages)} cannot be downloaded")
        sys.exit(NOT_HERE)


def debian_closure(tools: Path, package: str) -> Path:
    """Returns the folder of a Debian package with every package that it needs and that is not installed; ends the check
    with NOT_HERE where they cannot be had."""
    folder = tools / package
    if (folder / ".unpacked").exists():
        return folder
    if shutil.which("apt-get") is None:
        print(f"  not run: {package} comes as a Debian package")
        sys.exit(NOT_HERE)
    simulate = ["apt-get", "install", "--simulate", "--no-install-recommends", package]
    planned = subprocess.run(simulate, capture_output=True, text=True)
    # the lists of packages may be old, or missing
    if planned.returncode != 0 and subprocess.run(["apt-get", "update"], capture_output=True).returncode == 0:
        planned = subprocess.run(simulate, capture_output=True, text=True)
    names = {line.split()[1] for line in planned.stdout.splitlines() if line.startswith("Inst ")} | {package}
    return debian_tree(tools, package, sorted(names))


def npm(tools: Path, name: str, *packages: str) -> Path:
    """Returns the folder node_modules of packages; ends the check with NOT_HERE where they cannot be had."""
    folder = tools / name
    stamp, wanted = folder / ".installed", "\n".join(packages)
    if not stamp.exists() or stamp.read_text() != wanted:
        if shutil.which("npm") is None:
            print("  not run: npm is not here")
            sys.exit(NOT_HERE)
        done = subprocess.run(
            ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), *packages],
            capture_output=True, text=True,
        )
        if done.returncode != 0:
            print(f"  not run: npm cannot install {' '.join(packages)}: {done.stderr[-300:]}")
            sys.exit(NOT_HERE)
        stamp.write_text(wanted)
    return folder / "node_modules"


def venv(tools: Path, name: str, *packages: str) -> Path:
    """Returns the folder of a Python environment with packages; ends the check with NOT_HERE where they cannot be had."""
    folder = tools / name
    stamp, wanted = folder / ".installed", "\n".join(packages)
    if not stamp.exists() or stamp.read_text() != wanted:
        pip = [str(folder / "bin" / "pip"), "install", "-q", "--disable-pip-version-check", *packages]
        made = subprocess.run([sys.executable, "-m", "venv", str(folder)], capture_output=True, text=True)
        done = subprocess.run(pip, capture_output=True, text=True) if made.returncode == 0 else made
        if done.returncode != 0:
            print(f"  not run: pip cannot install {' '.join(packages)}: {done.stderr[-300:]}")
            sys.exit(NOT_HERE)
        stamp.write_text(wanted)
    return folder


def moto(tools: Path) -> Path:
    """Returns the program of moto's S3 server, which keeps everything in memory and checks no signatures; ends the check
    with NOT_HERE where it cannot be had."""
    folder = venv(tools, "moto", "moto[s3]==5.2.5", "flask==3.1.3", "flask-cors==6.0.5")
    return folder / "bin" / "moto_server"


def free_port() -> int:
    """Returns a port of the loopback address that is free now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
