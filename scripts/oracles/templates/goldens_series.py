"""Golden numbers of the time-series templates (statsmodels, numpy by hand).

Run through make_goldens.py.
"""

import warnings

import numpy as np
import pandas as pd
import statsmodels
import statsmodels.api as sm
from golden import case, fit, read, save, table
from goldens_models import KEY, t_rows, z_rows
from scipy import stats
from statsmodels.stats.diagnostic import acorr_breusch_godfrey, acorr_ljungbox
from statsmodels.stats.stattools import durbin_watson
from statsmodels.tsa.stattools import acf, adfuller

warnings.simplefilter("ignore", FutureWarning)
SOURCE = f"statsmodels {statsmodels.__version__}"


def newey_case(lags, name=None, parameters=None):
    """Unemployment on growth and the rate."""
    data = read("economy.csv")
    x = data[["growth", "rate"]].astype(float)
    x["_cons"] = 1.0
    ols = sm.OLS(data["unemployment"], x).fit()
    n, k = x.shape
    chosen = int(np.floor(4 * (n / 100) ** (2 / 9))) if lags is None else lags
    # use_correction: the factor n/(n-k)
    hac = ols.get_robustcov_results("HAC", maxlags=chosen, use_correction=True, use_t=True)
    f = float(np.squeeze(hac.f_test(np.eye(3)[:2]).fvalue))
    rows = [{"test": "durbin_watson", "statistic": durbin_watson(ols.resid), "p_value": None}]
    for lag in sorted({1, max(1, chosen)}):
        lm, p = acorr_breusch_godfrey(ols, nlags=lag)[:2]
        rows.append({"test": f"breusch_godfrey_{lag}", "statistic": lm, "df1": lag, "p_value": p})
        e = np.asarray(ols.resid)
        z = np.column_stack([np.ones(n - lag)] + [e[lag - j: n - j] ** 2 for j in range(1, lag + 1)])
        arch = sm.OLS(e[lag:] ** 2, z).fit()
        value = arch.nobs * arch.rsquared
        rows.append({"test": f"arch_lm_{lag}", "statistic": value, "df1": lag, "p_value": stats.chi2.sf(value, lag)})
    coefficients = t_rows("unemployment", list(x.columns), hac.params, hac.bse, n - k)
    return case({"table_coefficients.csv": table(KEY, coefficients), "table_tests.csv": table(["test"], rows),
                 "table_fit.csv": fit({"N": n, "F": f, "df_m": 2, "df_r": n - k, "lag": chosen})},
                {"n_used": n, "n_periods": n, "df_r": n - k, "f_stat": f, "lags": chosen,
                 "dw": durbin_watson(ols.resid), "p_bgodfrey": rows[1]["p_value"]}, parameters, name)


def newey() -> None:
    """Default and stated lags."""
    save("economy.newey.json", SOURCE + " OLS with HAC errors", {"default": 1e-8}, newey_case(None),
         [newey_case(1, "one lag", {"lags": 1})])


def describe() -> None:
    """Correlogram of inflation."""
    data = read("economy.csv")
    x = data["inflation"].to_numpy()
    n, most = len(x), 12
    rho = acf(x, nlags=most, fft=False)[1:]
    box = acorr_ljungbox(x, lags=list(range(1, most + 1)))
    rows = []
    for lag in range(1, most + 1):
        z = np.column_stack([x[lag - j: n - j] for j in range(1, lag + 1)] + [np.ones(n - lag)])
        partial = sm.OLS(x[lag:], z).fit().params[lag - 1]
        rows.append({"lag": lag, "autocorrelation": rho[lag - 1], "partial": partial,
                     "bartlett_se": np.sqrt((1 + 2 * np.sum(rho[: lag - 1] ** 2)) / n),
                     "q": box["lb_stat"].iloc[lag - 1], "p_value": box["lb_pvalue"].iloc[lag - 1]})
    trend = sm.OLS(x, sm.add_constant(data["period"].to_numpy().astype(float))).fit().params[1]
    centred = x - x.mean()
    m2 = (centred**2).mean()
    summary = {"N": n, "mean": x.mean(), "sd": x.std(ddof=1), "min": x.min(), "p50": np.median(x), "max": x.max(),
               "skewness": (centred**3).mean() / m2**1.5, "kurtosis": (centred**4).mean() / m2**2,
               "trend_per_period": trend}
    summary = [{"metric": k, "value": v} for k, v in summary.items()]
    save("economy.describe.json", SOURCE + " acf, OLS, acorr_ljungbox", {"default": 1e-8, "trend_per_period": 1e-7},
         case({"table_corrgram.csv": table([], rows), "table_summary.csv": table(["metric"], summary)},
              {"n_used": n, "ac1": rho[0], "q": rows[-1]["q"], "p_white_noise": rows[-1]["p_value"]}))


def phillips_perron(x, trend):
    """Z(t) of [TS] pperron with the default number of lags."""
    y, n = x[1:], len(x) - 1
    q = int(4 * (n / 100) ** (2 / 9))
    parts = [x[:-1], np.ones(n)] + ([np.arange(n)] if trend else [])
    result = sm.OLS(y, np.column_stack(parts)).fit()
    u = result.resid
    gamma = [u[j:] @ u[: n - j] / n for j in range(q + 1)]
    lam = gamma[0] + 2 * sum((1 - j / (q + 1)) * gamma[j] for j in range(1, q + 1))
    se = result.bse[0]
    t = (np.sqrt(gamma[0] / lam) * (result.params[0] - 1) / se
         - 0.5 * (lam - gamma[0]) / np.sqrt(lam) * n * se / np.sqrt(result.scale))
    return t, q, n


def df_gls(x, lags, trend):
    """DF-GLS t of Elliott, Rothenberg and Stock (1996)."""
    n = len(x)
    a = 1 + (-13.5 if trend else -7) / n
    d = np.column_stack([np.ones(n), np.arange(1, n + 1)]) if trend else np.ones((n, 1))
    ya, da = x.copy(), d.copy()
    ya[1:] -= a * x[:-1]
    da[1:] -= a * d[:-1]
    z = x - d @ np.linalg.lstsq(da, ya, rcond=None)[0]
    dz = np.diff(z)
    xx = np.column_stack([z[lags:-1]] + [dz[lags - j: len(dz) - j] for j in range(1, lags + 1)])
    return sm.OLS(dz[lags:], xx).fit().tvalues[0], n - lags - 1


def unit_root_case(variable, trend, lags, name=None, parameters=None):
    """Tests of the level and the first difference."""
    from statsmodels.tsa.adfvalues import mackinnonp

    x = read("economy.csv")[variable].to_numpy()
    n = len(x)
    most = min(int(12 * (n / 100) ** 0.25), n // 4)
    d = np.diff(x)
    if lags is None:
        best = np.inf
        for k in range(most + 1):
            y = d[most:]
            parts = [x[most:-1]] + [d[most - j: len(d) - j] for j in range(1, k + 1)] + [np.ones(len(y))]
            parts += [np.arange(len(y))] if trend else []
            bic = sm.OLS(y, np.column_stack(parts)).fit().bic
            if bic < best:
                best, lags = bic, k
    rows = []
    for series, values, kind in (("level", x, "ct" if trend else "c"), ("difference", d, "c")):
        t, p, _, used = adfuller(values, maxlag=lags, regression=kind, autolag=None)[:4]
        rows.append({"series": series, "test": "dickey_fuller", "statistic": t, "lags": lags, "n": used, "p_value": p})
        t, q, used = phillips_perron(values, kind == "ct")
        rows.append({"series": series, "test": "phillips_perron", "statistic": t, "lags": q, "n": used,
                     "p_value": mackinnonp(t, regression=kind)})
    gls = max(lags, 1)
    t, used = df_gls(x, gls, trend)
    rows.append({"series": "level", "test": "df_gls", "statistic": t, "lags": gls, "n": used, "p_value": None})
    return case({"table_tests.csv": table(["series", "test"], rows)},
                {"n_used": n, "lags": lags, "adf": rows[0]["statistic"], "p_adf": rows[0]["p_value"],
                 "p_pperron": rows[1]["p_value"], "p_adf_difference": rows[2]["p_value"]}, parameters, name)


def unit_root() -> None:
    """A trending level and a stationary rate."""
    save("economy.unit_root.json", SOURCE + " adfuller; Phillips-Perron and DF-GLS by hand", {"default": 1e-7},
         unit_root_case("output", True, None),
         [unit_root_case("inflation", False, 2, "two lags, no trend",
                         {"variable": "inflation", "trend": False, "lags": 2})])


def arima_case(variable, order, seasonal, steps, name=None, parameters=None):
    """Exact likelihood on the differenced series; forecasts of the level by the state-space form."""
    from statsmodels.tsa.arima_process import arma2ma
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    data = read("economy.csv")
    y = data[variable].to_numpy()
    constant = order[1] + seasonal[1] * seasonal[3] <= 1
    lost = order[1] + seasonal[1] * seasonal[3]
    exog = None
    if constant:
        # the mean of the differenced series
        exog = np.ones((len(y), 1)) if lost == 0 else np.arange(1.0, len(y) + 1)[:, None]
    model = SARIMAX(y, exog=exog, order=order, seasonal_order=seasonal, simple_differencing=True)
    result = model.fit(disp=0, method="lbfgs", maxiter=1000, pgtol=1e-11, factr=1)
    result = model.fit(result.params, disp=0, method="bfgs", maxiter=500, gtol=1e-10)
    b, names = np.asarray(result.params), list(result.model.param_names)
    n = len(y) - lost
    h = np.zeros((len(b), len(b)))
    # Stata's last parameter is sigma, not its square
    def loglike(theta):
        return model.loglike(np.append(theta[:-1], theta[-1] ** 2))

    theta = np.append(b[:-1], np.sqrt(b[-1]))
    step = 1e-3 * np.maximum(np.abs(theta), 0.1)
    for i in range(len(b)):
        for j in range(len(b)):
            def shift(si, sj):
                moved = theta.copy()
                moved[i] += si * step[i]
                moved[j] += sj * step[j]
                return loglike(moved)

            h[i, j] = (shift(1, 1) - shift(1, -1) - shift(-1, 1) + shift(-1, -1)) / (4 * step[i] * step[j])
    se = np.sqrt(np.diag(np.linalg.inv(-h)))
    terms, equations = [], []
    for label in names[:-1]:
        if label.startswith(("ar.", "ma.")):
            kind, lag = label.split(".")[:2]
            lag = int(lag.lstrip("L").lstrip("S.") or 1) if lag.startswith("L") else int(label.split("L")[-1])
        if label.startswith(("ar.S", "ma.S")):
            lag = int(label.split("L")[-1]) // seasonal[3]
            equations.append(f"ARMA{seasonal[3]}")
        elif label.startswith(("ar.", "ma.")):
            equations.append("ARMA")
        else:
            equations.append(variable)
            terms.append("_cons")
            continue
        terms.append(("L" if lag == 1 else f"L{lag}") + "." + kind)
    rows = z_rows("", [*terms, "sigma"], theta, se)
    for row, eq in zip(rows, [*equations, "/"]):
        row["equation"] = eq
    full = SARIMAX(y, exog=exog, order=order, seasonal_order=seasonal)
    ahead = None if exog is None else (np.ones((steps, 1)) if lost == 0 else np.arange(len(y) + 1.0, len(y) + steps + 1)[:, None])
    forecast = full.smooth(b).get_forecast(steps, exog=ahead)
    z = stats.norm.ppf(0.975)
    # weights of past shocks in the level; the shocks up to the last period count as known
    difference = np.array([1.0])
    for lag in [1] * order[1] + [seasonal[3]] * seasonal[1]:
        difference = np.convolve(difference, np.r_[1.0, np.zeros(lag - 1), -1.0])
    weights = arma2ma(np.convolve(result.polynomial_reduced_ar, difference), result.polynomial_reduced_ma, lags=steps)
    mean, error = np.asarray(forecast.predicted_mean), theta[-1] * np.sqrt(np.cumsum(weights**2))
    table_rows = [{"step": k + 1, "period": 244 + k, "forecast": mean[k], "std_error": error[k], "low": mean[k] - z * error[k],
                   "high": mean[k] + z * error[k]} for k in range(steps)]
    ll = result.llf
    return case({"table_coefficients.csv": table(KEY, rows), "table_forecast.csv": table(["step"], table_rows),
                 "table_fit.csv": fit({"N": n, "ll": ll, "sigma": theta[-1]})},
                {"n_used": n, "ll": ll, "sigma": theta[-1], "forecast_1": mean[0]}, parameters, name)


def arima() -> None:
    """A stationary rate, and sales with a season."""
    limits = {"default": 2e-5, "std_error": 2e-4, "statistic": 2e-4, "p_value": 2e-3, "ci_low": 1e-3, "ci_high": 1e-3}
    save("economy.arima.json", SOURCE + " SARIMAX; standard errors by differences of its likelihood", limits,
         arima_case("inflation", (1, 0, 1), (0, 0, 0, 0), 6),
         [arima_case("sales", (0, 1, 1), (0, 1, 1, 4), 8, "seasonal",
                     {"variable": "sales", "p": 0, "d": 1, "q": 1, "seasonal": "0,1,1,4", "horizon": 8})])


def var() -> None:
    """Growth, inflation and the rate with two lags."""
    from statsmodels.tsa.api import VAR

    names = ["growth", "inflation", "rate"]
    y = read("economy.csv")[names]
    result = VAR(y).fit(2)
    n, k = result.nobs, 7
    sigma = np.asarray(result.sigma_u_mle)
    xx = np.linalg.inv(result.endog_lagged.T @ result.endog_lagged)
    rows = []
    for j, eq in enumerate(names):
        terms, b, se = [], [], []
        for i, series in enumerate(names):
            for lag in (1, 2):
                at = 1 + (lag - 1) * 3 + i
                terms.append(("L" if lag == 1 else "L2") + "." + series)
                b.append(np.asarray(result.params)[at, j])
                se.append(np.sqrt(sigma[j, j] * xx[at, at]))
        terms.append("_cons")
        b.append(np.asarray(result.params)[0, j])
        se.append(np.sqrt(sigma[j, j] * xx[0, 0]))
        rows += z_rows(eq, terms, b, se)
    granger = []
    for j, eq in enumerate(names):
        others = [i for i in range(3) if i != j]
        for label, group in [(names[i], [i]) for i in others] + [("ALL", others)]:
            at = [1 + lag * 3 + i for i in group for lag in (0, 1)]
            bb = np.array([np.asarray(result.params)[a, j] for a in at])
            value = bb @ np.linalg.solve(sigma[j, j] * xx[np.ix_(at, at)], bb)
            granger.append({"equation": eq, "excluded": label, "chi2": value, "df": len(at),
                            "p_value": stats.chi2.sf(value, len(at))})
    # responses with the error covariance over n
    chol = np.linalg.cholesky(sigma)
    plain = result.irf(6).irfs
    oirf = [p @ chol for p in plain]
    shares = np.zeros((3, 3))
    irf = []
    decomposition = [shares]
    for step in range(6):
        shares = shares + oirf[step] ** 2
        decomposition.append(shares / shares.sum(1, keepdims=True))
    for imp in range(3):
        for res in range(3):
            for step in range(7):
                irf.append({"impulse": names[imp], "response": names[res], "step": step,
                            "oirf": oirf[step][res, imp], "share": decomposition[step][res, imp]})
    modulus = np.sort(1 / np.abs(result.roots))[::-1]
    total = 3 * k
    values = {"N": n, "ll": result.llf, "aic": (-2 * result.llf + 2 * total) / n,
              "sbic": (-2 * result.llf + np.log(n) * total) / n, "detsig_ml": np.linalg.det(sigma)}
    save("economy.var.json", SOURCE + " VAR", {"default": 1e-6},
         case({"table_coefficients.csv": table(KEY, rows), "table_granger.csv": table(["equation", "excluded"], granger),
               "table_irf.csv": table([], irf), "table_fit.csv": fit(values),
               "table_stability.csv": table([], [{"number": i + 1, "modulus": m} for i, m in enumerate(modulus)])},
              {"n_used": n, "lags": 2, "ll": result.llf, "aic": values["aic"], "largest_modulus": modulus[0]}))


def write_all() -> None:
    """All files."""
    var()
    arima()
    newey()
    describe()
    unit_root()


if __name__ == "__main__":
    write_all()
