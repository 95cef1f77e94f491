"""`xtabond2`: estimates of pydynpd (which needs numpy before 2), of numpy, and results that Roodman (2009) prints.

pydynpd's tests of serial correlation after one step, and its first step for orthogonal deviations with equations in
levels, are not those of the paper (whose printed tests the engine reproduces); they are left out.
"""

import contextlib
import io

import numpy as np
import pandas as pd
from common import ROOT, Cases
from pydynpd import regression

SET = "xtset id year\n"
LAGS = "gmmstyle(n, laglimits(2 4)) gmmstyle(w, laglimits(1 3)) ivstyle(k)"
COLLAPSED = "gmm(n, lag(2 4) collapse) gmm(w, lag(1 3) c) iv(k)"
NAMES = {"L1.n": "L.n", "L2.n": "L2.n", "w": "w", "k": "k", "_con": "_cons"}


def by_pydynpd(cases, d):
    model = "n L(1:2).n w k | gmm(n, 2:4) gmm(w, 1:3) iv(k)"
    for name, options, command in [
        ("difference, two steps", "nolevel", f"{LAGS} noleveleq twostep robust"),
        ("system, two steps", "", f"{LAGS} twostep robust"),
        ("system, one step", "onestep", f"{LAGS} robust"),
        ("collapsed", "collapse", f"{COLLAPSED} twostep robust"),
        ("orthogonal deviations, no levels", "fod nolevel", f"{LAGS} orthogonal noleveleq twostep robust"),
        ("orthogonal deviations, one step", "fod nolevel onestep", f"{LAGS} orthogonal nolevel robust"),
    ]:
        with contextlib.redirect_stdout(io.StringIO()):
            text = model + (f" | {options}" if options else "")
            found = regression.abond(text, d, ["id", "year"]).models[0]
        table = found.regression_table
        expect = {}
        for label, b, se in zip(table.iloc[:, 0], table.iloc[:, 1], table.iloc[:, 2]):
            expect |= {f"_b[{NAMES[label]}]": b, f"_se[{NAMES[label]}]": se}
        expect |= {"e(hansen)": found.hansen.test_value, "e(hansen_df)": found.hansen.df}
        for test in found.AR_list if "onestep" not in options else []:
            expect[f"e(ar{test.lag})"] = test.AR
        cases.add(name, "employment.csv", f"{SET}xtabond2 n L(1/2).n w k, {command}", expect, 1e-7)


def orthogonal(cases, d):
    """System GMM with orthogonal deviations by the formulas of section 3 of the paper, unit by unit."""
    d = d.sort_values(["id", "year"])
    for lag in (1, 2):
        d[f"n{lag}"] = d.groupby("id").n.shift(lag)
    names = ["n1", "n2", "w", "k"]
    parts, columns = [], {}
    at = lambda key: columns.setdefault(key, len(columns))
    for _, own in d.groupby("id"):
        history = {c: dict(zip(own.year, own[c])) for c in ("n", "w")}
        own = own.dropna(subset=names)
        years, size = own.year.to_numpy(), len(own)
        m = np.zeros((size - 1, size))
        for t in range(size - 1):
            later = size - 1 - t
            m[t, t], m[t, t + 1:] = 1, -1 / later
            m[t] *= np.sqrt(later / (later + 1))
        x = np.column_stack([own[names], np.ones(size)])
        rows = []
        for t in range(size - 1):
            period = years[t] + 1
            z = {("k",): m[t] @ own.k.to_numpy()}
            for name, lags in (("n", (2, 3, 4)), ("w", (1, 2, 3))):
                z |= {(name, period, j): history[name][period - j] for j in lags if period - j in history[name]}
            rows.append(z)
        for t, period in enumerate(years):
            z = {("k",): own.k.to_numpy()[t], ("one",): 1.0}
            for name, lag in (("n", 1), ("w", 0)):
                known = history[name]
                if period - lag in known and period - lag - 1 in known:
                    z[(name, period)] = known[period - lag] - known[period - lag - 1]
            rows.append(z)
        filled = [{at(key): value for key, value in z.items()} for z in rows]
        both = np.vstack([m, np.eye(size)])
        x = np.vstack([m @ x, x])
        x[: size - 1, -1] = 0
        parts.append((both @ own.n.to_numpy(), x, filled, both @ both.T))
    width = len(columns)
    zs = []
    for y, _, filled, _ in parts:
        z = np.zeros((len(y), width))
        for r, row in enumerate(filled):
            for j, value in row.items():
                z[r, j] = value
        zs.append(z)
    a = np.linalg.pinv(sum(z.T @ h @ z for z, (_, _, _, h) in zip(zs, parts)))
    zx = sum(z.T @ x for z, (_, x, _, _) in zip(zs, parts))
    zy = sum(z.T @ y for z, (y, _, _, _) in zip(zs, parts))
    solve = lambda a: np.linalg.solve(zx.T @ a @ zx, zx.T @ a @ zy)
    first = solve(a)
    moments = [z.T @ (y - x @ first) for z, (y, x, _, _) in zip(zs, parts)]
    second = solve(np.linalg.pinv(sum(np.outer(g, g) for g in moments)))
    shown = ["L.n", "L2.n", "w", "k", "_cons"]
    for name, b, option in [("one step", first, ""), ("two steps", second, " twostep")]:
        do = f"{SET}xtabond2 n L(1/2).n w k, {LAGS} orthogonal{option} robust"
        expect = {f"_b[{n}]": v for n, v in zip(shown, b)}
        cases.add(f"orthogonal deviations and levels, {name}", "employment.csv", do, expect, 1e-7, "numpy")


def published(cases):
    rounded = lambda expression, digits: f"round({expression}, 1e-{digits})"
    years = SET + "tabulate year, generate(yr)\n"
    difference = (
        years + "xtabond2 n L.n L2.n w L.w L(0/2).(k ys) yr4-yr9, gmmstyle(L.n) "
        "ivstyle(w L.w L(0/2).(k ys) yr4-yr9) noleveleq robust small"
    )
    expect = {rounded("e(sargan)", 2): 67.59, rounded("e(hansen)", 2): 31.38, "e(j)": 41, "e(N)": 611}
    expect |= {rounded("e(ar1)", 2): -3.60, rounded("e(ar2)", 2): -0.52, "e(df_r)": 139}
    cases.add("difference GMM as printed", "employment.csv", difference, expect, 1e-9, "Roodman (2009), Stata Journal 9(1)")
    system = years + (
        "xtabond2 n L.n L(0/1).(w k) yr*, gmmstyle(L.(n w k)) ivstyle(yr*, equation(level)) robust small"
    )
    expect = {rounded("e(sargan)", 2): 186.90, rounded("e(hansen)", 2): 110.70, "e(hansen_df)": 100}
    expect |= {rounded("_b[L.n]", 6): 0.935605, rounded("_se[L.n]", 5): 0.02657, "e(j)": 113, "e(N)": 891}
    expect |= {rounded("_b[w]", 6): -0.630976, rounded("_se[w]", 5): 0.11928, rounded("_b[k]", 5): 0.48393}
    cases.add("system GMM as printed", "employment.csv", system, expect, 1e-9, "Roodman (2009), Stata Journal 9(1)")


def main():
    cases = Cases("xtabond2", "pydynpd")
    data = pd.read_csv(ROOT / "data/employment.csv")
    by_pydynpd(cases, data)
    orthogonal(cases, data)
    published(cases)
    cases.write()


if __name__ == "__main__":
    main()
