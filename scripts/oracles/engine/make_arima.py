"""ARIMA and vector-autoregression cases: Stata output stored in statsmodels tests, statsmodels otherwise.

Stata's arima stops near the maximum, so that its printed digits agree to four or five places; the cases against
statsmodels hold the maximum itself.
"""

import warnings

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import Cases, write_data
from statsmodels.tsa.api import VAR
from statsmodels.tsa.statespace.sarimax import SARIMAX
from statsmodels.tsa.statespace.tests.results import results_sarimax as stored

warnings.simplefilter("ignore")
SET = "tsset t, quarterly\n"


def data():
    wpi = pd.DataFrame({"t": np.arange(len(stored.wpi1_data)), "wpi": stored.wpi1_data})
    wpi["ln_wpi"] = np.log(wpi["wpi"])
    write_data("wpi1", wpi)
    air = pd.DataFrame({"t": np.arange(len(stored.air2_stationary["data"])), "air": stored.air2_stationary["data"]})
    air["lnair"] = np.log(air["air"])
    write_data("air2", air)
    return wpi, air


def from_stata(cases):
    w = stored.wpi1_stationary
    for vce, se in (("opg", "opg"), ("oim", "oim"), ("robust", "robust")):
        cases.add(f"arima wpi, {vce}", "wpi1.csv", SET + f"arima wpi, arima(1,1,1) vce({vce})",
                  {"el(e(b),1,2)": w["params_ar"][0], "el(e(b),1,3)": w["params_ma"][0], "el(e(b),1,1)": w["params_mean"][0],
                   "sqrt(el(e(V),2,2))": w[f"se_ar_{se}"][0], "sqrt(el(e(V),3,3))": w[f"se_ma_{se}"][0],
                   "e(ll)": w["loglike"]}, 2e-4, "Stata, statsmodels results_sarimax.wpi1_stationary")
    s = stored.wpi1_seasonal
    cases.add("arima with lags 1 and 4", "wpi1.csv", SET + "arima D.ln_wpi, ar(1) ma(1 4) vce(oim)",
              {"el(e(b),1,2)": s["params_ar"][0], "el(e(b),1,3)": s["params_ma"][0], "el(e(b),1,4)": s["params_ma"][1],
               "sqrt(el(e(V),2,2))": s["se_ar_oim"][0], "e(ll)": s["loglike"]}, 1e-3,
              "Stata, statsmodels results_sarimax.wpi1_seasonal")
    a = stored.air2_stationary
    for vce in ("opg", "oim"):
        cases.add(f"arima, seasonal, {vce}", "air2.csv",
                  "tsset t\narima lnair, arima(0,1,1) sarima(0,1,1,12) noconstant vce(%s)" % vce,
                  {"el(e(b),1,1)": a["params_ma"][0], "el(e(b),1,2)": a["params_seasonal_ma"][0],
                   "sqrt(el(e(V),1,1))": a[f"se_ma_{vce}"][0], "sqrt(el(e(V),2,2))": a[f"se_seasonal_ma_{vce}"][0],
                   "el(e(b),1,3)^2": a["params_variance"][0], "e(ll)": a["loglike"]}, 5e-4,
                  "Stata, statsmodels results_sarimax.air2_stationary")


def maximum(model):
    """The exact maximum: a second search from the first one's end."""
    fit = model.fit(disp=0, method="lbfgs", maxiter=500, pgtol=1e-10, factr=10)
    return model.fit(fit.params, disp=0, method="bfgs", maxiter=500, gtol=1e-9)


def from_statsmodels(cases):
    macro = sm.datasets.macrodata.load_pandas().data
    x = macro[["realgdp"]].to_numpy() / 1000
    fit = maximum(SARIMAX(macro["infl"], exog=sm.add_constant(x), order=(1, 0, 1)))
    forecast = fit.get_forecast(2, exog=np.array([[1, 13.0], [1, 13.1]]))
    run = SET + "generate gdp = realgdp / 1000\narima infl gdp, arima(1,0,1) nolog\n"
    p = fit.params
    cases.add("arima with a regressor", "macrots.csv", run + "tsappend, add(2)\nreplace gdp = 13 in 204\nreplace gdp = 13.1 in 205\n"
              "predict double f, y\npredict double m, mse",
              {"el(e(b),1,2)": p["const"], "el(e(b),1,1)": p["x1"], "el(e(b),1,3)": p["ar.L1"], "el(e(b),1,4)": p["ma.L1"],
               "el(e(b),1,5)^2": p["sigma2"], "e(ll)": fit.llf, "f[204]": forecast.predicted_mean.iloc[0],
               "f[205]": forecast.predicted_mean.iloc[1], "m[204]": forecast.var_pred_mean.iloc[0],
               "m[205]": forecast.var_pred_mean.iloc[1]}, 1e-5, "statsmodels SARIMAX")
    holes = macro["infl"].copy()
    holes.iloc[[40, 41, 100]] = np.nan
    fit = maximum(SARIMAX(holes, order=(2, 0, 0), trend="c"))
    mean = fit.params["intercept"] / (1 - fit.params["ar.L1"] - fit.params["ar.L2"])
    cases.add("arima with missing values", "macrots.csv",
              SET + "replace infl = . in 41/42\nreplace infl = . in 101\narima infl, arima(2,0,0) nolog",
              {"e(ll)": fit.llf, "el(e(b),1,1)": mean, "el(e(b),1,2)": fit.params["ar.L1"], "e(N)": 200}, 1e-5,
              "statsmodels SARIMAX")


def systems(cases):
    macro = sm.datasets.macrodata.load_pandas().data
    y = pd.DataFrame({"dgdp": np.log(macro["realgdp"]).diff(), "dcons": np.log(macro["realcons"]).diff(),
                      "dinv": np.log(macro["realinv"]).diff()}).dropna()
    names, make = list(y.columns), ("generate double dgdp = D.lgdp\ngenerate double dcons = D.lcons\n"
                                    "generate double dinv = D.linv\n")
    run = SET + make + "var dgdp dcons dinv, lags(1/2)\n"
    model = VAR(y)
    fit = model.fit(2)
    sigma = np.asarray(fit.sigma_u_mle)
    n, k = fit.nobs, 7
    expect = {"e(N)": n, "e(ll)": fit.llf}
    xx = np.linalg.inv(fit.endog_lagged.T @ fit.endog_lagged)
    for j, eq in enumerate(names):
        for i, series in enumerate(names):
            for lag in (1, 2):
                b = np.asarray(fit.coefs)[lag - 1][j, i]
                column = j * k + i * 2 + lag
                expect[f"el(e(b),1,{column})"] = b
                at = 1 + (lag - 1) * 3 + i
                expect[f"sqrt(el(e(V),{column},{column}))"] = np.sqrt(sigma[j, j] * xx[at, at])
        expect[f"el(e(b),1,{j * k + 7})"] = np.asarray(fit.params)[0, j]
        expect[f"el(e(Sigma),{j + 1},1)"] = sigma[j, 0]
    total = 3 * k
    expect |= {"e(aic)": (-2 * fit.llf + 2 * total) / n, "e(sbic)": (-2 * fit.llf + np.log(n) * total) / n,
               "e(hqic)": (-2 * fit.llf + 2 * np.log(np.log(n)) * total) / n, "e(detsig_ml)": np.linalg.det(sigma),
               "e(fpe)": np.linalg.det(sigma) * ((n + k) / (n - k)) ** 3}
    cases.add("var", "macrots.csv", run, expect, 1e-8, "statsmodels VAR")
    wald = {}
    row = 0
    for j in range(3):
        tested = [[i] for i in range(3) if i != j] + [[i for i in range(3) if i != j]]
        for group in tested:
            row += 1
            at = [1 + lag * 3 + i for i in group for lag in (0, 1)]
            b = np.array([np.asarray(fit.params)[a, j] for a in at])
            v = sigma[j, j] * xx[np.ix_(at, at)]
            wald[f"el(r(gstats),{row},1)"] = b @ np.linalg.solve(v, b)
            wald[f"el(r(gstats),{row},2)"] = len(at)
    cases.add("vargranger", "macrots.csv", run + "vargranger", wald, 1e-8, "Wald tests by hand (statsmodels VAR)")
    modulus = np.sort(1 / np.abs(fit.roots))[::-1]
    cases.add("varstable", "macrots.csv", run + "varstable",
              {f"el(r(Modulus),1,{i + 1})": m for i, m in enumerate(modulus)}, 1e-8, "statsmodels VAR roots")
    stats_expect = {}
    most = 4
    for lag in range(most + 1):
        part = VAR(y.iloc[most - lag:]).fit(lag, trend="c")
        per = 1 + 3 * lag
        nn = part.nobs
        s = np.linalg.det(np.asarray(part.resid.T @ part.resid) / nn)
        ll = -nn / 2 * (3 * np.log(2 * np.pi) + 3 + np.log(s))
        stats_expect[f"el(r(stats),{lag + 1},2)"] = ll
        stats_expect[f"el(r(stats),{lag + 1},7)"] = (-2 * ll + 6 * per) / nn
        stats_expect[f"el(r(stats),{lag + 1},9)"] = (-2 * ll + 3 * np.log(nn) * per) / nn
    cases.add("varsoc", "macrots.csv", SET + make + "varsoc dgdp dcons dinv, maxlag(4)", stats_expect, 1e-8,
              "statsmodels VAR on the common sample")
    # statsmodels divides the error covariance by n - k; Stata's dfk does the same
    irf = fit.irf(4)
    orth, plain = irf.orth_irfs, irf.irfs
    orth_se, plain_se = irf.stderr(orth=True), irf.stderr(orth=False)
    fevd = fit.fevd(5).decomp
    expect = {}
    for step in (1, 2, 4):
        for imp in range(3):
            for res in (0, 2):
                at = (imp * 3 + res) * 5 + step + 1
                expect[f"irf[{at}]"] = plain[step][res, imp]
                expect[f"oirf[{at}]"] = orth[step][res, imp]
                expect[f"stdirf[{at}]"] = plain_se[step][res, imp]
                expect[f"stdoirf[{at}]"] = orth_se[step][res, imp]
                expect[f"fevd[{at}]"] = fevd[res][step - 1, imp]
    cases.add("irf", "macrots.csv", SET + make + "var dgdp dcons dinv, lags(1/2) dfk\ntempfile f\nirf set \"`f'\"\n"
              "irf create one, step(4) replace\nuse \"`f'\", clear", expect, 1e-6, "statsmodels VAR irf and fevd")


if __name__ == "__main__":
    data()
    made = Cases("arima", "Stata output stored in statsmodels tests; statsmodels SARIMAX and VAR (source in the case)")
    from_stata(made)
    from_statsmodels(made)
    systems(made)
    made.write()
