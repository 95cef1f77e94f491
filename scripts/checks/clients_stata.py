#!/usr/bin/env python3
"""The ado-file against a running service, run by the open engine.

Usage: clients_stata.py PROGRAM ADDRESS KEY. The engine runs no shell and has no fileread(), so two programs of the
ado-file are replaced, each of one line: `shell curl -q -K file` hands the file to this script, which runs the same curl,
and the response is read line by line. Everything else, with every request and its body, is the ado-file's. Stata itself and
those two lines are not run. Ends with 77 where there is no curl.
"""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from pathlib import Path

import tools
from tools import NOT_HERE

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "clients" / "stata"
PAY = ROOT / "assets/stata_do_library/datasets/pay.csv"
REPLACED = """
version 16
run statasvc.ado
program drop _statasvc_curl _statasvc_read
program define _statasvc_curl
    args config
    tempname h
    file open `h' using "bridge.new", write text replace
    file write `h' `"`config'"' _n
    file close `h'
    copy bridge.new bridge.request
    local there 0
    while !`there' {
        sleep 10
        capture confirm file bridge.request
        local there = _rc != 0
    }
end
program define _statasvc_read
    args file
    tempname h
    file open `h' using `"`file'"', read text
    file read `h' line
    file close `h'
    scalar statasvc_body = `"`macval(line)'"'
end
"""
JOURNEY = """
do example.do "{address}" "{code}" "{data}" results
assert r(filename) == "results/pay.zip"
statasvc findings, language(zh)
assert r(findings) == 2
count
assert r(N) == 3
generate double checked = estimate if term == "schooling"
summarize checked
display "SLOPE " %21.17g r(mean)
statasvc batch linear.ols_robust, outcome(log_pay) regressors(schooling) ///
    controlsets(none; years_work; years_work female) samples(all; age > 30; region == "{region}")
assert r(status) == "succeeded" & r(ended) == 9
statasvc compare using results/comparison.csv, clear term(schooling)
count if term == "schooling"
assert r(N) == 9
statasvc compare using results/curve.png
capture noisily statasvc compare using results/curve.png
assert _rc == 602
capture noisily statasvc batch linear.ols_robust, outcome(log_pay) regressors(schooling)
assert _rc == 198
clear
set obs 40
generate x = mod(_n * 7, 11)
generate y = 2 * x + mod(_n, 3)
statasvc ask "Does y follow x?", code({second})
capture noisily statasvc run
assert _rc == 9
capture noisily statasvc run linear.ols_robust, outcome(y) regressors(x)
display "REFUSED " _rc " $STATASVC_ERROR"
statasvc upload
assert r(rows) == 40
assert _N == 40
statasvc ask "What goes with higher pay?", code({third})
statasvc upload using "totals.csv"
assert r(rows) == 13 & r(remarks) == 1
statasvc upload using "{data}"
assert r(remarks) == 0
statasvc run
display "DRAFTED `r(status)'"
capture noisily statasvc run linear.ols_robust, outcome(log_pay) regressors(schooling) where(region == "Nroth")
statasvc ask "Does y follow x?", code({second})
statasvc ask "Does y rise with x? A \\\\ and 'quotes'"
statasvc run linear.ols_robust, outcome(y) roles(regressors=x) where(x > 1)
assert "`r(status)'" == "succeeded"
statasvc status
assert "`r(status)'" == "succeeded"
capture noisily statasvc run linear.ols_robust, outcome(nosuch) regressors(x)
display "REFUSED " _rc " $STATASVC_ERROR"
statasvc upload using "{data}"
assert r(rows) == 800
clear
set obs 240
generate firm = ceil(_n / 6)
generate year = 2000 + mod(_n, 6)
generate x = mod(firm * 13 + year * 7, 17)
generate y = mod(firm * 37 + year * 11, 29)
generate row = 1000 + _n
statasvc ask "How does y go with x?", code({fourth})
statasvc upload
statasvc run linear.ols_cluster, outcome(y) roles(regressors=x;cluster_var=row)
assert r(warnings) >= 1
statasvc run linear.ols_robust, outcome(y) regressors(x) controls(year) categorical(year) base(year=2003)
statasvc fetch, saving(levels) clear
count if strpos(term, ".year")
assert r(N) == 5
count if term == "2003.year"
assert r(N) == 0
statasvc run linear.quantile, outcome(y) regressors(x) parameters(quantiles=0.25 0.5; bootstrap=true; reps=20; seed=1)
assert "`r(status)'" == "succeeded"
clear
set obs 40000
generate y = mod(_n * 7919, 1009)
generate x = mod(_n * 31, 97)
statasvc upload
capture noisily statasvc run linear.quantile, outcome(y) regressors(x) parameters(bootstrap=true; reps=1000; seed=1) wait(1)
assert _rc == 9
capture noisily statasvc upload
display "BUSY " _rc
statasvc cancel
capture noisily statasvc wait
assert _rc == 9
display "CANCELLED"
keep in 1/200
statasvc upload
capture noisily statasvc run linear.quantile, outcome(y) regressors(x) parameters(quantiles=1.5 1.6)
display "FAILED " _rc
global STATASVC_URL "http://127.0.0.1:1"
capture noisily statasvc status
display "AWAY " _rc
display "END"
"""


def expect(promise: str, holds: object) -> None:
    tools.expect(f"ado: {promise}", holds)


def task_code(address: str, key: str) -> str:
    request = urllib.request.Request(
        f"{address}/v1/admin/task-codes", data=b'{"count":1}',
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return str(json.load(answer)["task_codes"][0]["task_code"])


def serve_bridge(engine: subprocess.Popen[bytes], folder: Path) -> list[str]:
    """Runs curl for each request of the engine until it ends; returns what was in the configurations."""
    request, seen = folder / "bridge.request", []
    deadline = time.monotonic() + 300
    while engine.poll() is None:
        if time.monotonic() > deadline:
            engine.kill()
            sys.exit("clients_stata: the engine does not end")
        if not request.exists() or not request.read_text("utf-8").endswith("\n"):
            time.sleep(0.005)
            continue
        config = request.read_text("utf-8").strip()
        seen.append(Path(config).read_text("utf-8"))
        subprocess.run(["curl", "-q", "-K", config], check=False, cwd=folder)
        into = folder / next(line.split('"')[1] for line in seen[-1].splitlines() if line.startswith("output"))
        if into.exists() and into.suffix != ".part":
            # the replaced reader expands macros, which fileread() does not
            into.write_bytes(into.read_bytes().translate(bytes.maketrans(b"`$'", b"???")))
        request.unlink()
    return seen


def main() -> None:
    program, address, key = Path(sys.argv[1]).resolve(), sys.argv[2], sys.argv[3]
    if shutil.which("curl") is None:
        print("  not run: the ado-file needs curl")
        sys.exit(NOT_HERE)
    packed = [line[2:] for line in (CLIENT / "statasvc.pkg").read_text("utf-8").splitlines() if line.startswith("f ")]
    expect("the package lists files that are there", packed and all((CLIENT / file).is_file() for file in packed))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in ("statasvc.ado", "example.do"):
            shutil.copy(CLIENT / file, folder)
        shutil.copy(PAY, folder / "pay data.csv")
        shops = "".join(f"Shop {i},{i * 7 % 11},{i * 5 % 13}\n" for i in range(1, 13))
        (folder / "totals.csv").write_text(f"shop,staff,sales\n{shops}Total,,{sum(i * 5 % 13 for i in range(1, 13))}\n")
        with PAY.open(newline="") as table:
            rows = list(csv.DictReader(table))
        region = rows[0]["region"]
        script = REPLACED + JOURNEY.format(
            address=f"{address}/", code=task_code(address, key), second=task_code(address, key),
            third=task_code(address, key), fourth=task_code(address, key), data="pay data.csv", region=region
        )
        (folder / "journey.do").write_text(script, "utf-8")
        engine = subprocess.Popen([program, "dofile", "-b", "do", "journey.do"], cwd=folder)
        seen = serve_bridge(engine, folder)
        log = (folder / "journey.log").read_text("utf-8")
        ended = "\nEND\n" in log
        expect(f"the journey of the example runs {'' if ended else log[-1500:]}", ended)
        results = {path.name for path in (folder / "results").iterdir()}
        expect("the findings are sentences in both languages", "\n- If schooling is 1 higher, log_pay is on average" in log
               and "\n- schooling 每高 1，log_pay 平均高" in log)
        expect("an upload tells what needs a look", '\nremark: row 14 holds "Total" in shop: a row of totals' in log)
        expect("fetch brings tables, figure and log",
               {"table_coefficients.csv", "table_fit.csv", "fig_coef_plot.svg", "main.log"} <= results)
        row = next(line for line in (folder / "results" / "table_coefficients.csv").read_text().splitlines() if "schooling" in line)
        slope = next(line.split()[1] for line in log.splitlines() if line.startswith("SLOPE"))
        expect("and loads the coefficients", abs(float(slope) - float(row.split(",")[2])) < 1e-12)
        with (folder / "results" / "comparison.csv").open(newline="") as table:
            compared = [line for line in csv.DictReader(table) if line["term"] == "schooling"]
        sizes = {line["name"]: int(line["N"]) for line in compared}
        older = sum(1 for line in rows if line["age"] and float(line["age"]) > 30 and line["log_pay"] and line["schooling"])
        expect("a batch has the rows of its samples", len(sizes) == 9 and older in sizes.values())
        expect("and its curve", (folder / "results" / "curve.png").read_bytes().startswith(b"\x89PNG"))
        with zipfile.ZipFile(folder / "results" / "pay.zip") as capsule:
            expect("the capsule is whole", capsule.testzip() is None)
        refused = [line.split()[1:] for line in log.splitlines() if line.startswith("REFUSED")]
        expect("an error of the service stops with r(9) and its code",
               [code for _, code in refused] == ["INPUTS_MISSING", "CONTRACT_COLUMN_NOT_FOUND"] and {rc for rc, _ in refused} == {"9"})
        expect("a run without a template waits for the model's draft",
               "\nthe model writes a draft" in log and "\nDRAFTED succeeded" in log)
        expect("a refusal is told to its end, with the words in quotes", 'satisfies region == "Nroth"; compare' in log)
        expect("the warnings of a plan are shown", "\nwarning: row has another value in each row" in log)
        expect("a run under way is named, and what helps", "\na run is under way; statasvc wait" in log and "\nBUSY 9" in log)
        expect("a cancelled run ends the waiting", "\ncancelled\n" in log and "\nCANCELLED" in log)
        expect("a failed run has its cause", "\nthe run failed: data_error (bounds_order)" in log and "\nFAILED 9" in log)
        expect("a service that is away is r(677)", "\nAWAY 677" in log)
        expect("the token is in files only, never in a command", all("ssv1." not in line for line in log.splitlines()))
        expect("every POST has its own idempotency key", _keys_differ(seen))


def _keys_differ(configurations: list[str]) -> bool:
    posts = [text for text in configurations if 'request = "POST"' in text]
    keys = [line for text in posts for line in text.splitlines() if "Idempotency-Key" in line]
    return len(keys) == len(posts) == len(set(keys)) > 5


if __name__ == "__main__":
    main()
