#!/usr/bin/env python3
"""Boots a small machine whose kernel has the memory controller of cgroup v2 and runs the test of the limit in it.

  memory_limit.py TOOLS TEST_PROGRAM

The machine is emulated: Debian's kernel, a file system in memory with BusyBox, the program of the tests and what it
needs, and a control group that is delegated as the unit for systemd asks (Delegate=, DelegateSubgroup=).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools import debian, debian_closure, debian_tree, expect

REPOSITORY = Path(__file__).resolve().parents[2]
TEST = "security::sandbox_escape::program::the_kernel_keeps_the_limit_of_memory_where_its_controller_is_delegated"
KERNEL = "linux-image-cloud-amd64"
# Runs inside. The group above that of the test is marked as systemd marks it and holds no process.
INIT = f"""#!/bin/sh
mount -t proc proc /proc && mount -t sysfs sys /sys && mount -t devtmpfs dev /dev && mount -t tmpfs tmp /tmp
mkdir -p /dev/shm && mount -t tmpfs shm /dev/shm && mount -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup
ip link set lo up
echo +memory +pids > /sys/fs/cgroup/cgroup.subtree_control
mkdir -p /sys/fs/cgroup/unit/service
setfattr -n user.delegate -v 1 /sys/fs/cgroup/unit
echo $$ > /sys/fs/cgroup/unit/service/cgroup.procs
cd {REPOSITORY}
/tests --exact {TEST} --nocapture
echo "ended with $?"
poweroff -f
"""
# The hostile program is compiled outside: no compiler fits into the machine.
COMPILER = """#!/bin/sh
while [ "$1" != "-o" ]; do shift; done
exec cp /hostile "$2"
"""


def libraries(program: Path) -> set[Path]:
    """Returns the files that the dynamic linker loads for a program."""
    listed = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=True).stdout
    return {Path(path) for path in re.findall(r"(/\S+) \(0x", listed)}


def place(root: Path, source: Path, at: str) -> None:
    target = root / at.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


def write(root: Path, at: str, text: str) -> None:
    target = root / at.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    target.chmod(0o755)


def fill(root: Path, tools: Path, tests: Path) -> None:
    """Lays out the file system of the machine."""
    service = tests.parent.parent / "stata-service"
    busybox = debian_tree(tools, "busybox-static", ["busybox-static"]) / "bin" / "busybox"
    setfattr = debian(tools, "attr", "setfattr")
    for program, at in ((tests, "/tests"), (service, str(service)), (setfattr, "/bin/setfattr")):
        place(root, program, at)
        for library in libraries(program):
            place(root, library, str(library))
    for program in ("/tests", str(service)):
        subprocess.run(["strip", "--strip-debug", str(root / program.lstrip("/"))], check=True)
    place(root, busybox, "/bin/busybox")
    for name in ("sh", "mount", "mkdir", "ip", "cp", "poweroff", "sleep", "true", "cat"):
        (root / "bin" / name).symlink_to("busybox")
    fakes = REPOSITORY / "tests" / "it" / "support" / "fakes"
    shutil.copytree(fakes, root / str(fakes).lstrip("/"))
    subprocess.run(["cc", "-O1", "-w", "-o", str(root / "hostile"), str(fakes / "hostile.c")], check=True)
    write(root, "/bin/cc", COMPILER)
    write(root, "/init", INIT)
    write(root, "/etc/passwd", "root:x:0:0:root:/:/bin/sh\n")
    for folder in ("proc", "sys", "dev", "tmp"):
        (root / folder).mkdir()


def kernel(tools: Path) -> Path:
    """Returns the newest kernel of the distribution."""
    listed = subprocess.run(["apt-cache", "depends", KERNEL], capture_output=True, text=True).stdout
    found = re.search(r"Depends: (linux-image-\S+)", listed)
    expect("the distribution has a kernel for virtual machines", found, listed)
    tree = debian_tree(tools, KERNEL, [found[1]])
    return next((tree / "boot").glob("vmlinuz-*"))


def emulator(tools: Path) -> tuple[list[str], dict[str, str]]:
    """Returns the words that start the emulator, and its environment."""
    name = "qemu-system-x86_64"
    if shutil.which(name):
        return [name], dict(os.environ)
    tree = debian_closure(tools, "qemu-system-x86")
    lib = tree / "usr" / "lib" / "x86_64-linux-gnu"
    share = tree / "usr" / "share"
    return (
        [str(tree / "usr" / "bin" / name), "-L", str(share / "qemu"), "-L", str(share / "seabios")],
        {**os.environ, "LD_LIBRARY_PATH": f"{lib}:{tree / 'lib' / 'x86_64-linux-gnu'}"},
    )


def main() -> None:
    tools, tests = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    words, environment = emulator(tools)
    image = kernel(tools)
    with tempfile.TemporaryDirectory() as folder:
        root, initrd = Path(folder) / "root", Path(folder) / "initrd"
        root.mkdir()
        fill(root, tools, tests)
        files = subprocess.run(["find", "."], cwd=root, capture_output=True, check=True).stdout
        with initrd.open("wb") as out:
            archive = [str(root / "bin" / "busybox"), "cpio", "-o", "-H", "newc"]
            subprocess.run(archive, cwd=root, input=files, stdout=out, stderr=subprocess.DEVNULL, check=True)
        machine = [
            *words, "-m", "2048", "-smp", "2", "-cpu", "max", "-nographic", "-no-reboot", "-nic", "none",
            "-kernel", str(image), "-initrd", str(initrd), "-append", "console=ttyS0 panic=-1 quiet lsm=landlock",
        ]
        seen = subprocess.run(machine, env=environment, capture_output=True, text=True, errors="replace", timeout=900)
    expect("the kernel ends a run at its limit of memory", "test result: ok. 1 passed" in seen.stdout, seen.stdout + seen.stderr)
    expect("the test was not skipped", "skipped:" not in seen.stdout, seen.stdout)


if __name__ == "__main__":
    main()
