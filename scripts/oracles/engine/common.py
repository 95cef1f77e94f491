"""Writes the oracle cases of the open engine: data as CSV, cases as JSON, one case per line.

A case has a name, a data file, a do-file, expected values by expression, a relative tolerance and its
source. Numbers come from published Stata output that statsmodels and linearmodels ship with their tests,
or are computed by those packages and scipy. Run `python scripts/oracles/engine/make_all.py` after a
change; nothing here is run by the tests.
"""

import json
import math
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3] / "crates/dofile/tests/oracles"


class Cases:
    """Cases of one file."""

    def __init__(self, name, source):
        self.name, self.source, self.cases = name, source, []

    def add(self, name, data, do, expect, tol=1e-8, source=None):
        clean = {k: float(v) for k, v in expect.items() if v is not None and math.isfinite(float(v))}
        assert clean, name
        case = {"name": name, "data": data, "do": do, "expect": clean, "tol": tol}
        if source:
            case["source"] = source
        self.cases.append(case)

    def write(self):
        path = ROOT / "cases" / f"{self.name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = ",\n".join("  " + json.dumps(c) for c in self.cases)
        path.write_text('{"source": %s,\n "cases": [\n%s\n]}\n' % (json.dumps(self.source), lines))
        print(self.name, len(self.cases))


def write_data(name, frame):
    """Writes a data frame with every digit."""
    path = ROOT / "data" / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, index=False, float_format="%.17g")


def coefficients(params, names=None, what=("_b", "_se"), prefix=""):
    """Expectations from rows (name -> sequence of numbers in the order of `what`)."""
    out = {}
    for name, values in params.items():
        shown = (names or {}).get(name, name)
        for kind, value in zip(what, values):
            out[f"{prefix}{kind}[{shown}]"] = value
    return out
