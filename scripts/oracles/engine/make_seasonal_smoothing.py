"""`tssmooth shwinters`: R HoltWinters with given starting values (a year in front of the series makes it begin at the first value),
statsmodels ExponentialSmoothing (whose seasonal parameter is gamma (1 - alpha) of Winters), starting values by numpy, and the least
sum of squares by scipy. Writes `seasonal_smoothing.json`. The data are the airline passengers of Box and Jenkins."""

import json
import subprocess

import numpy as np
import pandas as pd
from common import ROOT, Cases
from scipy.optimize import minimize
from statsmodels.tsa.holtwinters import ExponentialSmoothing

PERIOD = 12
R = """
library(jsonlite)
a <- fromJSON(file("stdin"))
x <- ts(c(rep(1, a$period), a$x), frequency=a$period)
f <- HoltWinters(x, alpha=a$parms[1], beta=a$parms[2], gamma=a$parms[3], seasonal=a$kind, l.start=a$level, b.start=a$slope,
                 s.start=a$season)
cat(toJSON(list(sse=f$SSE, fitted=as.numeric(fitted(f)[, "xhat"]), ahead=as.numeric(predict(f, 15))), digits=NA, auto_unbox=TRUE))
"""


def starts(x, n, kind):
    """Starting values from the first n values."""
    if kind == "additive":
        t = np.arange(1, n + 1)
        design = np.column_stack([t] + [(t - 1) % PERIOD == j for j in range(PERIOD)]).astype(float)
        b = np.linalg.lstsq(design, x[:n], rcond=None)[0]
        level = b[1:].mean()
        return level, b[0], b[1:] - level
    years = n // PERIOD
    table = x[: years * PERIOD].reshape(years, PERIOD)
    means = table.mean(axis=1)
    slope = (means[-1] - means[0]) / ((years - 1) * PERIOD)
    j = np.arange(1, PERIOD + 1)
    season = (table / (means[:, None] - ((PERIOD + 1) / 2 - j) * slope)).mean(axis=0)
    return means[0] - PERIOD / 2 * slope, slope, season * PERIOD / season.sum()


def rss(x, parms, start, kind):
    """Sum of squared prediction errors by the recursion of Winters."""
    a, b, g = parms
    level, slope, season = start[0], start[1], list(start[2])
    total = 0.0
    for t, value in enumerate(x):
        s = season[t % PERIOD]
        line = level + slope
        total += (value - (line + s if kind == "additive" else line * s)) ** 2
        new = a * (value - s if kind == "additive" else value / s) + (1 - a) * line
        slope = b * (new - level) + (1 - b) * slope
        level = new
        season[t % PERIOD] = g * (value - level if kind == "additive" else value / level) + (1 - g) * s
    return total


def main():
    x = pd.read_csv(ROOT / "data" / "air2.csv").air.to_numpy(float)
    cases = Cases("seasonal_smoothing", "R HoltWinters, statsmodels ExponentialSmoothing, numpy, scipy")
    for kind, option in (("additive", " additive"), ("multiplicative", "")):
        for n, samp0 in ((72, ""), (36, " samp0(36)")):
            parms = (0.3, 0.1, 0.4)
            level, slope, season = starts(x, n, kind)
            asked = {"x": x.tolist(), "period": PERIOD, "parms": parms, "kind": kind, "level": level, "slope": slope, "season": season.tolist()}
            r = json.loads(subprocess.run(["Rscript", "-e", R], input=json.dumps(asked), capture_output=True, text=True, check=True).stdout)
            model = ExponentialSmoothing(x, trend="add", seasonal={"additive": "add", "multiplicative": "mul"}[kind], seasonal_periods=PERIOD,
                                         initialization_method="known", initial_level=level, initial_trend=slope, initial_seasonal=season)
            fit = model.fit(smoothing_level=parms[0], smoothing_trend=parms[1], smoothing_seasonal=parms[2] * (1 - parms[0]), optimized=False)
            if kind == "additive":
                assert abs(fit.sse / r["sse"] - 1) < 1e-9, (fit.sse, r["sse"])
            assert abs(rss(x, parms, (level, slope, season), kind) / r["sse"] - 1) < 1e-9
            do = f"tsset t\ntssmooth shwinters double w = air, period(12){option} parms(.3 .1 .4){samp0} forecast(15)"
            expect = {"r(rss)": r["sse"], "r(N_pre)": n, "w[1]": r["fitted"][0], "w[80]": r["fitted"][79], "w[144]": r["fitted"][143],
                      "w[145]": r["ahead"][0], "w[159]": r["ahead"][14]}
            cases.add(f"tssmooth shwinters {kind}{samp0}", "air2.csv", do, expect, 1e-9)
        best = min((minimize(lambda p: rss(x, p, starts(x, 72, kind), kind), s, method="L-BFGS-B", bounds=[(0, 1)] * 3, options={"ftol": 1e-15, "gtol": 1e-10})
                    for s in ([0.2, 0.1, 0.5], [0.5, 0.02, 0.8], [0.9, 0.01, 0.9], [0.3, 0.3, 0.3])), key=lambda r: r.fun)
        cases.add(f"tssmooth shwinters {kind}, best", "air2.csv", f"tsset t\ntssmooth shwinters double w = air, period(12){option}",
                  {"r(rss)": best.fun, "r(rmse)": np.sqrt(best.fun / 144)}, 1e-6)
        print(kind, best.x, best.fun)
    level, slope, season = starts(x, 36, "multiplicative")
    given = "\n".join(["generate double s0 = ."] + [f"replace s0 = {float(v)!r} in {i + 1}" for i, v in enumerate(season.tolist())])
    do = f"tsset t\n{given}\ntssmooth shwinters double w = air, period(12) parms(.3 .1 .4) s0_0({float(level)!r} {float(slope)!r}) sn0_0(s0)"
    cases.add("tssmooth shwinters, given start", "air2.csv", do, {"r(rss)": rss(x, (0.3, 0.1, 0.4), (level, slope, season), "multiplicative")}, 1e-9)
    cases.write()


main()
