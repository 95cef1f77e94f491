"""Expected numbers of panel unit-root tests: statsmodels' Dickey-Fuller tests of each unit, combined by formula, R's plm (Hadri), and
Pesaran's regressions by numpy. Levin-Lin-Chu and Im-Pesaran-Shin statistics are compared with printed output of Stata by the oracles
of the engine (scripts/oracles/engine/make_panel_roots.py); plm reads their tables of moments at other numbers of periods."""

import warnings

import numpy as np
from golden import case, read, save, table
from oracle_r import r_numbers, same
from scipy import stats
from statsmodels.tsa.stattools import adfuller


def wide(variable, change):
    """Units by periods, in levels or first differences."""
    values = read("provinces.csv").pivot(index="province", columns="year", values=variable).to_numpy(float)
    return np.diff(values, axis=1) if change else values


def fisher(series, lags, trend):
    p = np.array([adfuller(x, maxlag=lags, regression="ct" if trend else "c", autolag=None)[1] for x in series])
    return -2 * np.log(p).sum(), stats.norm.ppf(p).sum() / np.sqrt(len(p))


def cadf(series, lags, trend):
    """Mean of the truncated t statistics (Pesaran 2007, equations 3 and 49)."""
    mean = series.mean(axis=0)
    found = []
    for x in series:
        rows = range(lags + 1, len(x))
        y = [x[t] - x[t - 1] for t in rows]
        columns = [[x[t - 1] for t in rows], [mean[t - 1] for t in rows], [1.0 for _ in rows]]
        columns += [[x[t - k] - x[t - k - 1] for t in rows] for k in range(1, lags + 1)]
        columns += [[mean[t - k] - mean[t - k - 1] for t in rows] for k in range(lags + 1)]
        columns += [[float(t) for t in rows]] if trend else []
        z, y = np.column_stack(columns), np.array(y)
        inverse = np.linalg.inv(z.T @ z)
        b = inverse @ z.T @ y
        rest = y - z @ b
        t = b[0] / np.sqrt(inverse[0, 0] * (rest @ rest) / (len(y) - z.shape[1]))
        low, high = (-6.42, 1.70) if trend else (-6.19, 2.61)
        found.append(min(max(t, low), high))
    return np.mean(found)


def hadri(variable, change, trend):
    code = f"""
suppressMessages(library(plm))
d <- data("provinces.csv")
d <- d[order(d$province, d$year), ]
{f'd${variable} <- ave(d${variable}, d$province, FUN = function(x) c(NA, diff(x)))' if change else ''}
d <- d[!is.na(d${variable}), ]
y <- pdata.frame(d, index = c("province", "year"))${variable}
f <- purtest(y, test = "hadri", exo = "{'trend' if trend else 'intercept'}", Hcons = FALSE, dfcor = TRUE)
c(f$statistic$statistic, f$statistic$p.value)
"""
    return r_numbers(code)


def rows(variables, lags=1, trend=False):
    out = []
    for variable in variables:
        for change in (False, True):
            series = wide(variable, change)
            with_trend = trend and not change
            chi2, normal = fisher(series, lags, with_trend)
            z, p = hadri(variable, change, with_trend)
            name = {"variable": variable, "series": "difference" if change else "level"}
            # their statistics are compared elsewhere (see above)
            out += [{**name, "test": test, "lags": lags, "units": len(series), "rows": series.size} for test in ("levin_lin_chu", "im_pesaran_shin")]
            out += [{**name, "test": "fisher_chi2", "statistic": chi2, "p_value": stats.chi2.sf(chi2, 2 * len(series))},
                    {**name, "test": "fisher_normal", "statistic": normal, "p_value": stats.norm.cdf(normal)},
                    {**name, "test": "hadri", "statistic": z, "p_value": p},
                    {**name, "test": "pesaran_cadf", "statistic": cadf(series, lags, with_trend)}]
    return table(["variable", "series", "test"], out)


def write_all() -> None:
    """Writes the golden file."""
    warnings.simplefilter("ignore")
    plm = r_numbers('suppressMessages(library(plm))\nd <- data("provinces.csv")\ny <- pdata.frame(d, index = c("province", "year"))$log_output\n'
                    'cipstest(y, lags = 1, type = "drift", model = "cmg", truncated = TRUE)$statistic')
    same([cadf(wide("log_output", False), 1, False)], plm, 1e-8)
    main = case({"table_tests.csv": rows(["log_output", "inflation"])}, {"n_used": 640, "n_units": 20})
    trend = case({"table_tests.csv": rows(["log_power"], 2, True)}, {"n_units": 20},
                 {"vars": ["log_power"], "panel_id": "province", "time_var": "year", "lags": 2, "trend": True}, "a trend, two lags")
    save("provinces.unit_root.json", "statsmodels adfuller; Choi (2001); R plm 2.6 purtest, cipstest; numpy", {"default": 1e-6, "p_value": 1e-5}, main, [trend])


if __name__ == "__main__":
    write_all()
