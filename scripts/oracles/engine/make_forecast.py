"""Cases of `forecast`: least squares and reduced forms in numpy, solved period by period ([TS] forecast).

`forecast_macro.csv` is a simulated economy of 48 periods (numpy, seed 12): consumption follows income, taxes and its own lag,
investment its own lag and that of income, and income is consumption, investment and government spending together.
"""

import numpy as np
import pandas as pd
from common import ROOT, Cases

HORIZON = 8
DATA = "forecast_macro.csv"


def least_squares(outcome, regressors):
    return np.linalg.lstsq(regressors, outcome, rcond=None)[0]


class Economy:
    """The data, and the equations fitted to the periods before the horizon."""

    def __init__(self):
        data = pd.read_csv(ROOT / "data" / DATA)
        self.c, self.i, self.g, self.tax, self.y = (data[name].to_numpy() for name in ("c", "i", "g", "tx", "y"))
        self.n = len(data)
        self.start = self.n - HORIZON

    def equations(self):
        """Coefficients of consumption on income, taxes, its lag and 1, and of investment on lagged income, its lag and 1."""
        rows = np.arange(1, self.start)
        one = np.ones(len(rows))
        consumption = least_squares(self.c[rows], np.c_[self.y[rows], self.tax[rows], self.c[rows - 1], one])
        investment = least_squares(self.i[rows], np.c_[self.y[rows - 1], self.i[rows - 1], one])
        return consumption, investment

    def solve(self, static=False, adjusted=None, known_investment=False):
        """Consumption, investment and income by the reduced form of each period; lags are observed ones where static."""
        consumption, investment = self.equations()
        c, i, y = self.c.copy(), self.i.copy(), self.y.copy()
        for t in range(self.start, self.n):
            past = (self.c, self.i, self.y) if static else (c, i, y)
            c_lag, i_lag, y_lag = (series[t - 1] for series in past)
            invested = investment @ [y_lag, i_lag, 1] + (adjusted or {}).get(t, 0)
            if known_investment:
                invested = self.i[t]
            spent = consumption[1] * self.tax[t] + consumption[2] * c_lag + consumption[3]
            y[t] = (spent + invested + self.g[t]) / (1 - consumption[0])
            c[t], i[t] = y[t] - invested - self.g[t], invested
        return {"c": c, "i": i, "y": y}

    def autoregression(self):
        """A vector autoregression of consumption and investment with two lags."""
        rows = np.arange(2, self.start)
        lags = np.c_[self.c[rows - 1], self.c[rows - 2], self.i[rows - 1], self.i[rows - 2], np.ones(len(rows))]
        fits = [least_squares(series[rows], lags) for series in (self.c, self.i)]
        c, i = self.c.copy(), self.i.copy()
        for t in range(self.start, self.n):
            past = [c[t - 1], c[t - 2], i[t - 1], i[t - 2], 1]
            c[t], i[t] = fits[0] @ past, fits[1] @ past
        return {"c": c, "i": i}

    def growth(self):
        """The growth of consumption by its lag and taxes; level and share of spending follow by identities."""
        logs = np.log(self.c)
        growth = np.r_[np.nan, np.diff(logs)]
        rows = np.arange(2, self.start)
        fit = least_squares(growth[rows], np.c_[growth[rows - 1], self.tax[rows], np.ones(len(rows))])
        c, share = self.c.copy(), self.c / (self.c + self.g)
        for t in range(self.start, self.n):
            growth[t] = fit @ [growth[t - 1], self.tax[t], 1]
            logs[t] = logs[t - 1] + growth[t]
            c[t] = np.exp(logs[t])
            share[t] = c[t] / (c[t] + self.g[t])
        return {"dlc": growth, "lc": logs, "c": c, "share": share}

    def halves(self):
        """The two halves of the series as panels; the last observed row of each is the fourth before its end."""
        half = self.n // 2
        panel = np.repeat([1, 2], half)
        period = np.tile(np.arange(1, half + 1), 2)
        last = half - 4
        inside = (period > 1) & (period <= last)
        lag = np.r_[np.nan, self.c[:-1]]
        second = (panel == 2).astype(float)
        fit = least_squares(
            self.c[inside], np.c_[lag[inside], self.g[inside], second[inside], np.ones(inside.sum())]
        )
        c = self.c.copy()
        for t in np.flatnonzero(period > last):
            c[t] = fit @ [c[t - 1], self.g[t], second[t], 1]
        return {"c": c}, half, last


def expected(series, rows, name="f_{}"):
    """The values of rows counted from zero, as expressions of Stata."""
    return {f"{name.format(key)}[{t + 1}]": values[t] for key, values in series.items() for t in rows}


def main():
    economy = Economy()
    start, n = economy.start, economy.n
    begin = f"begin({start + 1})"
    rows = (start, start + 1, n - 1)
    cases = Cases("forecast", "numpy: least squares, reduced forms solved period by period")

    def add(name, do, values):
        cases.add(name, DATA, do, values, 2e-8)

    base = (
        f"tsset t\nquietly regress c y tx L.c in 1/{start}\nestimates store cons\n"
        f"quietly regress i L.y L.i in 1/{start}\nestimates store inv\nforecast create m\nforecast estimates cons\n"
        "forecast estimates inv\nforecast identity y = c + i + g\nforecast exogenous g tx\n"
    )
    plain = expected(economy.solve(), rows)
    add("forecast, dynamic", f"{base}forecast solve, {begin} double log(off)", plain)
    static = expected(economy.solve(static=True), rows)
    add("forecast, static", f"{base}forecast solve, {begin} double static log(off)", static)
    add("forecast, Newton", f"{base}forecast solve, {begin} double technique(newtonraphson) log(off)", plain)
    adjusted = expected(economy.solve(adjusted={start + 1: 2.5, n - 2: -1, n - 1: -1}), rows)
    changes = f"forecast adjust i = i + 2.5 if t == {start + 2}\nforecast adjust i = i - 1 if t > {n - 2}\n"
    add("forecast, adjusted", f"{base}{changes}forecast solve, {begin} double log(off)", adjusted)
    known = expected(economy.solve(known_investment=True), rows)
    gone = f"replace c = . if t > {start}\nreplace y = . if t > {start}\n"
    add("forecast, actual values of investment", f"{base}{gone}forecast solve, double actuals log(off)", known)

    add(
        "forecast, vector autoregression",
        f"tsset t\nquietly var c i in 1/{start}, lags(1 2)\nestimates store v\nforecast create\nforecast estimates v\n"
        f"forecast solve, {begin} suffix(_d) double log(off)",
        expected(economy.autoregression(), rows, "{}_d"),
    )
    add(
        "forecast, differences and nonlinear identities",
        f"tsset t\ngenerate double lc = ln(c)\nquietly regress D.lc LD.lc tx in 1/{start}\nestimates store d\n"
        "forecast create growth\nforecast estimates d, names(dlc)\nforecast identity lc = L.lc + dlc\n"
        "forecast identity c = exp(lc)\nforecast identity share = c/(c + g), generate double\n"
        f"forecast solve, {begin} double log(off)",
        expected(economy.growth(), rows),
    )
    panels, half, last = economy.halves()
    add(
        "forecast, panels with an indicator",
        f"generate id = 1 + (t > {half})\nreplace t = t - {half} if id == 2\nxtset id t\n"
        f"quietly regress c L.c g i.id if t <= {last}\nestimates store p\nforecast create\nforecast estimates p\n"
        f"forecast solve, begin({last + 1}) periods(3) double log(off)",
        expected(panels, (last, last + 2, half + last, half + last + 2)),
    )
    cases.write()


if __name__ == "__main__":
    main()
