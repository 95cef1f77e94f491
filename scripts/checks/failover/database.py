"""The database: three machines with PostgreSQL, Patroni and a member of etcd each, and what stands before them."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import ways
from network import Machine
from programs import Programs
from tools import until

# Patroni's times, in seconds: who is silent for `ttl`, the shortest there is, is not the primary any more. `retry_timeout` is the longest
# that goes with it: on two cores etcd may take seconds to choose a leader.
TIMES = {"ttl": 20, "loop_wait": 2, "retry_timeout": 9, "primary_start_timeout": 0}
# How often a member is asked whether it takes writes, in seconds.
LOOK = 0.1


def asked(address: str, port: int, path: str, method: str = "GET", body: Any = None, seconds: float = 1.0) -> tuple[int, Any]:
    """Asks Patroni; 0 where it does not answer."""
    connection = http.client.HTTPConnection(address, port, timeout=seconds)
    try:
        connection.request(method, path, json.dumps(body) if body is not None else None)
        response = connection.getresponse()
        content = response.read()
        return response.status, json.loads(content) if content[:1] in b"{[" and content else content.decode()
    except (OSError, http.client.HTTPException, ValueError):
        return 0, None
    finally:
        connection.close()


class Member:
    """One of the three machines."""

    def __init__(self, machine: Machine, folder: Path, programs: Programs) -> None:
        self.machine, self.folder, self.programs = machine, folder / machine.name, programs
        self.folder.mkdir()
        os.chmod(self.folder, 0o755)
        os.chown(self.folder, 65534, 65534)
        self.log = self.folder / "log"
        self.patroni: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        return self.machine.name

    def start_etcd(self, members: list[Member]) -> None:
        here, cluster = self.machine.address, ",".join(f"{m.name}=http://{m.machine.address}:2380" for m in members)
        words: list[str | Path] = [self.programs.etcd, "--name", self.name, "--data-dir", self.folder / "etcd", "--logger", "zap",
                 "--listen-peer-urls", f"http://{here}:2380", "--initial-advertise-peer-urls", f"http://{here}:2380",
                 "--listen-client-urls", f"http://{here}:2379", "--advertise-client-urls", f"http://{here}:2379",
                 "--initial-cluster", cluster, "--initial-cluster-state", "new",
                 # the machines share two cores
                 "--heartbeat-interval", "200", "--election-timeout", "2000"]
        self.machine.start(words, self.folder / "etcd.log", is_root=False, environment=self.programs.environment())

    def configure(self, members: list[Member], certificates: ways.Certificates) -> None:
        here = self.machine.address
        allowed = [*(f"hostnossl all all {network} reject" for network in ways.ENCRYPTED),
                   "host all all 10.77.0.0/24 trust", "host replication all 10.77.0.0/24 trust"]
        settings = {
            "scope": "failover", "name": self.name,
            "restapi": {"listen": f"{here}:8008", "connect_address": f"{here}:8008"},
            "etcd3": {"hosts": [f"{m.machine.address}:2379" for m in members]},
            "bootstrap": {
                "dcs": {**TIMES, "synchronous_mode": True, "postgresql": {
                    "use_pg_rewind": True, "parameters": {"max_connections": 300, "shared_buffers": "32MB"}}},
                "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, "data-checksums"],
            },
            "postgresql": {
                "listen": f"{here}:5432", "connect_address": f"{here}:5432", "data_dir": str(self.folder / "data"),
                "bin_dir": str(self.programs.postgres), "pgpass": str(self.folder / "pgpass"),
                "authentication": {"superuser": {"username": "postgres"}, "replication": {"username": "replicator"}},
                "pg_hba": ["local all all trust", *allowed],
                "parameters": {"unix_socket_directories": str(self.folder), **certificates.of_postgres()},
            },
            "watchdog": {"mode": "off"},
        }
        # JSON is YAML
        (self.folder / "patroni.yml").write_text(json.dumps(settings))

    def start_patroni(self) -> None:
        words: list[str | Path] = [self.programs.python, "-m", "patroni", self.folder / "patroni.yml"]
        self.patroni = self.machine.start(words, self.log, is_root=False, environment=self.programs.environment())

    def kill_postgres(self) -> None:
        """Kills the postmaster; its processes end by themselves."""
        pid = int((self.folder / "data/postmaster.pid").read_text().split("\n")[0])
        self.machine.signal(signal.SIGKILL, [pid])

    def kill_patroni(self) -> None:
        """Kills Patroni alone; PostgreSQL stays and believes to be the primary."""
        assert self.patroni is not None
        self.patroni.kill()
        self.patroni.wait()

    def kill_both(self) -> None:
        self.kill_patroni()
        self.kill_postgres()

    def ask(self, path: str, method: str = "GET", body: Any = None, seconds: float = 1.0) -> tuple[int, Any]:
        return asked(self.machine.address, 8008, path, method, body, seconds)


class Database:
    """All three with what stands before them."""

    def __init__(self, machines: list[Machine], proxy: Machine, pooler: Machine, folder: Path, programs: Programs) -> None:
        self.programs, self.proxy, self.pooler, self.folder = programs, proxy, pooler, folder
        self.certificates = ways.Certificates.make(folder / "certificates", programs, [*machines, proxy, pooler])
        self.members = [Member(machine, folder, programs) for machine in machines]
        # when each member began to take writes, by the clock that never jumps
        self.promotions: list[tuple[float, str]] = []
        self.ended = threading.Event()

    def start(self) -> None:
        for member in self.members:
            member.start_etcd(self.members)
            member.configure(self.members, self.certificates)
        self.members[0].start_patroni()
        until("the first member takes writes", lambda: self.primary(), seconds=90)
        for member in self.members[1:]:
            member.start_patroni()
        self.wait_until_whole()
        self.sql(f"CREATE DATABASE {ways.NAME}", "postgres")
        self.start_ways()
        for member in self.members:
            threading.Thread(target=self.watch, args=(member,), daemon=True).start()

    def start_ways(self) -> None:
        ways.start_proxy(self.proxy, [m.machine for m in self.members], self.folder, self.programs)
        # HAProxy takes every server for one that takes writes until it has asked each, and a pooler keeps what it got
        until("HAProxy leads to the one that takes writes", lambda: self.takes_writes(self.proxy), seconds=30)
        ways.start_pooler(self.pooler, self.proxy, self.folder, self.certificates, self.programs)
        until("PgBouncer leads to it", lambda: self.takes_writes(self.pooler), seconds=30)

    def takes_writes(self, machine: Machine) -> bool:
        """True if as many connections as there are members all meet one that takes writes."""
        said = [self.ask_sql(machine, "SHOW transaction_read_only", ways.NAME) for _ in self.members]
        return all(done.stdout.strip() == "off" for done in said)

    def urls(self) -> dict[str, str]:
        """The address of the database by each way."""
        return ways.urls([m.machine for m in self.members], self.proxy, self.pooler)

    def watch(self, member: Member) -> None:
        """Notes each moment at which a member begins to take writes."""
        was = member.ask("/primary")[0] == 200
        while not self.ended.is_set():
            status = member.ask("/primary", seconds=5)[0]
            if status == 200 and not was:
                self.promotions.append((time.monotonic(), member.name))
            # one that does not answer may be what it was
            was = status == 200 if status else was
            time.sleep(LOOK)

    def promoted_since(self, moment: float, other_than: str = "") -> float | None:
        return next((at for at, name in self.promotions if at > moment and name != other_than), None)

    def primary(self, other_than: str = "") -> Member | None:
        return next((m for m in self.members if m.name != other_than and m.ask("/primary")[0] == 200), None)

    def cluster(self) -> list[dict[str, Any]]:
        """What Patroni says of the members."""
        for member in self.members:
            status, said = member.ask("/cluster", seconds=3)
            if status == 200:
                return list(said["members"])
        return []

    def is_whole(self) -> bool:
        """True where one takes writes, both others follow it, and commits wait for one of them."""
        members = self.cluster()
        roles = [m["role"] for m in members]
        timelines = {m.get("timeline") for m in members}
        return (len(members) == 3 and roles.count("leader") == 1 and roles.count("sync_standby") == 1 and len(timelines) == 1
                and all(m["state"] in ("running", "streaming") for m in members))

    def wait_until_whole(self, seconds: float = 180) -> None:
        deadline = time.monotonic() + seconds
        while not self.is_whole():
            if time.monotonic() > deadline:
                sys.exit(f"failover: the database is not whole: {json.dumps(self.cluster())}\n{self.logs()}")
            time.sleep(0.5)

    def logs(self) -> str:
        return "\n".join(f"== {m.name}\n" + "\n".join(m.log.read_text().splitlines()[-25:]) for m in self.members if m.log.exists())

    def lead_etcd_elsewhere(self, member: Member) -> None:
        """Has another machine lead etcd, if this one does.

        A leader of etcd before 3.4.29 and 3.5.11 that was frozen revokes leases when it wakes up (etcd-io/etcd#15247), also
        that of the primary which was promoted meanwhile: Patroni then returns to the earlier one, and what the later one
        acknowledged is lost.
        """
        status = {m.name: asked(m.machine.address, 2379, "/v3/maintenance/status", "POST", {})[1] for m in self.members}
        leader = status[member.name]["leader"]
        if leader != status[member.name]["header"]["member_id"]:
            return
        other = next(said["header"]["member_id"] for name, said in status.items() if name != member.name)
        code, said = asked(member.machine.address, 2379, "/v3/maintenance/transfer-leadership", "POST", {"targetID": other}, 10)
        if code != 200:
            sys.exit(f"failover: the leader of etcd cannot be moved: {code} {said}")

    def switchover(self) -> None:
        """Has another member take over in order, by patronictl."""
        words = [self.programs.python, "-c", "from patroni.ctl import ctl; ctl()", "-c", self.members[0].folder / "patroni.yml",
                 "switchover", "failover", "--force"]
        done = subprocess.run(list(map(str, words)), capture_output=True, text=True, env=self.programs.environment(), timeout=120)
        if done.returncode != 0:
            sys.exit(f"failover: patronictl: {done.stdout}{done.stderr}")

    def ask_sql(self, machine: Machine, text: str, name: str) -> subprocess.CompletedProcess[str]:
        words = [self.programs.postgres / "psql", "-XAtq", "-h", machine.address, "-U", "postgres", "-d", name, "-c", text]
        return subprocess.run(list(map(str, words)), capture_output=True, text=True, env=self.programs.environment(), timeout=60)

    def sql(self, text: str, name: str = ways.NAME) -> list[str]:
        """Asks the one that takes writes; a line for each row."""
        primary = until("one member takes writes", self.primary, seconds=60)
        done = self.ask_sql(primary.machine, text, name)
        if done.returncode != 0:
            sys.exit(f"failover: {text}: {done.stderr}")
        return done.stdout.splitlines()
