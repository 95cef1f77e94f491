#!/usr/bin/env python3
"""Times the open engine against its peers on the same data in one run and prints times, ratios and peak memory.

    cargo build --profile dist -p dofile --bin dofile

Every program has its data in memory before the clock starts. Engine and peers take turns, each in a process that has
nothing else to do; the best of all repetitions counts. The engine is timed by `timer` inside the do-file; the first run
of every peer (compilation of its kernels) is left out. Numbers of all programs are compared first: a fast wrong number
has no time. Memory is the largest resident set of the process, its libraries and data included.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings

from engine_tasks import TASKS, make

warnings.filterwarnings("ignore")


def is_left_out(task, only):
    return bool(only) and not any(part in task.name for part in only)


def run_engine(engine, folder, number, repeats):
    """Best time, shown numbers and peak memory of a task in a process of the engine."""
    task = TASKS[number]
    load = ["use bench.dta, clear", *task.before]
    lines = ["set linesize 200", *load]
    for _ in range(repeats):
        lines += ["timer clear 1", "timer on 1", f"quietly {task.command}", "timer off 1", "quietly timer list 1", 'display "TIME " %21.15g r(t1)']
        if task.command.startswith("tabulate"):
            lines += [f"quietly {task.command}"]
        if "total" in task.shown:
            lines += ["quietly summarize size", "scalar total = r(sum)"]
        lines += ['display "B " ' + ' " " '.join(f"%21.15g {shown}" for shown in task.shown)]
        lines += load if task.change else []
    with open(os.path.join(folder, "bench.do"), "w") as file:
        file.write("\n".join(lines) + "\n")
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", f'cd "{folder}" && exec "{engine}" -b do bench.do'], os.environ)
    _, status, used = os.wait4(pid, 0)
    with open(os.path.join(folder, "bench.log")) as file:
        text = file.read()
    if status != 0 or "\nr(" in text:
        sys.exit(f"the do-file of {task.name} stopped:\n" + text[-2000:])
    found = [line.split() for line in text.splitlines()]
    times = [float(words[1]) for words in found if words[:1] == ["TIME"]]
    numbers = [[float(word) for word in words[1:]] for words in found if words[:1] == ["B"]]
    return min(times), numbers[-1], used.ru_maxrss / 1024


def run_peer(name, folder, number, repeats):
    """The same of a peer, in a process of Python; nothing when its package is not installed."""
    command = [sys.executable, __file__, "--peer", name, "--task", str(number), "--folder", folder, "--repeats", str(repeats)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    answer = json.loads(done.stdout.splitlines()[-1])
    return None if "absent" in answer else (answer["time"], answer["numbers"], answer["memory"])


def be_peer(name, folder, number, repeats):
    """The process of a peer: one run to compile, then the timed ones."""
    import pandas as pd
    data = pd.read_pickle(os.path.join(folder, "bench.pkl"))
    try:
        work = TASKS[number].peers[name](data)
        work()
    except ImportError as missing:
        return print(json.dumps({"absent": str(missing)}))
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        numbers = work()
        times.append(time.perf_counter() - start)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"time": min(times), "numbers": [float(n) for n in numbers], "memory": memory}))


def write_data(folder, rows):
    import numpy as np
    import pandas as pd
    data = make(rows)
    data.to_stata(os.path.join(folder, "bench.dta"), write_index=False, version=118)
    data.to_pickle(os.path.join(folder, "bench.pkl"))
    firms = np.unique(data["firm"])
    pd.DataFrame({"firm": firms, "size": firms * 2.0}).to_stata(os.path.join(folder, "firms.dta"), write_index=False, version=118)


def differs(task, own, other):
    """Whether coefficients or standard errors differ by more than the limits of the task."""
    half = 2 if len(task.shown) == 4 else len(task.shown)
    pairs = list(zip(own, other))
    gaps = [abs(b / a - 1) if a != 0 else abs(b) for a, b in pairs]
    return any(gap > task.limits[0] for gap in gaps[:half]) or any(gap > task.limits[1] for gap in gaps[half:])


def start_up(engine, folder):
    """Milliseconds from starting the process to its end for a do-file of 30 lines."""
    body = ["clear", "set obs 100", "generate x = _n", "generate y = 2 * x + mod(_n, 7)", "regress y x", "summarize y x",
            "local a = 1", "display `a'", "foreach v in x y {", "quietly summarize `v'", "display r(mean)", "}"]
    body += [f"display {i}" for i in range(30 - len(body))]
    with open(os.path.join(folder, "start.do"), "w") as file:
        file.write("\n".join(body) + "\n")
    times = []
    for _ in range(21):
        start = time.perf_counter()
        subprocess.run([engine, "-b", "do", "start.do"], cwd=folder, check=True)
        times.append(time.perf_counter() - start)
    return min(times[1:]) * 1000


def report(path, *cells):
    """Appends a row: what, figure, peers, ratio (time of the engine / time of the best peer), aim."""
    with open(path, "a") as file:
        file.write("| " + " | ".join(cells) + " |\n")


def measure(options, engine, folder, number):
    """Best time and largest memory of the engine and of every peer, taking turns."""
    task, found = TASKS[number], {}
    peers = [] if options.no_peers else [name for name in task.peers if name not in options.without]
    for _ in range(options.rounds):
        runs = {"engine": run_engine(engine, folder, number, options.repeats)}
        runs |= {name: run_peer(name, folder, number, options.repeats) for name in peers}
        for name, run in runs.items():
            if run is None:
                continue
            seconds, numbers, memory = run
            before = found.get(name, (float("inf"), None, 0))
            found[name] = (min(seconds, before[0]), numbers, max(memory, before[2]))
    for name in peers:
        if name not in found:
            print(f"not measured: {task.name}, {name} (its package is missing)")
        elif differs(task, found["engine"][1], found[name][1]):
            print(f"DIFFERENT NUMBERS: {task.name}, {name}: {found['engine'][1]} {found[name][1]}")
    return found


def show(task, found, options):
    seconds, _, memory = found["engine"]
    peers = {name: run for name, run in found.items() if name != "engine"}
    cells = [task.name, f"{seconds:.3f}", f"{memory:.0f}"]
    cells.append("; ".join(f"{name} {run[0]:.3f}" for name, run in peers.items()))
    cells.append("; ".join(f"{run[2]:.0f}" for run in peers.values()))
    best = min((run[0] for run in peers.values()), default=None)
    cells.append(f"{seconds / best:.2f}" if best else "")
    print("| " + " | ".join(cells) + " |", flush=True)
    if options.report and best:
        met = "met" if seconds <= best else "**missed**"
        names = ", ".join(f"{name} {run[0]:.3f} s" for name, run in peers.items())
        report(options.report, f"open engine, {task.name}, {options.rows:,} rows", f"{seconds:.3f} s", names, f"{seconds / best:.2f}", f"≤ 1: {met}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", default="target/dist/dofile")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=2, help="timed runs in a process")
    parser.add_argument("--rounds", type=int, default=2, help="processes of each program, in turns")
    parser.add_argument("--only", action="append", default=[], help="part of a task's name; may be repeated")
    parser.add_argument("--without", action="append", default=[], help="a peer that is not run; may be repeated")
    parser.add_argument("--report", help="file to append rows of the common table to")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    parser.add_argument("--task", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--write", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        return write_data(options.folder, options.rows)
    if options.peer:
        return be_peer(options.peer, options.folder, options.task, options.repeats)
    engine = os.path.abspath(options.engine)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, __file__, "--write", "--folder", folder, "--rows", str(options.rows)], check=True)
        print(f"\n{options.rows:,} rows, best of {options.rounds} x {options.repeats}, {os.cpu_count()} cores\n")
        print("| task | engine, s | MB | peers, s | MB | engine / best peer |\n|---|---:|---:|---|---|---:|")
        for number, task in enumerate(TASKS):
            if not is_left_out(task, options.only):
                show(task, measure(options, engine, folder, number), options)
        start = start_up(engine, folder)
    print(f"\nstart to end of a do-file of 30 lines: {start:.1f} ms")
    if options.report:
        report(options.report, "open engine, start to end of a do-file of 30 lines", f"{start:.1f} ms", "", "", f"≤ 15 ms: {'met' if start <= 15 else '**missed**'}")


if __name__ == "__main__":
    main()
