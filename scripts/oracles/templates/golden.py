"""Helpers of the golden-number scripts: data access, Stata-style terms, JSON writing.

Numbers are computed by the scripts beside it, never here.
"""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd

DATA = Path(__file__).resolve().parents[3] / "assets" / "stata_do_library" / "datasets"


def read(name: str) -> pd.DataFrame:
    """Reads a sample data set."""
    return pd.read_csv(DATA / name, keep_default_na=False, na_values=[""])


def clean(value):
    """Makes a value fit for JSON: missing becomes null, whole numbers stay whole."""
    if value is None:
        return None
    if isinstance(value, str):
        return value
    value = float(value)
    if math.isnan(value) or math.isinf(value):
        return None
    return value


def table(key: list[str], rows: list[dict]) -> dict:
    """One expected table: the columns that identify a row, and the rows."""
    return {"key": key, "rows": [{k: clean(v) for k, v in row.items()} for row in rows]}


def fit(values: dict) -> dict:
    """An expected fit table from metric name to value."""
    return table(["metric"], [{"metric": k, "value": v} for k, v in values.items()])


def case(tables: dict, metrics: dict, parameters: dict | None = None, name: str | None = None,
         data: dict | None = None, inputs: dict | None = None) -> dict:
    """One run: the tables, data sets and metrics it must produce; variants carry their own parameters.

    `inputs` names other rows than the sample's for a further input: {"second.dta": {"csv": text}}.
    """
    out = {}
    if name is not None:
        out["name"] = name
        out["parameters"] = parameters or {}
    if inputs is not None:
        out["inputs"] = inputs
    out["tables"] = tables
    if data is not None:
        out["data"] = data
    out["metrics"] = {k: clean(v) for k, v in metrics.items()}
    return out


def exact_rank_p(ranks, part=None, signs=False) -> float:
    """Two-sided probability of a sum of ranks as far from its mean, by counting all samples: of `part` ranks out of all, or with
    `signs` of the ranks with a positive sign out of all signs. Midranks are whole numbers when doubled."""
    doubled = np.rint(2 * np.asarray(ranks, float)).astype(int)
    size = len(doubled)
    counts = np.zeros((1 if signs else size + 1, doubled.sum() + 1))
    counts[0, 0] = 1
    for r in doubled:
        moved = np.zeros_like(counts)
        if signs:
            moved[0, r:] = counts[0, :counts.shape[1] - r]
        else:
            moved[1:, r:] = counts[:-1, :counts.shape[1] - r]
        counts = counts + moved
    weights, observed = (counts[0], 2 * part) if signs else (counts[part[0]], 2 * part[1])
    mean = (weights * np.arange(len(weights))).sum() / weights.sum()
    far = np.abs(np.arange(len(weights)) - mean) >= abs(observed - mean) - 1e-9
    return float(weights[far].sum() / weights.sum())


def save(name: str, source: str, tolerance: dict, main: dict, variants: list[dict] = ()) -> None:
    """Writes the golden file of a template."""
    out = {"source": source, "tolerance": tolerance, **main}
    if variants:
        out["variants"] = list(variants)
    text = json.dumps(out, ensure_ascii=False, indent=1)
    (DATA / name).write_text(text + "\n", encoding="utf-8")


def coefficient_rows(equation, terms, estimates, errors, statistics, p_values, lows, highs):
    """Rows of a coefficient table (contract 3.9)."""
    return [
        {"equation": equation, "term": t, "estimate": b, "std_error": s, "statistic": z,
         "p_value": p, "ci_low": lo, "ci_high": hi, "note": ""}
        for t, b, s, z, p, lo, hi in zip(terms, estimates, errors, statistics, p_values, lows, highs)
    ]


def dummies(series: pd.Series, name: str) -> pd.DataFrame:
    """Indicator columns `2.name`, `3.name`, ... with the lowest level as base."""
    levels = sorted(series.dropna().unique())[1:]
    return pd.DataFrame({f"{int(v)}.{name}": (series == v).astype(float) for v in levels},
                        index=series.index)


def percentile(values: np.ndarray, p: float) -> float:
    """Percentile of summarize: averages two neighbours when n*p/100 is whole ([R] summarize)."""
    x = np.sort(values)
    n = len(x)
    position = n * p / 100
    i = int(math.floor(position))
    if abs(position - i) < 1e-12:
        return (x[i - 1] + x[i]) / 2
    return x[i]
