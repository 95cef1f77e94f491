"""`kpss`, `wntestb`, `pergram`, `tsfilter`: results of Stata 18 stored in the Python package statspai (MIT licence,
`reference_parity/_fixtures`), statsmodels; `varsoc` after `var`: statsmodels; `arima, condition`: the likelihood by its recursion in
numpy, maximised by scipy."""

import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from common import Cases, write_data
from numeric import maximise, robust
from scipy.special import kolmogorov
from statsmodels.tsa.api import VAR
from statsmodels.tsa.stattools import kpss

FIXTURES = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
STATA = "Stata 18, stored in statspai, {}"
warnings.simplefilter("ignore")


def stored(cases):
    """Numbers of real Stata. Its sum for the p-value stops early, at terms of 1e-8: the p-value is that of scipy, and Stata's is near."""
    scalars = pd.read_csv(FIXTURES / "spectral_Stata_scalars.csv").set_index(["series", "stat"])["value"]
    source = STATA.format("_generate_spectral_Stata.do")
    write_data("spectral", pd.read_csv(FIXTURES / "spectral.csv"))
    for name, series in (("x", "x"), ("z", "z"), ("x127", "x if t <= 127"), ("x101", "z if t <= 101")):
        expect = {"r(stat)": scalars[name, "stat"]}
        expect |= {"r(p)": kolmogorov(scalars[name, "stat"]), f"abs(r(p) - {scalars[name, 'p']}) < 3e-8": 1}
        cases.add(f"wntestb {series}", "spectral.csv", f"tsset t\nwntestb {series}, table", expect, 1e-10, source)
    pergram = pd.read_csv(FIXTURES / "spectral_Stata.csv")
    expect = {f"pg[{i + 1}]": pergram["pg_x"][i] for i in (1, 2, 10, 60, 75)}
    cases.add("pergram, nograph", "spectral.csv", "tsset t\npergram x, generate(pg) nograph", expect, 1e-6, source)
    values = dict(line.split(",") for line in (FIXTURES / "textbook_syllabus_Stata.csv").read_text().splitlines() if line.startswith("kpss"))
    write_data("kpss", pd.read_csv(FIXTURES / "textbook_ts.csv")[["t", "c1"]])
    for option, name in (("", "kpss_ct"), (" notrend", "kpss_c")):
        expect = {f"r(kpss{lag})": float(values[f"{name}.l{lag}"]) for lag in (0, 3)}
        # the autocovariances of the command are stored as float
        cases.add(f"kpss, maxlag(3){option}", "kpss.csv", f"tsset t\nkpss c1, maxlag(3){option}", expect, 1e-8, STATA.format("_generate_textbook_syllabus_stata.do"))


def automatic(cases):
    """Lags that the data choose, and those of Schwert's rule."""
    for data, name in (("kpss", "c1"), ("spectral", "x"), ("spectral", "z")):
        x = pd.read_csv(FIXTURES / {"kpss": "textbook_ts.csv", "spectral": "spectral.csv"}[data])[name]
        for option, regression in (("", "ct"), (" notrend", "c")):
            statistic, _, lags, _ = kpss(x, regression=regression, nlags="auto")
            do = f"tsset t\nkpss {name}, auto{option}"
            cases.add(f"kpss {name}, auto{option}", f"{data}.csv", do, {f"r(kpss{lags})": statistic, "r(maxlag)": lags}, 1e-9, "statsmodels kpss")
            lags = int(12 * (len(x) / 100) ** 0.25)
            statistic = kpss(x, regression=regression, nlags=lags)[0]
            do = f"tsset t\nkpss {name},{option}"
            cases.add(f"kpss {name},{option}", f"{data}.csv", do, {f"r(kpss{lags})": statistic, "r(maxlag)": lags, "r(N)": len(x)}, 1e-9, "statsmodels kpss")


def after_var(cases):
    """Criteria of each order on the sample of the largest one."""
    data = pd.read_csv(FIXTURES / "spectral.csv")
    y = data[["x", "z"]]
    n = len(y) - 3
    for option, trend in (("", "c"), (" noconstant", "n")):
        expect = {}
        for lag in range(4):
            used = y.iloc[3 - lag :]
            fit = VAR(used).fit(lag, trend=trend) if lag or trend == "c" else None
            if fit is None:
                continue
            s = fit.resid.T @ fit.resid / n
            ll = -0.5 * n * (2 * np.log(2 * np.pi) + np.log(np.linalg.det(s)) + 2)
            k = 2 * (2 * lag + (trend == "c"))
            expect |= {f"el(r(stats), {lag + 1}, 2)": ll, f"el(r(stats), {lag + 1}, 7)": (-2 * ll + 2 * k) / n, f"el(r(stats), {lag + 1}, 9)": (-2 * ll + np.log(n) * k) / n}
        cases.add(f"varsoc after var{option}", "spectral.csv", f"tsset t\nquietly var x z, lags(1/3){option}\nvarsoc", expect | {"r(N)": n, "r(mlag)": 3}, 1e-9, "statsmodels VAR")


FILTERS = {
    "bk_st": "bk {} = y, minperiod(6) maxperiod(32) smaorder(12) stationary",
    "cf_sma": "cf {} = y, minperiod(6) maxperiod(32) smaorder(12)",
    "cf_sma_dr": "cf {} = y, minperiod(6) maxperiod(32) smaorder(12) drift",
    "cf_sma5": "cf {} = y, minperiod(2) maxperiod(8) smaorder(5)",
    "bw": "bw {} = y, maxperiod(32) order(2)",
    "bw_o4": "bw {} = y, maxperiod(12) order(4)",
}


def filters(cases):
    """Cycles and trends at the ends and inside."""
    write_data("tsfilter", pd.read_csv(FIXTURES / "tsfilter.csv"))
    stored = pd.read_csv(FIXTURES / "tsfilter_Stata.csv")
    source = STATA.format("_generate_tsfilter_Stata.do")
    for name, text in FILTERS.items():
        cycle, trend = stored[f"c_{name}"], stored[f"t_{name}"]
        known = np.flatnonzero(cycle.notna())
        rows = [known[0], known[1], known[len(known) // 2], known[-1]]
        expect = {f"c[{i + 1}]": cycle[i] for i in rows} | {f"g[{rows[2] + 1}]": trend[rows[2]]}
        expect["missing(c[1])"] = float(known[0] > 0)
        cases.add(f"tsfilter {text.format('c')}", "tsfilter.csv", f"tsset t\ntsfilter {text.format('double c')} trend(g)", expect, 1e-8, source)


def conditional(cases):
    """Regressions with ARMA errors whose errors and innovations before the sample are zero."""
    y = pd.read_csv(FIXTURES / "spectral.csv")["x"].to_numpy()

    def rows(theta, p, q):
        mean, ar, ma, sigma = theta[0], theta[1 : 1 + p], theta[1 + p : 1 + p + q], theta[-1]
        u, e = y - mean, np.zeros(len(y))
        for t in range(len(y)):
            e[t] = u[t] - sum(ar[j] * u[t - 1 - j] for j in range(min(p, t))) - sum(ma[j] * e[t - 1 - j] for j in range(min(q, t)))
        return -0.5 * (np.log(2 * np.pi * sigma**2) + e**2 / sigma**2)

    for p, q in ((1, 0), (1, 1), (2, 0)):
        start = np.r_[y.mean(), [0.5, 0.1][:p], [0.1][:q], 1.0]
        theta, ll, information, scores = maximise(lambda t: rows(t, p, q), start)
        names = ["[x]_b[_cons]", *(f"[ARMA]_b[L{j if j > 1 else ''}.ar]" for j in range(1, p + 1)), *["[ARMA]_b[L.ma]"][:q], "[/]_b[sigma]"]
        covariances = {"opg": np.linalg.inv(scores.T @ scores), "oim": np.linalg.inv(information), "robust": robust(information, scores)}
        for kind, v in covariances.items():
            expect = dict(zip(names, theta)) | {n.replace("_b", "_se"): s for n, s in zip(names, np.sqrt(np.diag(v)))} | {"e(ll)": ll, "e(N)": len(y)}
            cases.add(f"arima({p},0,{q}), condition vce({kind})", "spectral.csv", f"tsset t\narima x, arima({p},0,{q}) condition vce({kind}) nolog", expect, 2e-6, "numpy, scipy")


def main():
    cases = Cases("series_further", "results of Stata 18 stored in the Python package statspai; statsmodels where named")
    stored(cases)
    automatic(cases)
    after_var(cases)
    filters(cases)
    conditional(cases)
    cases.write()


if __name__ == "__main__":
    main()
