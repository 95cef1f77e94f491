"""`mi estimate`: imputations made by numpy, fits by statsmodels, combined by R mitools::MIcombine. Its small-sample degrees of
freedom leave out the factor 1+1/M of Barnard and Rubin (1999); these are computed by their formula in numpy, as is the test of
all slopes (Reiter 2007). Writes `imputation.json`, `imputed.csv`."""

import json
import subprocess
import tempfile

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import Cases, write_data

SOURCE = "statsmodels 0.15 fits, R mitools MIcombine; Barnard and Rubin (1999), Reiter (2007) by numpy"
M = 6

COMBINE = """
suppressMessages({library(mitools); library(jsonlite)})
d <- fromJSON('runs.json', simplifyVector = FALSE)
b <- lapply(d$b, function(x) unlist(x)); v <- lapply(d$v, function(x) matrix(unlist(x), length(b[[1]])))
p <- MIcombine(b, v)
cat(toJSON(list(b = p$coefficients, se = sqrt(diag(p$variance)), df = p$df), digits = NA))
"""


def data():
    rng = np.random.default_rng(77)
    n = 90
    x = rng.normal(size=n).round(3)
    z = rng.normal(size=n).round(3)
    y = (1 + 0.8 * x - 0.5 * z + rng.normal(size=n)).round(3)
    d = (rng.random(n) < 1 / (1 + np.exp(-x))).astype(int)
    gone = rng.random(n) < 0.3
    frames = []
    for m in range(M + 1):
        own = x.astype(object).copy()
        own[gone] = np.nan if m == 0 else (0.5 * (y[gone] - 1) + rng.normal(0, 0.7, gone.sum())).round(3)
        frames.append(pd.DataFrame({"m": m, "id": np.arange(1, n + 1), "x": own.astype(float), "z": z, "y": y, "d": d}))
    return pd.concat(frames).reset_index(drop=True)


def barnard_rubin(b, v, df):
    m = len(b)
    between, within = np.var(np.array(b), axis=0, ddof=1), np.diagonal(np.mean(v, 0))
    share = (1 + 1 / m) * between / (within + (1 + 1 / m) * between)
    large = (m - 1) / share**2
    observed = (df + 1) / (df + 3) * df * (1 - share)
    return large * observed / (large + observed)


def combine(b, v):
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/runs.json", "w") as f:
            json.dump({"b": [list(map(float, x)) for x in b], "v": [np.asarray(x).tolist() for x in v]}, f)
        done = subprocess.run(["Rscript", "-"], input=COMBINE, cwd=folder, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def reiter(b, v, df):
    """F with equal fractions of missing information, slopes only; large-sample degrees of freedom by Li et al. (1991)."""
    b, v = np.array(b)[:, :-1], np.array(v)[:, :-1, :-1]
    m, k = b.shape
    within = v.mean(0)
    between = np.cov(b.T)
    r = (1 + 1 / m) * np.trace(between @ np.linalg.inv(within)) / k
    f = b.mean(0) @ np.linalg.inv(within) @ b.mean(0) / (k * (1 + r))
    t = k * (m - 1)
    if df is None:
        return f, 4 + (t - 4) * (1 + (1 - 2 / t) / r) ** 2
    a = r * t / (t - 2)
    star = df * (df + 1) / (df + 3)
    c0, c1, c2 = 1 / (t - 4), star - 2 * (1 + a), star - 4 * (1 + a)
    z = (1 / c2 + c0 * (a**2 * c1 / ((1 + a) ** 2 * c2)) + c0 * (8 * a**2 * c1 / ((1 + a) * c2**2) + 4 * a**2 / ((1 + a) * c2))
         + c0 * (4 * a**2 / (c2 * c1) + 16 * a**2 * c1 / c2**3) + c0 * 8 * a**2 / c2**2)
    return f, 4 + 1 / z


def main():
    frame = data()
    write_data("imputed", frame)
    cases = Cases("imputation", "statsmodels, R mitools, numpy")
    load = "mi import flong, m(m) id(id) imputed(x)\n"
    for kind, y, options, df, style in [("regress", "y", "", 87, ""), ("regress", "y", "nosmall ", None, ""), ("logit", "d", "", None, ""),
                                        ("regress", "y", "imputations(1/3) ", 87, "")]:
        used = range(1, 4) if "imputations" in options else range(1, M + 1)
        b, v = [], []
        for m in used:
            one = frame[frame["m"] == m]
            x = sm.add_constant(one[["x", "z"]], prepend=False)
            fit = sm.OLS(one[y], x).fit() if kind == "regress" else sm.Logit(one[y], x).fit(disp=0, tol=1e-14, method="newton")
            b.append(fit.params.to_numpy())
            v.append(fit.cov_params().to_numpy())
        found = combine(b, v)
        if df:
            found["df"] = barnard_rubin(b, v, df)
        names = ["x", "z", "_cons"]
        expect = {f"_b[{n}]": c for n, c in zip(names, found["b"])} | {f"_se[{n}]": c for n, c in zip(names, found["se"])}
        expect |= {f"D[1,{k + 1}]": c for k, c in enumerate(found["df"])}
        if len(used) > 3:
            f, residual = reiter(b, v, df)
            expect |= {"e(F_mi)": f, "e(df_r_mi)": residual}
        within, between = np.mean(v, 0), np.cov(np.array(b).T)
        increase = (1 + 1 / len(used)) * np.diag(between) / np.diag(within)
        dof = np.array(found["df"])
        # the complete degrees of freedom count too (Barnard and Rubin 1999; equal to Stata 18's e(fmi_mi))
        share = lambda v: (v + 1) / (v + 3) if v else 1
        fmi = 1 - (dof + 1) / (dof + 3) / share(df) / (1 + increase)
        expect |= {"I[1,1]": increase[0], "I[1,2]": increase[1], "G[1,1]": fmi[0], "e(fmi_max_mi)": fmi.max(), "e(M_mi)": len(used), "e(N_mi)": 90}
        cases.add(f"{kind} {options}", "imputed.csv",
                  f"{load}mi estimate, {options}post: {kind} {y} x z\nmatrix D = e(df_mi)\nmatrix I = e(rvi_mi)\nmatrix G = e(fmi_mi)",
                  expect, 1e-6, SOURCE)
    cases.write()


if __name__ == "__main__":
    main()
