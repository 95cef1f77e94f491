"""Machines that are network namespaces on one bridge: processes in them, cuts, freezes. All of it is inside namespaces of its own,
so that nothing is left when the check ends, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

NETS = Path("/run/netns")
SUBNET = "10.77.0"
# The address of the machine where the check itself runs.
HERE = f"{SUBNET}.1"
# Whoever runs PostgreSQL, which refuses root.
NOBODY = "65534"
# An address of the link layer that no machine has.
NOWHERE = "02:00:00:00:00:99"


def can_isolate() -> bool:
    """True where namespaces of the network, of mounts and of processes can be made."""
    tried = ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "ip", "link", "add", "hub", "type", "bridge"]
    try:
        return os.geteuid() == 0 and subprocess.run(tried, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def isolated(marker: str) -> None:
    """Continues in namespaces of its own: starts this program again in them, and there returns. Every process ends with it."""
    if os.environ.get(marker) is None:
        NETS.mkdir(exist_ok=True)
        words = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, *sys.argv]
        os.execvpe("unshare", words, {**os.environ, marker: "1"})
    # the first process of a namespace is given every orphan of it
    child = os.fork()
    if child:
        while True:
            ended, status = os.wait()
            if ended == child:
                os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    run("mount", "-t", "tmpfs", "tmpfs", str(NETS))
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "hub", "type", "bridge")
    run("ip", "address", "add", f"{HERE}/24", "dev", "hub")
    run("ip", "link", "set", "hub", "up")


def run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"failover: {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


class Machine:
    """A namespace with an address on the bridge."""

    def __init__(self, name: str, number: int) -> None:
        self.name, self.address = name, f"{SUBNET}.{number}"
        self.frozen: list[int] = []
        run("ip", "netns", "add", name)
        run("ip", "link", "add", f"v-{name}", "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", f"v-{name}", "master", "hub", "up")
        for words in (["link", "set", "lo", "up"], ["address", "add", f"{self.address}/24", "dev", "eth0"],
                      ["link", "set", "eth0", "up"]):
            run("ip", "-n", name, *words)

    def command(self, words: Iterable[str | Path], is_root: bool = True) -> list[str]:
        other = [] if is_root else ["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--"]
        return ["nsenter", f"--net={NETS / self.name}", *other, *map(str, words)]

    def start(self, words: Iterable[str | Path], log: Path, is_root: bool = True,
              environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        with log.open("ab") as out:
            return subprocess.Popen(self.command(words, is_root), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                    env=environment, cwd="/", start_new_session=True)

    def processes(self, counts: Callable[[str], bool] = lambda _: True) -> list[int]:
        """The ids of its processes whose command lines count."""
        inode, found = (NETS / self.name).stat().st_ino, []
        for path in Path("/proc").glob("[0-9]*"):
            try:
                if os.stat(path / "ns/net").st_ino == inode and counts((path / "cmdline").read_text().replace("\0", " ")):
                    found.append(int(path.name))
            except OSError:
                continue
        return found

    def signal(self, number: int, pids: list[int]) -> None:
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue

    def cut(self) -> None:
        """Pulls the cable: neither end hears of it."""
        run("ip", "link", "set", f"v-{self.name}", "down")

    def join(self) -> None:
        run("ip", "link", "set", f"v-{self.name}", "up")

    def silence(self, others: Iterable[Machine]) -> None:
        """Has everything that it sends to others get lost."""
        for other in others:
            run("ip", "-n", self.name, "neighbour", "replace", other.address, "lladdr", NOWHERE, "nud", "permanent", "dev", "eth0")

    def hear(self, others: Iterable[Machine]) -> None:
        for other in others:
            run("ip", "-n", self.name, "neighbour", "delete", other.address, "dev", "eth0")

    def freeze(self) -> None:
        """Stops all its processes, as a host does with a virtual machine; its kernel goes on."""
        self.frozen = self.processes()
        self.signal(signal.SIGSTOP, self.frozen)

    def wake(self) -> None:
        self.signal(signal.SIGCONT, self.frozen)
        self.frozen = []
