"""Time-series cases: stored Stata output where statsmodels has it, statsmodels and numpy otherwise.

Covers corrgram, wntestq, dfuller, pperron, dfgls and the serial-correlation tests after regress.
"""

import importlib
import os
import warnings

import numpy as np
import pandas as pd
import statsmodels
import statsmodels.api as sm
from common import Cases, write_data
from scipy import stats
from statsmodels.stats.diagnostic import acorr_breusch_godfrey, acorr_ljungbox
from statsmodels.tsa.stattools import acf, adfuller

SM = os.path.dirname(statsmodels.__file__)
warnings.simplefilter("ignore", FutureWarning)
SET = "tsset t, quarterly\n"


def macro():
    data = sm.datasets.macrodata.load_pandas().data
    data["t"] = np.arange(len(data)) - 4  # quarters since 1960q1
    data["lgdp"] = np.log(data["realgdp"])
    data["lcons"] = np.log(data["realcons"])
    data["linv"] = np.log(data["realinv"])
    data = data[["t", "realgdp", "realcons", "realinv", "infl", "unemp", "cpi", "lgdp", "lcons", "linv"]]
    write_data("macrots", data)
    return data


def correlations(data):
    cases = Cases("timeseries", "stored Stata output (source in the case), statsmodels 0.15, numpy by hand")
    stata = pd.read_csv(os.path.join(SM, "tsa/tests/results/results_corrgram.csv"))
    expect = {}
    for lag in (1, 2, 5, 10, 20, 40):
        row = stata.iloc[lag - 1]
        expect |= {f"r(ac{lag})": row["acvar"], f"r(q{lag})": row["Q1"], f"r(pac{lag})": row["PACOLS"]}
    cases.add("corrgram", "macrots.csv", SET + "corrgram realgdp, noplot", expect, 2e-6,
              "Stata, statsmodels/tsa/tests/results/results_corrgram.csv")
    cases.add("corrgram, yw", "macrots.csv", SET + "corrgram realgdp, yw noplot",
              {f"r(pac{k})": stata["PACYW"].iloc[k - 1] for k in (1, 2, 3, 8)}, 2e-5,
              "Stata, statsmodels/tsa/tests/results/results_corrgram.csv")
    x = data["infl"].to_numpy()
    rho = acf(x, nlags=12, fft=False)
    cases.add("corrgram of inflation", "macrots.csv", SET + "corrgram infl, lags(12)",
              {f"r(ac{k})": rho[k] for k in (1, 4, 12)})
    for lags in (4, 12):
        lb = acorr_ljungbox(x, lags=[lags]).iloc[0]
        cases.add(f"wntestq {lags}", "macrots.csv", SET + f"wntestq infl, lags({lags})",
                  {"r(stat)": lb["lb_stat"], "r(p)": lb["lb_pvalue"], "r(df)": lags})
    return cases


def unit_roots(cases, data):
    for series, lags, trend in (("realgdp", 4, "c"), ("realgdp", 4, "ct"), ("realgdp", 4, "n"), ("infl", 1, "c"),
                                ("infl", 0, "c"), ("unemp", 2, "ct"), ("infl", 3, "n")):
        t, p, _, n = adfuller(data[series], maxlag=lags, regression=trend, autolag=None)[:4]
        option = {"c": "", "ct": " trend", "n": " noconstant"}[trend]
        expect = {"r(Zt)": t, "r(N)": n, "r(lags)": lags}
        if trend != "n":
            expect["r(p)"] = p
        cases.add(f"dfuller {series}, lags({lags}){option}", "macrots.csv",
                  SET + f"dfuller {series}, lags({lags}){option}", expect, 1e-7, "statsmodels adfuller")
    stored = {("realgdp", 4, ""): (0.97505319, 0.99399563), ("realgdp", 4, " trend"): (-1.8566374, 0.67682968),
              ("infl", 1, ""): (-4.3346988, 0.00038661), ("infl", 1, " trend"): (-4.425093, 0.00199633)}
    for (series, lags, option), (t, p) in stored.items():
        cases.add(f"dfuller {series}, stored{option}", "macrots.csv",
                  SET + f"dfuller {series}, lags({lags}){option}", {"r(Zt)": t, "r(p)": p}, 2e-5,
                  "Stata, statsmodels/tsa/tests/test_stattools.py")
    for series, option in (("infl", ""), ("infl", " trend"), ("unemp", ""), ("infl", " noconstant")):
        x = data[series].to_numpy()
        y, lag = x[1:], x[:-1]
        n = len(y)
        q = int(4 * (n / 100) ** (2 / 9))
        z = {"": np.column_stack([lag, np.ones(n)]), " noconstant": lag[:, None],
             " trend": np.column_stack([lag, np.arange(n), np.ones(n)])}[option]
        fit = sm.OLS(y, z).fit()
        u = fit.resid
        gamma = [u[j:] @ u[: n - j] / n for j in range(q + 1)]
        lam = gamma[0] + 2 * sum((1 - j / (q + 1)) * gamma[j] for j in range(1, q + 1))
        s2, se = fit.scale, fit.bse[0]
        rho = n * (fit.params[0] - 1) - 0.5 * n**2 * se**2 / s2 * (lam - gamma[0])
        tau = (np.sqrt(gamma[0] / lam) * (fit.params[0] - 1) / se
               - 0.5 * (lam - gamma[0]) / np.sqrt(lam) * n * se / np.sqrt(s2))
        cases.add(f"pperron {series}{option}", "macrots.csv", SET + f"pperron {series},{option}",
                  {"r(Zt)": tau, "r(Zrho)": rho, "r(lags)": q, "r(N)": n}, 1e-8, "[TS] pperron by hand (numpy)")
    for series, option in (("lgdp", ""), ("infl", " notrend")):
        trend = option == ""
        x = data[series].to_numpy()
        n = len(x)
        a = 1 + (-13.5 if trend else -7) / n
        d = np.column_stack([np.ones(n), np.arange(1, n + 1)]) if trend else np.ones((n, 1))
        ya, da = x.copy(), d.copy()
        ya[1:] -= a * x[:-1]
        da[1:] -= a * d[:-1]
        z = x - d @ np.linalg.lstsq(da, ya, rcond=None)[0]
        dz = np.diff(z)
        most = 6
        expect = {}
        sic = {}
        for lag in range(1, most + 1):
            yy = dz[most:]
            xx = np.column_stack([z[most:-1]] + [dz[most - j: len(dz) - j] for j in range(1, lag + 1)])
            fit = sm.OLS(yy, xx).fit()
            expect[f"el(r(results),{most - lag + 1},5)"] = fit.tvalues[0]
            sic[lag] = np.log(fit.ssr / len(yy)) + (lag + 1) * np.log(len(yy)) / len(yy)
            expect[f"el(r(results),{most - lag + 1},3)"] = sic[lag]
        expect["r(sclag)"] = min(sic, key=sic.get)
        cases.add(f"dfgls {series}{option}", "macrots.csv", SET + f"dfgls {series}, maxlag({most}){option}",
                  expect, 1e-7, "Elliott, Rothenberg and Stock (1996) by hand (numpy)")


def serial(cases, data):
    x = sm.add_constant(data[["realgdp", "infl"]].to_numpy())
    fit = sm.OLS(data["unemp"].to_numpy(), x).fit()
    run = SET + "regress unemp realgdp infl\n"
    e = fit.resid
    for lag in (1, 4):
        lm, p, f, fp = acorr_breusch_godfrey(fit, nlags=lag)
        cases.add(f"bgodfrey {lag}", "macrots.csv", run + f"estat bgodfrey, lags({lag})",
                  {"el(r(chi2),1,1)": lm, "el(r(p),1,1)": p}, 1e-8, "statsmodels acorr_breusch_godfrey")
        cases.add(f"bgodfrey {lag}, small", "macrots.csv", run + f"estat bgodfrey, lags({lag}) small",
                  {"el(r(F),1,1)": f, "el(r(p),1,1)": fp}, 1e-8, "statsmodels acorr_breusch_godfrey")
        cases.add(f"durbinalt {lag}", "macrots.csv", run + f"estat durbinalt, lags({lag})",
                  {"el(r(chi2),1,1)": f * lag, "el(r(p),1,1)": stats.chi2.sf(f * lag, lag)}, 1e-8,
                  "auxiliary regression (statsmodels)")
        z = np.column_stack([np.ones(len(e) - lag)] + [e[lag - j: len(e) - j] ** 2 for j in range(1, lag + 1)])
        arch = sm.OLS(e[lag:] ** 2, z).fit()
        value = arch.nobs * arch.rsquared
        cases.add(f"archlm {lag}", "macrots.csv", run + f"estat archlm, lags({lag})",
                  {"el(r(arch),1,1)": value, "el(r(p),1,1)": stats.chi2.sf(value, lag)}, 1e-8,
                  "auxiliary regression (statsmodels)")
    cases.add("dwatson", "macrots.csv", run + "estat dwatson",
              {"r(dw)": sm.stats.stattools.durbin_watson(e), "r(N)": len(e), "r(k)": 3}, 1e-8, "statsmodels")


if __name__ == "__main__":
    frame = macro()
    made = correlations(frame)
    unit_roots(made, frame)
    serial(made, frame)
    made.write()
