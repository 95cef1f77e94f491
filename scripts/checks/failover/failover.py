#!/usr/bin/env python3
"""Automatic failover with the real things: PostgreSQL under Patroni and etcd on three machines, HAProxy, an object store, and five
servers of the service, each on a machine of its own (a network namespace), under load.

Usage: failover.py PROGRAM TOOLS [--seconds N] [--objects-away SECONDS] [--clients N] [--seed N] [--only FAULT …]

The primary of the database is killed, cut off, frozen and woken, and switched over; servers are cut off from it. One server for
requests reaches the database by several hosts in its address, the other through HAProxy. Without --seconds each fault is done
once (about four minutes); with it they are repeated in random order for so long, after the object store was away once.
Prints a table; ends with 1 at the first thing that does not hold, with 77 where namespaces or a tool cannot be had.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import faults  # noqa: E402
import judge  # noqa: E402
from database import Database, Programs  # noqa: E402
from load import LIFE, Load, Writer  # noqa: E402
from network import Machine, can_isolate, isolated, run  # noqa: E402
from servers import Engines, Server, start_objects  # noqa: E402
from tools import NOT_HERE, debian_closure, expect, moto, venv  # noqa: E402

INSIDE = "SS_FAILOVER_INSIDE"
PATRONI = ("patroni[etcd3]==4.1.5", "psycopg2-binary==2.9.13")


def program_of(tools: Path, package: str, at: str, system: str) -> tuple[Path, list[Path]]:
    """Returns a program of the system, or of a Debian package with the folders of its libraries."""
    here = sorted(Path("/").glob(system))
    if here:
        return here[-1], []
    folder = debian_closure(tools, package)
    return next(folder.glob(at)), list(folder.glob("usr/lib/*-linux-gnu"))


def bring(tools: Path) -> tuple[Programs, Path]:
    """Returns the programs of the database, and moto; ends the check with NOT_HERE where one cannot be had."""
    postgres, libraries = program_of(tools, "postgresql-15", "usr/lib/postgresql/*/bin/postgres", "usr/lib/postgresql/*/bin/postgres")
    etcd, of_etcd = program_of(tools, "etcd-server", "usr/bin/etcd", "usr/bin/etcd")
    haproxy, of_haproxy = program_of(tools, "haproxy", "usr/sbin/haproxy", "usr/sbin/haproxy")
    packages = next(venv(tools, "patroni", *PATRONI).glob("lib/python3*/site-packages"))
    # that of the environment leads to this one
    python = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    of_python = [python.parents[1] / "lib"] if list(python.parents[1].glob("lib/libpython*.so*")) else []
    return Programs(postgres.parent, python, packages, etcd, haproxy, [*libraries, *of_etcd, *of_haproxy, *of_python]), moto(tools)


def make_reachable(programs: Programs, folder: Path, *places: Path) -> None:
    """Shows places below another folder: whoever runs PostgreSQL may not be able to enter the folders above them."""
    folder.chmod(0o755)
    for number, place in enumerate([*places, Path(sys.base_prefix)]):
        if place == Path("/usr"):
            continue
        shown = folder / str(number)
        shown.mkdir()
        run("mount", "--bind", str(place), str(shown))
        programs.move(place, shown)


def make_servers(database: Database, objects: Machine, engines: Engines, folder: Path, program: Path) -> list[Server]:
    urls = database.urls()
    settings = {"SS_STATA_CMD": str(engines.path), "SS_FILES__BACKEND": "s3", "SS_S3_ENDPOINT": f"http://{objects.address}:9000",
                "SS_S3_BUCKET": "files", "SS_S3_FORCE_PATH_STYLE": "true", "SS_S3__ALLOW_HTTP": "true",
                "SS_S3_ACCESS_KEY_ID": "AKIATESTTESTTEST", "SS_S3_SECRET_ACCESS_KEY": "secret-of-the-object-store"}
    servers = []
    for number, (name, role, way) in enumerate((
            ("api1", "api", "several hosts"), ("api2", "api", "HAProxy"), ("worker1", "worker", "several hosts"),
            ("worker2", "worker", "HAProxy"), ("worker3", "worker", "several hosts"))):
        given = {**settings, "SS_DATABASE_URL": urls[way]}
        servers.append(Server(Machine(name, 41 + number), role, way, given, folder, program))
    return servers


def begin(given: argparse.Namespace, folder: Path, programs: Programs, moto_server: Path) -> faults.Scene:
    """Starts everything, and the load."""
    program = folder / "stata-service"
    # another build of it may take its place meanwhile
    shutil.copy2(given.program, program)
    engines = Engines(folder, program)
    database = Database([Machine(f"db{n}", 10 + n) for n in (1, 2, 3)], Machine("proxy", 20), folder, programs)
    objects = Machine("objects", 30)
    start_objects(objects, moto_server, folder / "objects.log")
    database.start()
    expect("three members, and commits wait for one that follows", database.is_whole())
    servers = make_servers(database, objects, engines, folder, program)
    migrated = servers[0].tool("store", "migrate")
    expect("the tables are made", migrated.returncode == 0, migrated.stderr)
    ended = threading.Event()
    for server in servers:
        server.start()
        threading.Thread(target=server.watch, args=(ended,), daemon=True).start()
    apis = [server for server in servers if server.role == "api"]
    load = Load(apis, given.seed, LIFE + given.objects_away)
    scene = faults.Scene(database, objects, servers, engines, load, [Writer(server) for server in apis], random.Random(given.seed))
    load.start(given.clients)
    return scene


def suffer(scene: faults.Scene, given: argparse.Namespace) -> None:
    """Does one fault after the other."""
    began = time.monotonic()

    def one(fault: object, done: object) -> None:
        at = time.monotonic() - began
        done()  # type: ignore[operator]
        scene.check()
        last = scene.measured[-1]
        back = ", ".join(f"{way} {seconds:.1f} s" for way, seconds in last.back.items())
        print(f"  {at:.0f} s: {last.fault}" + (f": promoted after {last.promoted:.1f} s, a write after {back}" if back else ""), flush=True)

    for fault in faults.SHORT:
        if not given.only or fault.__name__ in given.only:
            one(fault, lambda f=fault: f(scene))
    if "cut_objects" in given.only or (given.seconds and not given.only):
        one(faults.cut_objects, lambda: faults.cut_objects(scene, given.objects_away))
    while time.monotonic() - began < given.seconds:
        chosen = [fault for fault in faults.LONG if not given.only or fault.__name__ in given.only]
        for fault in scene.dice.sample(chosen, len(chosen)):
            if time.monotonic() - began < given.seconds:
                one(fault, lambda f=fault: f(scene))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=Path)
    parser.add_argument("tools", type=Path)
    parser.add_argument("--seconds", type=float, default=0, help="the long form: how long faults are done")
    parser.add_argument("--objects-away", type=float, default=600, help="how long the object store is away in the long form")
    parser.add_argument("--clients", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[], help="faults, by their names in faults.py")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder that gets everything, to look at afterwards")
    given = parser.parse_args()
    if given.seconds and given.only == ["cut_objects"]:
        parser.error("cut_objects is done once: leave --seconds out")
    given.program, given.tools = given.program.resolve(), given.tools.resolve()
    if os.environ.get(INSIDE) is None and not can_isolate():
        print("  not run: network namespaces need root and ip (iproute2), unshare, nsenter (util-linux)")
        sys.exit(NOT_HERE)
    # before the network is out of reach
    programs, moto_server = bring(given.tools)
    isolated(INSIDE)
    began = time.monotonic()
    folder = given.keep or Path(tempfile.mkdtemp(prefix="failover-"))
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    reachable = Path(tempfile.mkdtemp(prefix="failover-tools-"))
    try:
        make_reachable(programs, reachable, given.tools)
        scene = begin(given, folder, programs, moto_server)
        suffer(scene, given)
        judge.judge(scene, began)
    finally:
        for mounted in list(reachable.iterdir()):
            run("umount", "--lazy", str(mounted))
            mounted.rmdir()
        reachable.rmdir()
        if not given.keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
