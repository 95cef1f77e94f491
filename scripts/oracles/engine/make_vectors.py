"""Systems of time series: real Stata's var stored in statsmodels, cointegrating ranks, forecasts and their errors."""

import importlib
import warnings

import numpy as np
import pandas as pd
from common import ROOT, Cases, write_data
from statsmodels.tsa.api import VAR
from statsmodels.tsa.vector_ar.tests import test_coint
from statsmodels.tsa.vector_ar.vecm import VECM

warnings.simplefilter("ignore")

# as the do-file of the source, in doubles
SOURCE = "tsset t\ngen double gdp = ln(realgdp) - ln(L.realgdp)\ngen double cons = ln(realcons) - ln(L.realcons)\ngen double inv = ln(realinv) - ln(L.realinv)\n"


def stata(cases):
    """`var` with dfk and small, from the output of svar."""
    found = importlib.import_module("statsmodels.tsa.vector_ar.tests.results.results_svar_st")
    est, b, v = found.est, found.bf_var, found.V_var
    expect = {f"el(e(b),1,{i + 1})": value for i, value in enumerate(b)}
    for i in range(len(b)):
        expect[f"sqrt(el(e(V),{i + 1},{i + 1}))"] = np.sqrt(v[i, i])
    names = ["F_{}", "df_r{}", "df_m{}", "ll_{}", "r2_{}", "rmse_{}", "k_{}", "obs_{}"]
    for name in [n.format(j) for j in (1, 2, 3) for n in names]:
        stem, equation = name[:-1], name[-1]
        expect[f"e({name})"] = est[f"{stem}{equation}_var"] if f"{stem}{equation}_var" in est else est[f"{stem.rstrip('_')}_{equation}_var"]
    for name in ("ll", "aic", "hqic", "sbic", "fpe", "detsig", "detsig_ml", "mlag", "df_eq", "df_r", "k"):
        expect[f"e({name})"] = est[f"{name}_var"]
    cases.add("var dfk small", "macrots.csv", SOURCE + "var gdp cons inv, lags(1/3) dfk small", expect, 1e-8, "Stata output of svar stored in statsmodels (results_svar_st)")
    # without dfk the divisor is the number of rows
    n, k = est["N"], est["df_eq_var"]
    plain = {f"sqrt(el(e(V),{i + 1},{i + 1}))": np.sqrt(v[i, i] * (n - k) / n) for i in range(len(b))}
    plain |= {f"e(F_{j})": est[f"F_{j}_var"] * n / (n - k) for j in (1, 2, 3)} | {"e(df_r)": n - k}
    cases.add("var small", "macrots.csv", SOURCE + "var gdp cons inv, lags(1/3) small", plain, 1e-6, "the same with the divisor T: [TS] var, small changes the distributions alone")


def ranks(cases):
    """Log likelihoods of all ranks and trends; traces of another program."""
    y = pd.read_csv(ROOT / "data/macrots.csv")[["lgdp", "lcons", "linv"]].to_numpy()
    n = len(y) - 3
    for deterministic, trend, extra in (("n", "none", 0), ("ci", "rconstant", 0), ("co", "constant", 3), ("coli", "rtrend", 3), ("colo", "trend", 6)):
        inside = int(trend in ("rconstant", "rtrend"))
        ll = {r: VECM(y, k_ar_diff=2, coint_rank=r, deterministic=deterministic).fit().llf for r in (1, 2, 3)}
        expect = {f"el(e(ll),1,{r + 1})": value for r, value in ll.items()}
        for r in (1, 2):
            expect[f"el(e(trace),1,{r + 1})"] = 2 * (ll[3] - ll[r])
            expect[f"el(e(max),1,{r + 1})"] = 2 * (ll[r + 1] - ll[r])
            expect[f"el(e(lambda),1,{r + 1})"] = 1 - np.exp(-2 * (ll[r + 1] - ll[r]) / n)
            parameters = 18 + extra + r * (6 + inside - r)
            expect[f"el(e(k_rank),1,{r + 1})"] = parameters
            expect[f"el(e(aic),1,{r + 1})"] = (-2 * ll[r] + 2 * parameters) / n
            expect[f"el(e(sbic),1,{r + 1})"] = (-2 * ll[r] + np.log(n) * parameters) / n
            expect[f"el(e(hqic),1,{r + 1})"] = (-2 * ll[r] + 2 * np.log(np.log(n)) * parameters) / n
        cases.add(f"vecrank {trend}", "macrots.csv", f"tsset t\nvecrank lgdp lcons linv, lags(3) trend({trend}) max ic levela", expect | {"e(N)": n}, 1e-7, "statsmodels VECM, fitted at each rank")
    frame = pd.DataFrame(test_coint.dta, columns=[f"y{j}" for j in range(1, 9)])
    frame.insert(0, "t", np.arange(1, len(frame) + 1))
    write_data("eightseries", frame)
    series = " ".join(frame.columns[1:])
    for name, options in (("TestCointJoh09", "lags(10)"), ("TestCointJohMin18", "lags(9) trend(none)")):
        case = getattr(test_coint, name, None)
        if case is None:
            continue
        case.setup_class()
        expect = {f"el(e(trace),1,{j + 1})": v for j, v in enumerate(case.res1_m[:8])} | {f"el(e(max),1,{j + 1})": v for j, v in enumerate(case.res2_m[:8])}
        cases.add(f"vecrank eight series, {options}", "eightseries.csv", f"tsset t\nvecrank {series}, {options}", expect, 1e-6, "jplv Econometrics Toolbox for Matlab, stored in statsmodels")
    cases.add("vecrank chosen ranks", "eightseries.csv", f"tsset t\nvecrank {series}, lags(10)", {"e(k_ce95)": 6, "e(k_ce99)": 4}, 0, "traces of the Matlab program against Osterwald-Lenum (1992): 30.20 > 29.68, 13.84 < 15.41; 83.31 > 76.07, 52.52 < 54.46")


def forecasts(cases):
    """Forecasts with the errors of the parameters."""
    raw = pd.read_csv(ROOT / "data/macrots.csv")
    y = np.log(raw[["realgdp", "realcons", "realinv"]]).diff().dropna().to_numpy()
    make = "tsset t\ngenerate double g = ln(realgdp) - ln(L.realgdp)\ngenerate double c = ln(realcons) - ln(L.realcons)\ngenerate double i = ln(realinv) - ln(L.realinv)\n"
    fit = VAR(y).fit(2)
    paths = fit.forecast(y[-2:], 4)
    omega, mse = fit._omega_forc_cov(4), fit.mse(4)
    covariance = [mse[h] + omega[h] / fit.nobs for h in range(4)]
    covariance[0] = mse[0] * (1 + fit.df_model / fit.nobs)
    expect, rows = {}, len(raw)
    for h in range(4):
        for j, name in enumerate("gci"):
            error = np.sqrt(covariance[h][j, j])
            expect[f"f_{name}[{rows + h + 1}]"] = paths[h, j]
            expect[f"f_{name}_SE[{rows + h + 1}]"] = error
            expect[f"f_{name}_UB[{rows + h + 1}]"] = paths[h, j] + 1.959963984540054 * error
    cases.add("fcast compute", "macrots.csv", make + "var g c i, lags(1/2) dfk\nfcast compute f_, step(4)", expect, 1e-7, "statsmodels VAR: forecast, mse and the term of the parameters (Luetkepohl 2005, 3.5)")
    within = fit.forecast(y[98:100], 3)
    expect = {f"f_{name}[{101 + h + 1}]": within[h, j] for h in range(3) for j, name in enumerate("gci")}
    cases.add("fcast compute inside the sample", "macrots.csv", make + "var g c i, lags(1/2)\nfcast compute f_, step(3) dynamic(t[102]) nose", expect | {"_N": rows}, 1e-8, "statsmodels VAR.forecast")


def main():
    cases = Cases("vectors", "Stata output in statsmodels, Matlab jplv, statsmodels VECM and VAR")
    stata(cases)
    ranks(cases)
    forecasts(cases)
    cases.write()


if __name__ == "__main__":
    main()
