"""Runs templates of the library in a batch engine and compares them with their golden numbers.

Usage: python3 scripts/checks/compare_golden.py [--engine "COMMAND -q -b do main.do"] [--keep DIR]
[--failures] [template ids]. Every sample run and variant, and with --failures every failure case
that reaches the engine, is run with a preamble like the service's. Exit status 1 on a difference.
"""

import argparse
import csv
import json
import re
import shlex
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path
from urllib.parse import unquote

import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "assets" / "stata_do_library"
KEY = "0123456789abcdef"


def load_frame(source) -> pd.DataFrame:
    """Reads a data set; ISO dates become dates, whole numbers with gaps stay numbers."""
    frame = pd.read_csv(source, keep_default_na=False, na_values=[""], dtype_backend="numpy_nullable")
    for name in frame.columns:
        column = frame[name]
        if pd.api.types.is_string_dtype(column.dtype) and column.notna().any():
            if column.dropna().str.fullmatch(r"\d{4}-\d{2}-\d{2}").all():
                frame[name] = pd.to_datetime(column)
            else:
                frame[name] = column.fillna("").astype(object)
        elif not pd.api.types.is_datetime64_any_dtype(column.dtype):
            whole = column.notna().all() and pd.api.types.is_integer_dtype(column.dtype)
            frame[name] = column.astype("int64") if whole else column.astype("float64")
    return frame


def encode(parameter: dict, value, categorical: set) -> list[str]:
    """The locals of one parameter, as analyses.md 3.3 encodes them."""
    name, kind = parameter["name"], parameter["type"]
    names = [] if value is None else value if isinstance(value, list) else [value]
    if kind in ("varname", "varlist"):
        marked = [f"i.{v}" if v in categorical else v for v in names]
        return [f'local p_{name} "{" ".join(names)}"', f'local p_{name}_fv "{" ".join(marked)}"']
    if kind == "boolean":
        value = "" if value is None else int(bool(value))
    return [f'local p_{name} "{"" if value is None else value}"']


def do_file(meta: dict, parameters: dict, categorical: set, ado: Path) -> str:
    """Preamble, body byte for byte and closing lines."""
    lines = [
        "set linesize 255", f'display "SS_EVENT|begin|run=r1|nonce={KEY}"',
        f'version {meta["stata"]["min_version"]}', "clear all", f'global SS_KEY "{KEY}"',
        "set more off", "set rmsg off", "set trace off", "set dp period", "set type float",
        "set level 95", "set varabbrev off", "if c(MP) set processors 2", "set max_memory 900m",
        f'global S_ADO `"BASE;{ado}"\'', 'sysdir set PLUS "empty"', 'sysdir set PERSONAL "empty"',
        "discard", "quietly mata: mata mlib index", "set scheme ss", "set rng default", "set seed 1",
        "set sortseed 1", f'local ss_template "{meta["id"]}"',
    ]
    condition = None
    for parameter in meta["parameters"]:
        value = parameters.get(parameter["name"], parameter.get("default"))
        if parameter["name"] == "sample_if":
            condition = value
        else:
            lines += encode(parameter, value, categorical)
    lines += ['use "data.dta", clear', "generate byte ss_use = 0"]
    lines.append(f"replace ss_use = 1{f' if ({condition})' if condition else ''}")
    lines += ["quietly count", "ss_event metric name=n_total value=`r(N)'", "quietly count if ss_use",
              "ss_event metric name=n_selected value=`r(N)'"]
    body = (LIBRARY / meta["body"]["file"]).read_text(encoding="utf-8")
    return "\n".join(lines) + "\n" + body + f'\ndisplay "SS_EVENT|end|nonce={KEY}"\nexit, clear\n'


def run(engine: list[str], folder: Path, meta: dict, frame: pd.DataFrame, parameters: dict, categorical: set):
    """Runs one analysis; returns the log and its anchors as (kind, fields)."""
    folder.mkdir(parents=True, exist_ok=True)
    dates = {c: "td" for c in frame.columns if pd.api.types.is_datetime64_any_dtype(frame[c].dtype)}
    frame.to_stata(folder / "data.dta", write_index=False, version=118, convert_dates=dates)
    script = do_file(meta, parameters, categorical, LIBRARY / "ado")
    (folder / "main.do").write_text(script, encoding="utf-8")
    done = subprocess.run(engine, cwd=folder, capture_output=True, timeout=300, check=False)
    log_path = folder / "main.log"
    log = log_path.read_text(encoding="utf-8", errors="replace") if log_path.exists() else done.stderr.decode()
    anchors = []
    for line in log.splitlines():
        if line.startswith("SS_EVENT|"):
            parts = line.split("|")
            fields = dict(p.split("=", 1) for p in parts[2:] if "=" in p)
            anchors.append((parts[1], {k: unquote(v) for k, v in fields.items()}))
    return log, anchors


def close(got: str, expected, tolerance: float) -> bool:
    """Compares a CSV cell with an expected value; relative, absolute below one."""
    if expected is None:
        return got in ("", ".")
    if isinstance(expected, str):
        return got == expected
    try:
        value = float(got)
    except ValueError:
        return False
    return abs(value - expected) <= tolerance * max(abs(expected), 1e-300) or abs(value - expected) < 1e-13


def cell_key(value) -> str:
    """A key cell as text; whole numbers without a decimal part on both sides."""
    return f"{value:.0f}" if isinstance(value, float) else str(value)


def compare(folder: Path, meta: dict, expected: dict, tolerance: dict, anchors) -> list[str]:
    """Differences of one run: declared outputs, headers, every expected cell and metric."""
    wrong = []
    for output in meta["outputs"]:
        path = folder / output["file"]
        if output["required"] and (not path.exists() or path.stat().st_size == 0):
            wrong.append(f"{output['file']}: absent or empty")
        elif output["format"] == "csv" and path.exists():
            header = next(csv.reader(path.open(encoding="utf-8")))
            declared = [c["name"] for c in output["columns"]]
            if header != declared:
                wrong.append(f"{output['file']}: header {header}, declared {declared}")
    for file, table in expected["tables"].items():
        if not (folder / file).exists():
            continue
        rows = list(csv.DictReader((folder / file).open(encoding="utf-8")))
        if table["key"]:
            index = {tuple(cell_key(r[k]) for k in table["key"]): r for r in rows}
        else:
            index = {(str(i),): r for i, r in enumerate(rows)}
        partial = file in ("table_fit.csv",)
        if not partial and len(rows) != len(table["rows"]):
            wrong.append(f"{file}: {len(rows)} rows, expected {len(table['rows'])}: {sorted(index)}")
        for number, row in enumerate(table["rows"]):
            key = tuple(cell_key(row[k]) for k in table["key"]) or (str(number),)
            got = index.get(key)
            if got is None:
                wrong.append(f"{file}: no row {key}")
                continue
            for column, value in row.items():
                limit = tolerance.get(key[-1], tolerance.get(column, tolerance["default"]))
                if column not in table["key"] and not close(got.get(column, ""), value, limit):
                    wrong.append(f"{file} {key} {column}: got {got.get(column)!r}, expected {value!r}")
    metrics = {f["name"]: f["value"] for kind, f in anchors if kind == "metric" and "name" in f}
    for name in [*meta["metrics"], "n_total", "n_selected"]:
        if name not in metrics:
            wrong.append(f"metric {name} is absent")
    for name, value in expected["metrics"].items():
        if not close(metrics.get(name, ""), value, tolerance.get(name, tolerance["default"])):
            wrong.append(f"metric {name}: got {metrics.get(name)!r}, expected {value!r}")
    steps = [f["name"] for kind, f in anchors if kind == "step" and f["status"] == "ok"]
    if steps != meta["anchors"]["steps"]:
        wrong.append(f"steps {steps}, declared {meta['anchors']['steps']}")
    checks = {f["id"] for kind, f in anchors if kind == "check"}
    undeclared = checks - {c["id"] for c in meta["checks"]}
    if undeclared:
        wrong.append(f"undeclared checks {sorted(undeclared)}")
    return wrong


def error_of(log: str) -> str | None:
    """The return code of a log that ended with an error."""
    found = re.findall(r"^r\((\d+)\);", log, re.M)
    return found[-1] if found else None


def golden_runs(engine, base: Path, meta: dict) -> int:
    """Runs the sample run and its variants; prints and counts the runs that differ."""
    expected = json.loads((LIBRARY / meta["oracle"]["expected"]).read_text(encoding="utf-8"))
    frame = load_frame(LIBRARY / meta["sample_data"]["file"])
    categorical = set(meta["sample_data"].get("categorical", []))
    failed = 0
    for number, part in enumerate([expected, *expected.get("variants", [])]):
        name = part.get("name", "sample run")
        folder = base / f"{meta['id']}.{number}"
        parameters = meta["sample_data"]["parameters"] | part.get("parameters", {})
        parameters = {k: v for k, v in parameters.items() if v is not None}
        log, anchors = run(engine, folder, meta, frame, parameters, categorical)
        wrong = compare(folder, meta, part, expected["tolerance"], anchors)
        if error_of(log) or not any(kind == "end" for kind, _ in anchors):
            wrong.insert(0, "log ends with: " + " / ".join(log.rstrip().splitlines()[-6:]))
        print(f"{'FAIL' if wrong else 'ok  '} {meta['id']}: {name}")
        for line in wrong[:12]:
            print(f"       {line}")
        failed += bool(wrong)
    return failed


def failure_runs(engine, base: Path, meta: dict) -> int:
    """Runs the failure cases that reach the engine; prints and counts those that end otherwise."""
    cases = json.loads((ROOT / "tests/fixtures/templates" / f"{meta['id']}.failures.json").read_text(encoding="utf-8"))
    failed = 0
    for number, part in enumerate(cases):
        expect = part["expect"]
        if "cause" not in expect:
            continue
        source = StringIO(part["data"]["csv"]) if "csv" in part["data"] else LIBRARY / part["data"]["file"]
        folder = base / f"{meta['id']}.failure{number}"
        log, anchors = run(engine, folder, meta, load_frame(source), part["parameters"], set())
        fails = {f["id"] for kind, f in anchors if kind == "check" and f["status"] == "fail"}
        right = error_of(log) is not None and not any(kind == "end" for kind, _ in anchors)
        if "check" in expect:
            right = right and fails == {expect["check"]}
        if "rc" in expect:
            right = right and error_of(log) == str(expect["rc"])
        print(f"{'ok  ' if right else 'FAIL'} {meta['id']}: failure: {part['name']}")
        if not right:
            print(f"       fails {fails}, r({error_of(log)}): {' / '.join(log.rstrip().splitlines()[-5:])}")
        failed += not right
    return failed


def main() -> int:
    """Parses the arguments and runs the chosen templates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ids", nargs="*")
    parser.add_argument("--engine", default="dofile -q -b do main.do")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--failures", action="store_true")
    args = parser.parse_args()
    engine = shlex.split(args.engine)
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        base = args.keep or Path(scratch)
        for path in sorted((LIBRARY / "meta").glob("*.meta.json")):
            meta = json.loads(path.read_text(encoding="utf-8"))
            if args.ids and meta["id"] not in args.ids:
                continue
            failed += golden_runs(engine, base, meta)
            if args.failures:
                failed += failure_runs(engine, base, meta)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
