"""The programs of the database: those of the system, else Debian's packages and PyPI's, unpacked."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tools import debian_closure, moto, venv

PATRONI = ("patroni[etcd3]==4.1.5", "psycopg2-binary==2.9.13")


@dataclass
class Programs:
    """Where the programs are; libraries that were unpacked with some of them are found."""

    postgres: Path
    python: Path
    # the Python packages of Patroni
    packages: Path
    etcd: Path
    haproxy: Path
    pgbouncer: Path
    openssl: Path
    libraries: list[Path] = field(default_factory=list)

    def move(self, old: Path, new: Path) -> None:
        """Has programs below a folder be found below another one."""
        def moved(path: Path) -> Path:
            return new / path.relative_to(old) if path.is_relative_to(old) else path
        for name, found in vars(self).items():
            setattr(self, name, list(map(moved, found)) if isinstance(found, list) else moved(found))

    def environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "PATRONI", "ETCD"))}
        own["PYTHONPATH"] = str(self.packages)
        own["PATH"] = f"{self.postgres}:{own['PATH']}"
        if self.libraries:
            own["LD_LIBRARY_PATH"] = ":".join(map(str, self.libraries))
        return own


def program_of(tools: Path, package: str, system: str) -> tuple[Path, list[Path]]:
    """Returns a program of the system, or of a Debian package with the folders of its libraries."""
    here = sorted(Path("/").glob(system))
    if here:
        return here[-1], []
    folder = debian_closure(tools, package)
    return next(folder.glob(system)), list(folder.glob("usr/lib/*-linux-gnu"))


def bring(tools: Path) -> tuple[Programs, Path]:
    """Returns the programs of the database, and moto; ends the check with NOT_HERE where one cannot be had."""
    found, libraries = {}, []
    for package, system in (("postgresql-15", "usr/lib/postgresql/*/bin/postgres"), ("etcd-server", "usr/bin/etcd"),
                            ("haproxy", "usr/sbin/haproxy"), ("pgbouncer", "usr/sbin/pgbouncer"), ("openssl", "usr/bin/openssl")):
        found[package], of_it = program_of(tools, package, system)
        libraries += of_it
    packages = next(venv(tools, "patroni", *PATRONI).glob("lib/python3*/site-packages"))
    # that of the environment leads to this one
    python = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    libraries += [python.parents[1] / "lib"] if list(python.parents[1].glob("lib/libpython*.so*")) else []
    return Programs(found["postgresql-15"].parent, python, packages, found["etcd-server"], found["haproxy"], found["pgbouncer"],
                    found["openssl"], libraries), moto(tools)
