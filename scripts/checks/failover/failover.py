#!/usr/bin/env python3
"""Automatic failover with the real things: PostgreSQL under Patroni and etcd on three machines, HAProxy, PgBouncer, an object store,
and eight servers of the service, each on a machine of its own (a network namespace), under load.

Usage: failover.py PROGRAM TOOLS [--seconds N] [--objects-away SECONDS] [--clients N] [--seed N] [--only FAULT …]

The primary of the database is killed, cut off, frozen and woken, and switched over; servers are cut off from it. They reach it over
TLS: by several hosts in the address, through HAProxy, or through PgBouncer and HAProxy. Without --seconds each fault is done
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
import ways  # noqa: E402
from database import Database  # noqa: E402
from load import LIFE, Load, Writer  # noqa: E402
from network import Machine, can_isolate, isolated, run  # noqa: E402
from programs import Programs, bring  # noqa: E402
from servers import Engines, Server, start_objects  # noqa: E402
from tools import NOT_HERE, expect  # noqa: E402

INSIDE = "SS_FAILOVER_INSIDE"


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
                "SSL_CERT_FILE": str(database.certificates.authority), "SS_S3_ACCESS_KEY_ID": "AKIATESTTESTTEST",
                "SS_S3_SECRET_ACCESS_KEY": "secret-of-the-object-store"}
    servers: list[Server] = []
    by_role = {"api": [ways.SEVERAL, ways.PROXY, ways.POOLER],
               "worker": [ways.SEVERAL, ways.PROXY, ways.POOLER, ways.SEVERAL, ways.PROXY]}
    for role, way in ((role, way) for role, several in by_role.items() for way in several):
        number = len(servers)
        name = f"{role}{sum(server.role == role for server in servers) + 1}"
        given = {**settings, "SS_DATABASE_URL": urls[way]}
        servers.append(Server(Machine(name, 41 + number), role, way, given, folder, program))
    return servers


def begin(given: argparse.Namespace, folder: Path, programs: Programs, moto_server: Path) -> faults.Scene:
    """Starts everything, and the load."""
    program = folder / "stata-service"
    # another build of it may take its place meanwhile
    shutil.copy2(given.program, program)
    engines = Engines(folder, program)
    database = Database([Machine(f"db{n}", 10 + n) for n in (1, 2, 3)], Machine("proxy", 20), Machine("pooler", 21), folder, programs)
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
    parser.add_argument("--clients", type=int, default=12)
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
