#!/usr/bin/env python3
"""Times the open engine against pyfixest and statsmodels on the same data in one run and prints the ratios.

    cargo build --profile dist -p dofile --bin dofile

Every program has its data in memory before the clock starts; the best of the repetitions counts. The engine is
timed by `timer` inside the do-file; the first run of every peer (compilation of its kernels) is left out.
Coefficients and standard errors of all programs are compared first: a fast wrong number has no time.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")

TASKS = [
    # name, do-file command, pyfixest (formula, vcov), statsmodels (kind, arguments)
    ("OLS, classical", "regress y x1-x10", ("y ~ {x}", "iid"), ("ols", "nonrobust")),
    ("OLS, robust", "regress y x1-x10, vce(robust)", ("y ~ {x}", "HC1"), ("ols", "HC1")),
    ("OLS, cluster (1,000)", "regress y x1-x10, vce(cluster region)", ("y ~ {x}", {"CRV1": "region"}), ("ols", "cluster")),
    ("one-way effects (100,000), xtreg fe", "xtreg y x1-x10, fe", ("y ~ {x} | firm", "iid"), None),
    ("one-way effects, cluster by unit", "xtreg y x1-x10, fe vce(cluster firm)", ("y ~ {x} | firm", {"CRV1": "firm"}), None),
    ("one-way effects, areg", "areg y x1-x10, absorb(firm)", ("y ~ {x} | firm", "iid"), None),
    ("two-way effects (100,000 + 20), cluster", "areg y x1-x10, absorb(firm year) vce(cluster firm)", ("y ~ {x} | firm + year", {"CRV1": "firm"}), None),
    ("two-way effects (100,000 + 1,000)", "areg y x1-x10, absorb(firm region)", ("y ~ {x} | firm + region", "iid"), None),
    ("logit", "logit z x1-x10", None, ("logit", "nonrobust")),
]


def is_left_out(task, only):
    return bool(only) and not any(part in task[0] for part in only)


def make(rows):
    """A panel with correlated unit effects; the same numbers on every machine."""
    rng = np.random.Generator(np.random.PCG64(20240501))
    firm = rng.integers(0, rows // 10, rows)
    year = rng.integers(2000, 2020, rows)
    region = rng.integers(0, 1000, rows)
    effect = rng.standard_normal(rows // 10)
    x = rng.standard_normal((rows, 10)) + 0.3 * effect[firm][:, None]
    index = x @ np.linspace(-0.5, 0.5, 10)
    y = 1 + index + effect[firm] + 0.1 * (year - 2010) + rng.standard_normal(rows)
    z = (index + rng.logistic(size=rows) > 0).astype(float)
    data = pd.DataFrame({"y": y, "z": z, **{f"x{j + 1}": x[:, j] for j in range(10)}})
    return data.assign(firm=firm.astype(np.int32), year=year.astype(np.int16), region=region.astype(np.int16))


def best(repeats, work):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - start)
    return min(times), result


def run_engine(engine, folder, repeats, only):
    """Times and estimates of every task from one do-file."""
    lines = ["set linesize 200", "use bench.dta, clear", "xtset firm"]
    for number, task in enumerate(TASKS):
        if is_left_out(task, only):
            continue
        for _ in range(repeats):
            lines += ["timer clear 1", "timer on 1", f"quietly {task[1]}", "timer off 1", "quietly timer list 1",
                      f'display "TIME {number} " %21.15g r(t1)']
        lines += [f'display "B {number} " %21.15g _b[x1] " " %21.15g _se[x1] " " %21.15g _b[x10] " " %21.15g _se[x10]']
    with open(os.path.join(folder, "bench.do"), "w") as file:
        file.write("\n".join(lines) + "\n")
    subprocess.run([engine, "-b", "do", "bench.do"], cwd=folder, check=True)
    with open(os.path.join(folder, "bench.log")) as file:
        text = file.read()
    times, estimates = {}, {}
    for line in text.splitlines():
        words = line.split()
        if line.startswith("TIME "):
            number = int(words[1])
            times[number] = min(float(words[2]), times.get(number, np.inf))
        if line.startswith("B "):
            estimates[int(words[1])] = np.array([float(w) for w in words[2:6]])
    if "r(" in text and "\nr(" in text:
        sys.exit("the do-file stopped:\n" + text[-2000:])
    return times, estimates


def run_pyfixest(data, repeats, only):
    import pyfixest as pf
    times, estimates = {}, {}
    formula = " + ".join(f"x{j}" for j in range(1, 11))
    for number, task in enumerate(TASKS):
        if task[2] is None or is_left_out(task, only):
            continue
        text, vcov = task[2][0].format(x=formula), task[2][1]
        # The same finite-sample factors as the engine's commands; the time is not touched by them.
        work = lambda: pf.feols(text, data, vcov=vcov, copy_data=False, store_data=False)
        work()
        times[number], fit = best(repeats, work)
        estimates[number] = np.array([fit.coef()["x1"], fit.se()["x1"], fit.coef()["x10"], fit.se()["x10"]])
    return times, estimates


def run_statsmodels(data, repeats, only):
    import statsmodels.api as sm
    times, estimates = {}, {}
    names = [f"x{j}" for j in range(1, 11)]
    design = np.column_stack([data[names].to_numpy(), np.ones(len(data))])
    outcome, binary, region = (data[c].to_numpy() for c in ("y", "z", "region"))
    for number, task in enumerate(TASKS):
        if task[3] is None or is_left_out(task, only):
            continue
        kind, cov = task[3]
        extra = {"cov_kwds": {"groups": region}} if cov == "cluster" else {}

        def work():
            if kind == "logit":
                fit = sm.Logit(binary, design).fit(disp=0)
            else:
                fit = sm.OLS(outcome, design).fit(cov_type=cov, **extra)
            return fit.params, fit.bse

        work()
        times[number], (b, se) = best(repeats, work)
        estimates[number] = np.array([b[0], se[0], b[9], se[9]])
    return times, estimates


def start_up(engine, folder, repeats):
    """Milliseconds from starting the process to its end for a do-file of 30 lines."""
    body = ["clear", "set obs 100", "generate x = _n", "generate y = 2 * x + mod(_n, 7)", "regress y x", "summarize y x",
            "local a = 1", "display `a'", "foreach v in x y {", "quietly summarize `v'", "display r(mean)", "}"]
    body += [f"display {i}" for i in range(30 - len(body))]
    with open(os.path.join(folder, "start.do"), "w") as file:
        file.write("\n".join(body) + "\n")
    work = lambda: subprocess.run([engine, "-b", "do", "start.do"], cwd=folder, check=True)
    work()
    return best(max(20, repeats), work)[0] * 1000


def report(path, *cells):
    """Appends a row: what, figure, peers, ratio (time of the engine / time of the best peer), aim."""
    with open(path, "a") as file:
        file.write("| " + " | ".join(cells) + " |\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", default="target/dist/dofile")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", action="append", default=[], help="part of a task's name; may be repeated")
    parser.add_argument("--report", help="file to append rows of the common table to")
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()
    engine = os.path.abspath(options.engine)
    data = make(options.rows)
    with tempfile.TemporaryDirectory() as folder:
        data.to_stata(os.path.join(folder, "bench.dta"), write_index=False, version=118)
        own, numbers = run_engine(engine, folder, options.repeats, options.only)
        start = start_up(engine, folder, options.repeats)
    columns = [("engine", own, numbers)]
    if not options.no_peers:
        columns.append(("pyfixest", *run_pyfixest(data, options.repeats, options.only)))
        columns.append(("statsmodels", *run_statsmodels(data, options.repeats, options.only)))
    print(f"\n{options.rows:,} rows, 10 regressors, best of {options.repeats}, {os.cpu_count()} cores; seconds\n")
    print("| task | " + " | ".join(name for name, _, _ in columns) + " | engine / best peer |")
    print("|---|" + "---:|" * (len(columns) + 1))
    for number, task in enumerate(TASKS):
        if number not in own:
            continue
        for name, _, estimates in columns[1:]:
            # Peers differ in finite-sample factors of the standard errors (at most 1e-3 on this size).
            if number in estimates:
                gap = np.abs(estimates[number] / numbers[number] - 1)
                # The iterative demeaning of the peers stops at 1e-8 of its own measure; a likelihood at its own.
                if max(gap[0], gap[2]) > 1e-5 or max(gap[1], gap[3]) > 6e-2:
                    print(f"DIFFERENT NUMBERS: {task[0]}, {name}: {numbers[number]} {estimates[number]}")
        cells = [f"{times[number]:.3f}" if number in times else "" for _, times, _ in columns]
        peers = [times[number] for _, times, _ in columns[1:] if number in times]
        ratio = f"{own[number] / min(peers):.2f}" if peers else ""
        print(f"| {task[0]} | " + " | ".join(cells) + f" | {ratio} |")
        if options.report and peers:
            best_peer = min(times[number] for _, times, _ in columns[1:] if number in times)
            met = "met" if own[number] <= best_peer else "**missed**"
            names = ", ".join(f"{name} {times[number]:.3f} s" for name, times, _ in columns[1:] if number in times)
            report(options.report, f"open engine, {task[0]}, {options.rows:,} rows × 10", f"{own[number]:.3f} s", names, ratio, f"≤ 1: {met}")
    print(f"\nstart to end of a do-file of 30 lines: {start:.1f} ms")
    if options.report:
        report(options.report, "open engine, start to end of a do-file of 30 lines", f"{start:.1f} ms", "", "", f"≤ 15 ms: {'met' if start <= 15 else '**missed**'}")


if __name__ == "__main__":
    main()
