"""`xtunitroot breitung` (Breitung 2000, in numpy; under random walks it is standard normal) and the t-tilde-bar of `xtunitroot ips`
(numpy; its moments by the simulation of `simulate_ips.py`). Writes `panel_roots_further.json`."""

import numpy as np
import pandas as pd
from common import ROOT, Cases
from scipy.stats import norm
from simulate_ips import moments

DRAWS = 2_000_000


def breitung(panels, lags, kind):
    top = bottom = 0.0
    for y in panels:
        d = np.diff(y)
        change, level = d[lags:], y[lags:-1]
        if lags:
            z = np.column_stack([d[lags - j : len(d) - j] for j in range(1, lags + 1)])
            full = np.column_stack([z, np.ones(len(z))]) if kind == "trend" else z
            change = change - z @ np.linalg.lstsq(full, change, rcond=None)[0][:lags]
            level = level - z @ np.linalg.lstsq(full, level, rcond=None)[0][:lags]
        n = len(change)
        s2 = change.var(ddof=1)
        x = level - (0 if kind == "noconstant" else level[0])
        if kind == "trend":
            x = (x - np.arange(n) * change.mean())[: n - 1]
            later = np.array([change[s + 1 :].mean() for s in range(n - 1)])
            k = np.arange(n - 1, 0, -1)
            change = np.sqrt(k / (k + 1)) * (change[:-1] - later)
        top += change @ x / s2
        bottom += x @ x / s2
    return top / np.sqrt(bottom)


def t_tilde(y, trend):
    t = len(y) - 1
    parts = np.column_stack([np.ones(t)] + ([np.arange(t)] if trend else []))
    rest = lambda v: v - parts @ np.linalg.lstsq(parts, v, rcond=None)[0]
    d, level = rest(np.diff(y)), rest(y[:-1])
    # the regression on the lagged level, with the variance of the model without it
    slope = (level @ d) / (level @ level)
    return slope / np.sqrt(d @ d / (t - parts.shape[1]) / (level @ level))


def main():
    rng = np.random.default_rng(11)
    for kind, make in (("", lambda: rng.normal(size=(40, 1)) + rng.normal(size=(40, 80)).cumsum(1)),
                       ("trend", lambda: (rng.normal(size=(40, 80)) + rng.normal(size=(40, 1))).cumsum(1))):
        found = np.array([breitung(make(), 0, kind) for _ in range(400)])
        print(kind, "null: mean", found.mean(), "sd", found.std())
        assert abs(found.mean()) < 0.25 and abs(found.std() - 1) < 0.15
    data = pd.read_csv(ROOT / "data" / "panelroots.csv")
    cases = Cases("panel_roots_further", "numpy; moments of t-tilde by simulation (simulate_ips.py)")
    for name in ("y", "yrw"):
        panels = [g.sort_values("time")[name].to_numpy() for _, g in data.groupby("id")]
        for kind, option in (("", ""), ("trend", " trend"), ("noconstant", " noconstant")):
            for lags, text in ((0, ""), (2, " lags(2)")):
                value = breitung(panels, lags, kind)
                cases.add(f"xtunitroot breitung {name},{option}{text}", "panelroots.csv", f"xtset id time\nxtunitroot breitung {name},{option}{text}",
                          {"r(lambda)": value, "r(p)": norm.cdf(value)}, 1e-7)
        for trend in (False, True):
            t = np.array([t_tilde(y, trend) for y in panels])
            mean, variance = moments(len(panels[0]) - 1, trend, DRAWS, rng)
            z = np.sqrt(len(t)) * (t.mean() - mean) / np.sqrt(variance)
            do = f"xtset id time\nxtunitroot ips {name}" + (", trend" if trend else "")
            cases.add(f"xtunitroot ips {name}, t-tilde-bar" + (" trend" if trend else ""), "panelroots.csv", do, {"r(ttildebar)": t.mean()}, 1e-9)
            # the simulation is good to three digits
            cases.add(f"xtunitroot ips {name}, Z-t-tilde-bar" + (" trend" if trend else ""), "panelroots.csv", do,
                      {f"abs(r(zttildebar) - ({z:.6f})) < .02": 1.0}, 1e-12)
    cases.write()


main()
