#!/usr/bin/env python3
"""Processor time and memory of reading a workbook and a Stata file, beside the best readers of Python.

    cargo bench --bench ingest --no-run
    scripts/bench/readers.py target/release/deps/ingest-*

The peers read the file into a data frame, without the time of importing them. The service does more: it infers types,
describes columns, searches for mistakes and writes canonical data with its hash; its whole process is counted. Each is
a process that has nothing else to do; programs take turns, and the best of three runs counts. Needs numpy, pandas,
openpyxl, pyreadstat and python-calamine.
"""

import os
import subprocess
import sys
import tempfile

PEERS = {
    "b.xlsx": ["pandas with openpyxl", "pandas with calamine"],
    "b.dta": ["pandas", "pyreadstat"],
}
ROWS = {"b.xlsx": 100_000, "b.dta": 1_000_000}
TURNS = 3

READ = """
import resource, sys
import pandas
if sys.argv[1] == "pyreadstat":
    import pyreadstat
if sys.argv[1] == "pandas with openpyxl":
    import openpyxl
if sys.argv[1] == "pandas with calamine":
    import python_calamine
def used():
    now = resource.getrusage(resource.RUSAGE_SELF)
    return now.ru_utime + now.ru_stime
before = used()
if sys.argv[1] == "pyreadstat":
    rows = len(pyreadstat.read_dta(sys.argv[2])[0])
elif sys.argv[1] == "pandas":
    rows = len(pandas.read_stata(sys.argv[2]))
else:
    rows = len(pandas.read_excel(sys.argv[2], engine=sys.argv[1].split()[-1]))
print(used() - before, rows)
"""


def make(folder):
    """A workbook and a Stata file with codes, dates, whole numbers, fractions, texts."""
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(7)
    count = ROWS["b.dta"]
    number = np.arange(count)
    frame = pd.DataFrame({
        "firm": [f"{n // 20 % 900_000:06d}" for n in number],
        "year": 2000 + number % 20,
        "day": pd.Timestamp("2000-01-01") + pd.to_timedelta(random.integers(0, 7000, count), unit="D"),
        "staff": random.integers(0, 50_000, count),
        "sales": (random.random(count) * 1e7).round(2),
        "ratio": random.random(count).round(6),
        "margin": random.random(count) - 0.5,
        "province": random.choice(["北京", "上海", "广东", "Zhejiang", "Sichuan"], count),
        "name": [f"Company, no. {n}" for n in random.integers(0, 5000, count)],
        "listed": random.integers(0, 2, count),
    })
    frame.to_stata(os.path.join(folder, "b.dta"), write_index=False, version=118)
    frame.head(ROWS["b.xlsx"]).to_excel(os.path.join(folder, "b.xlsx"), index=False)


def run(command):
    """Output, processor time and peak memory in MB of a process."""
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, stdout=out)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = status
        out.seek(0)
        text = out.read().decode()
    if status != 0:
        sys.exit(f"{command[:2]} failed: {text}")
    return text, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main():
    if sys.argv[1] == "--make":
        make(sys.argv[2])
        return
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        # in another process: a child's peak memory is never less than what its parent had when it began
        run([sys.executable, __file__, "--make", folder])
        for name, peers in PEERS.items():
            path = os.path.join(folder, name)
            best = {}
            for _ in range(TURNS):
                text, seconds, memory = run([program, path])
                found = {"service": (seconds, memory, int(text))}
                for peer in peers:
                    text, _, memory = run([sys.executable, "-c", READ, peer, path])
                    seconds, rows = text.split()
                    found[peer] = (float(seconds), memory, int(rows))
                for who, (seconds, memory, rows) in found.items():
                    if rows != ROWS[name]:
                        sys.exit(f"{who} has read {rows} rows of {ROWS[name]}")
                    best[who] = min(best.get(who, (seconds, memory)), (seconds, memory))
            own = best.pop("service")
            shown = "; ".join(f"{who} {s:.2f} s, {m:.0f} MB ({own[0] / s:.2f})" for who, (s, m) in best.items())
            print(f"| ingest of {name[2:]}, {ROWS[name]:,} rows × 10 | {own[0]:.2f} s, {own[1]:.0f} MB | {shown} |")


if __name__ == "__main__":
    main()
