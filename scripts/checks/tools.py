"""Programs that the checks bring from the distribution's packages, unpacked into a folder: nothing is installed."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

# The exit code of a check whose tool cannot be had here.
NOT_HERE = 77


def debian(tools: Path, package: str, program: str) -> Path:
    """Returns the path of a program of a Debian package; ends the check with NOT_HERE where it cannot be had."""
    folder = tools / package
    found = folder / "usr" / "bin" / program
    if found.exists():
        return found
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        print(f"  not run: {package} comes as a Debian package")
        sys.exit(NOT_HERE)
    with tempfile.TemporaryDirectory() as name:
        def download() -> bool:
            return subprocess.run(["apt-get", "download", package], cwd=name, capture_output=True).returncode == 0
        # the lists of packages may be old, or missing
        if not download() and not (
            subprocess.run(["apt-get", "update"], capture_output=True).returncode == 0 and download()
        ):
            print(f"  not run: the package {package} cannot be downloaded")
            sys.exit(NOT_HERE)
        archive = next(Path(name).glob(f"{package}_*.deb"))
        unpacked = Path(tempfile.mkdtemp(dir=tools))
        subprocess.run(["dpkg", "-x", str(archive), str(unpacked)], check=True)
        unpacked.rename(folder)
    return found


def debian_tree(tools: Path, package: str) -> Path:
    """Returns the folder of a Debian package with every package that it needs and that is not installed; ends the check
    with NOT_HERE where they cannot be had."""
    folder = tools / package
    if folder.exists():
        return folder
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        print(f"  not run: {package} comes as a Debian package")
        sys.exit(NOT_HERE)
    simulate = ["apt-get", "install", "--simulate", "--no-install-recommends", package]
    planned = subprocess.run(simulate, capture_output=True, text=True)
    if planned.returncode != 0 and subprocess.run(["apt-get", "update"], capture_output=True).returncode == 0:
        planned = subprocess.run(simulate, capture_output=True, text=True)
    names = {line.split()[1] for line in planned.stdout.splitlines() if line.startswith("Inst ")} | {package}
    with tempfile.TemporaryDirectory() as name:
        done = subprocess.run(["apt-get", "download", *sorted(names)], cwd=name, capture_output=True, text=True)
        if planned.returncode != 0 or done.returncode != 0:
            print(f"  not run: the package {package} cannot be downloaded")
            sys.exit(NOT_HERE)
        unpacked = Path(tempfile.mkdtemp(dir=tools))
        for archive in sorted(Path(name).glob("*.deb")):
            subprocess.run(["dpkg", "-x", str(archive), str(unpacked)], check=True)
        # a server that is started as another user must be able to read them
        unpacked.chmod(0o755)
        unpacked.rename(folder)
    return folder


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


def free_port() -> int:
    """Returns a port of the loopback address that is free now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
