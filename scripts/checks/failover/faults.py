"""What is done to the machines, and what is measured of it."""

from __future__ import annotations

import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from database import Database, Member
from load import Load, Writer
from network import Machine
from servers import Engines, Server
from tools import until

# Longest time until another member takes writes, in seconds: Patroni's `ttl`, and what a loaded machine adds.
PROMOTION = 60
# Longest time until a server acknowledges again, in seconds; the aim is far below it.
BACK = 120
# Time within which the servers of lost ones do not declare them lost, and after which they have, in seconds.
SHORT_CUT, LONG_CUT = 25, 110


@dataclass
class Measured:
    """One fault."""

    fault: str
    began: float
    # seconds from the fault until another member took writes
    promoted: float | None = None
    # seconds from then until each server acknowledged a write, by the way to the database
    back: dict[str, float] = field(default_factory=dict)
    ended: float = 0.0
    # servers that were without the database meanwhile, with the seconds that they surely were
    away: dict[str, tuple[float, float]] = field(default_factory=dict)


@dataclass
class Scene:
    """Everything that faults are done to."""

    database: Database
    objects: Machine
    servers: list[Server]
    engines: Engines
    load: Load
    writers: list[Writer]
    dice: random.Random
    measured: list[Measured] = field(default_factory=list)

    def of(self, role: str) -> list[Server]:
        return [server for server in self.servers if server.role == role]

    def ways_to_database(self) -> list[Machine]:
        return [*(member.machine for member in self.database.members), self.database.proxy, self.database.pooler]

    def primary(self) -> Member:
        found: Member = until("one member takes writes", self.database.primary, seconds=PROMOTION)
        return found

    def check(self) -> None:
        """Ends the check at the first thing that is not as it should be."""
        for server in self.servers:
            if not server.is_running():
                sys.exit(f"failover: {server.name} ended by itself: {server.process and server.process.returncode}\n{server.last_log()}")
        if self.load.violations:
            promotions = ", ".join(f"{name} {at:.2f}" for at, name in self.database.promotions)
            sys.exit("failover: " + "\n".join([*self.load.violations[:3], f"promoted: {promotions}"]))
        if self.engines.lines("doubles"):
            sys.exit(f"failover: two engines of one job ran at once: {self.engines.lines('doubles')}")

    def wait_for_promotion(self, found: Measured, other_than: str) -> float:
        at = until("another member takes writes", lambda: self.database.promoted_since(found.began, other_than), seconds=PROMOTION)
        found.promoted = at - found.began
        return float(at)

    def wait_for_writes(self, found: Measured, at: float) -> None:
        """Waits until each server acknowledges after a moment."""
        for writer in self.writers:
            name, first = writer.server.way, until(f"{writer.server.name} acknowledges a write again",
                                                   lambda w=writer: w.first_after(at), seconds=BACK)
            found.back[name] = first - at

    def lose(self, name: str, begin: Callable[[Member], None], end: Callable[[Member], None], lasts: float = 0,
             is_away: bool = True) -> None:
        """Loses the primary in a way, waits for the next one, and brings the first back. `is_away`: from then on nobody takes writes."""
        lost = self.primary()
        found = Measured(name, time.monotonic())
        self.measured.append(found)
        begin(lost)
        at = self.wait_for_promotion(found, lost.name)
        self.wait_for_writes(found, at)
        time.sleep(lasts)
        end(lost)
        self.database.wait_until_whole()
        found.ended = time.monotonic()
        if is_away:
            found.away = {server.name: (found.began, at) for server in self.of("api")}


def kill_postgres(scene: Scene) -> None:
    scene.lose("postmaster killed", Member.kill_postgres, lambda _: None)


def kill_both(scene: Scene) -> None:
    scene.lose("postmaster and Patroni killed", Member.kill_both, Member.start_patroni)


def kill_patroni(scene: Scene) -> None:
    # the first takes writes until another one is promoted, and after that answers: its commits wait for standbys that left it
    scene.lose("Patroni killed, PostgreSQL left running", Member.kill_patroni, Member.start_patroni, lasts=3, is_away=False)


def cut_primary(scene: Scene) -> None:
    scene.lose("node of the primary cut off", lambda m: m.machine.cut(), lambda m: m.machine.join())


def freeze_primary(scene: Scene) -> None:
    def freeze(member: Member) -> None:
        scene.database.lead_etcd_elsewhere(member)
        member.machine.freeze()
    # woken when the next one has taken writes for a while: it believes to be the primary still
    scene.lose("node of the primary frozen, then woken", freeze, lambda m: m.machine.wake(), lasts=3)


def switch_over(scene: Scene) -> None:
    scene.lose("patronictl switchover", lambda _: scene.database.switchover(), lambda _: None, is_away=False)


def cut_worker(scene: Scene, lasts: float = SHORT_CUT) -> None:
    """Cuts a server that runs a job off from the database, and back."""
    earlier = set(scene.engines.running())
    scene.engines.be_slow(True)

    def busy() -> Server | None:
        # one that began before is not slow, and may be at its end
        pids = {pid for _, pid in set(scene.engines.running()) - earlier}
        return next((server for server in scene.of("worker") if pids & set(server.machine.processes())), None)

    server = until("an engine runs", busy, seconds=120)
    scene.engines.be_slow(False)
    found = Measured(f"server with a run cut off for {lasts} s", time.monotonic())
    scene.measured.append(found)
    server.machine.silence(scene.ways_to_database())
    time.sleep(lasts)
    server.machine.hear(scene.ways_to_database())
    until(f"{server.name} is ready again", lambda: scene_is_ready(server), seconds=BACK)
    found.ended = time.monotonic()


def cut_worker_long(scene: Scene) -> None:
    cut_worker(scene, LONG_CUT)


def cut_api(scene: Scene, lasts: float = SHORT_CUT) -> None:
    """Cuts a server that takes requests off from the database, and back."""
    writer = scene.dice.choice(scene.writers)
    server = writer.server
    found = Measured(f"server for requests cut off for {lasts} s", time.monotonic())
    scene.measured.append(found)
    server.machine.silence(scene.ways_to_database())
    time.sleep(lasts)
    at = time.monotonic()
    server.machine.hear(scene.ways_to_database())
    until(f"{server.name} acknowledges a write again", lambda: writer.first_after(at), seconds=BACK)
    until(f"{server.name} is ready again", lambda: scene_is_ready(server), seconds=BACK)
    found.ended, found.away = time.monotonic(), {server.name: (found.began, at)}


def disturb(scene: Scene, name: str, begin: Callable[[Server], None], end: Callable[[Server], None], lasts: float) -> None:
    """Takes a server away, whichever, and brings it back before others declare it lost."""
    server = scene.dice.choice(scene.servers)
    role = {"api": "for requests", "worker": "for jobs"}[server.role]
    found = Measured(f"server {role} {name}", time.monotonic())
    scene.measured.append(found)
    server.is_disturbed = True
    begin(server)
    time.sleep(lasts)
    end(server)
    until(f"{server.name} is ready again", lambda: scene_is_ready(server), seconds=BACK)
    server.is_disturbed = False
    found.ended = time.monotonic()


def kill_server(scene: Scene) -> None:
    disturb(scene, "killed, started again", Server.kill, Server.start, scene.dice.uniform(0, 5))


def stop_server(scene: Scene) -> None:
    disturb(scene, f"stopped for {SHORT_CUT} s, continued", lambda s: s.signal(signal.SIGSTOP), lambda s: s.signal(signal.SIGCONT),
            SHORT_CUT)


def cut_objects(scene: Scene, lasts: float) -> None:
    """Takes the object store away."""
    found = Measured(f"object store away for {lasts:.0f} s", time.monotonic())
    scene.measured.append(found)
    scene.objects.cut()
    until_moment = time.monotonic() + lasts
    while time.monotonic() < until_moment:
        time.sleep(1)
        scene.check()
    scene.objects.join()
    for server in scene.servers:
        until(f"{server.name} is ready again", lambda s=server: scene_is_ready(s), seconds=BACK)
    found.ended = time.monotonic()


def scene_is_ready(server: Server) -> bool:
    before = time.monotonic()
    server.look()
    return any(at >= before and status == 200 for at, status, _ in server.health.ready[-1:])


SHORT: list[Callable[[Scene], None]] = [
    kill_postgres, cut_primary, kill_server, cut_worker, freeze_primary, stop_server, cut_api, kill_both, kill_patroni, switch_over]
# in the long form the rest of the time is spent with these, in random order
LONG: list[Callable[[Scene], None]] = [*SHORT, cut_worker_long]
