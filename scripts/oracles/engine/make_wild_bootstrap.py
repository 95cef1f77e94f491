"""`boottest`: every draw of signs is a regression of its own in numpy (refitted outcome, cluster-robust t), and the
confidence set inverts these tests by bisection. One p-value is that of the
Python package wildboottest."""

import itertools

import numpy as np
import pandas as pd
from common import ROOT, Cases


def meat(x, e, clusters):
    sums = np.array([x[clusters == c].T @ e[clusters == c] for c in np.unique(clusters)])
    return sums.T @ sums


def dummies(v):
    return (v[:, None] == np.unique(v)[None, :]).astype(float)


class Model:
    """Least squares; effects enter as indicators."""

    def __init__(self, y, x, clusters, effects=None, weights=None):
        self.k = x.shape[1]
        self.x = x if effects is None else np.column_stack([x, dummies(effects)])
        self.y, self.clusters = y, clusters
        self.w = np.ones(len(y)) if weights is None else weights
        self.inverse = np.linalg.inv(self.x.T @ (self.w[:, None] * self.x))

    def fit(self, y):
        b = self.inverse @ self.x.T @ (self.w * y)
        return b, y - self.x @ b

    def covariance(self, e):
        return self.inverse @ meat(self.x * self.w[:, None], e, self.clusters) @ self.inverse

    def statistic(self, y, r, target):
        b, e = self.fit(y)
        d = r @ b - target
        return d @ np.linalg.inv(r @ self.covariance(e) @ r.T) @ d, d

    def restricted(self, r, target):
        b, _ = self.fit(self.y)
        d = r @ b - target
        b = b - self.inverse @ r.T @ np.linalg.inv(r @ self.inverse @ r.T) @ d
        return b, self.y - self.x @ b

    def p(self, r, target, draws, imposed=True, tail="symmetric"):
        r = np.atleast_2d(np.concatenate([np.atleast_2d(r), np.zeros((len(np.atleast_2d(r)), self.x.shape[1] - np.atleast_2d(r).shape[1]))], axis=1))
        target = np.atleast_1d(target)
        own, d = self.statistic(self.y, r, target)
        b, e = self.restricted(r, target) if imposed else self.fit(self.y)
        centre = target if imposed else r @ b
        boot, of = draws
        values = np.array([self.signed(self.x @ b + np.array(v)[of] * e, r, centre) for v in boot])
        mine = np.sign(d[0]) * np.sqrt(own) if len(d) == 1 else own
        slack = 1e-9 * abs(mine)
        if len(d) > 1 or tail == "symmetric":
            return np.mean(np.abs(values) > abs(mine) + slack)
        if tail == "equaltail":
            return 2 * min(np.mean(values <= mine + slack), np.mean(values > mine + slack))
        return np.mean(values < mine - slack) if tail == "lower" else np.mean(values > mine + slack)

    def signed(self, y, r, centre):
        value, d = self.statistic(y, r, centre)
        return np.sign(d[0]) * np.sqrt(value) if len(d) == 1 else value


def signs(groups):
    values, of = np.unique(groups, return_inverse=True)
    return list(itertools.product([-1.0, 1.0], repeat=len(values))), of


def interval(model, r, draws, level=0.95, **how):
    b, e = model.fit(model.y)
    row = np.concatenate([r, np.zeros(model.x.shape[1] - len(r))])
    centre, se = row @ b, np.sqrt(row @ model.covariance(e) @ row)
    ends = []
    for sign in (-1, 1):
        inside, outside = centre, centre + sign * 12 * se
        assert model.p(r, outside, draws, **how) < 1 - level
        for _ in range(60):
            middle = (inside + outside) / 2
            if model.p(r, middle, draws, **how) >= 1 - level:
                inside = middle
            else:
                outside = middle
        ends.append(inside)
    return ends


def main():
    cases = Cases("wild_bootstrap", "numpy: one regression for each draw of signs")
    d = pd.read_csv(ROOT / "data/grunfeld.csv")
    d = d[d.company <= 8].reset_index(drop=True)
    keep = "keep if company <= 8\n"
    y, g, t = d.invest.to_numpy(), d.company.to_numpy(), d.year.to_numpy()
    one = np.ones(len(d))
    x = np.column_stack([d.mvalue, d.kstock, one])
    draws = signs(g)
    model = Model(y, x, g)
    run = keep + "regress invest mvalue kstock, vce(cluster company)\n"
    r = np.array([1.0, 0, 0])
    low, high = interval(model, r, draws)
    cases.add("regress, null imposed", "grunfeld.csv", run + "boottest mvalue, nograph", {"r(p)": model.p(r, 0, draws), "r(reps)": 256, "r(NBootClust)": 8, "r(df_r)": 7, "el(r(CI), 1, 1)": low, "el(r(CI), 1, 2)": high}, 1e-8)
    # wildboottest has 8/256: it counts the draws of equal signs, which repeat the statistic of the data, as more extreme;
    # the share in the article is of draws with |t*| > |t|.
    cases.add("regress, as wildboottest", "grunfeld.csv", run + "boottest kstock, nograph noci", {"r(p) + 2/256": 0.03125}, 1e-8, "Python wildboottest 0.3")
    cases.add("regress, the statistic is that of test", "grunfeld.csv", run + "test kstock = .2\nscalar f = r(F)\nboottest kstock = .2, nograph noci\nscalar gap = reldif(r(t)^2, f) < 1e-9", {"gap": 1, "r(p)": model.p([0, 1.0, 0], 0.2, draws)}, 1e-8)
    low, high = interval(model, r, draws, 0.9, imposed=False)
    cases.add("regress, nonull", "grunfeld.csv", run + "boottest mvalue = .1, nograph nonull level(90)", {"r(p)": model.p(r, 0.1, draws, imposed=False), "el(r(CI), 1, 1)": low, "el(r(CI), 1, 2)": high, "r(null)": 0}, 1e-8)
    for tail in ("equaltail", "lower", "upper"):
        cases.add(f"regress, ptype({tail})", "grunfeld.csv", run + f"boottest kstock = .1, nograph noci ptype({tail})", {"r(p)": model.p([0, 1.0, 0], 0.1, draws, tail=tail)}, 1e-8)
    both = np.array([[1.0, 0, 0], [0, 1.0, 0]])
    cases.add("regress, joint", "grunfeld.csv", run + "boottest (mvalue = .1) (kstock = .2), nograph", {"r(p)": model.p(both, [0.1, 0.2], draws), "r(df)": 2}, 1e-8)
    cases.add("regress, a combination", "grunfeld.csv", run + "boottest 2*mvalue - kstock = 0, nograph noci", {"r(p)": model.p([2.0, -1, 0], 0, draws)}, 1e-8)
    within = Model(y, x[:, :2], g, g)
    r2 = np.array([0, 1.0])
    # Values far from the estimate are not rejected: the confidence set has no end there.
    se = 1e6
    ends = {f"missing(el(r(CI), 1, {i + 1}))": float(within.p(r2, sign * se, draws) >= 0.05) for i, sign in enumerate((-1, 1))}
    expect = {"r(p)": within.p(r2, 0.25, draws)} | ends
    for name, command in (("areg", "areg invest mvalue kstock, absorb(company) vce(cluster company)"), ("xtreg, fe", "xtset company year\nxtreg invest mvalue kstock, fe vce(cluster company)"), ("reghdfe", "reghdfe invest mvalue kstock, absorb(company) vce(cluster company)")):
        cases.add(f"{name}, effects in clusters", "grunfeld.csv", keep + command + "\nboottest kstock = .25, nograph", expect, 1e-8)
    # Effects of periods cut across the clusters of firms.
    across = Model(y, x[:, :2], g, t)
    cases.add("areg, effects across clusters", "grunfeld.csv", keep + "areg invest mvalue kstock, absorb(year) vce(cluster company)\nboottest mvalue = .1, nograph noci", {"r(p)": across.p([1.0, 0], 0.1, draws)}, 1e-8)
    cases.add("cluster() replaces the clusters", "grunfeld.csv", keep + "quietly regress invest mvalue kstock, vce(cluster company)\nscalar v = (_b[mvalue]/_se[mvalue])^2\nregress invest mvalue kstock\nboottest mvalue, cluster(company) nograph noci\nscalar same = reldif(r(t)^2, v) < 1e-9", {"r(p)": model.p(r, 0, draws), "same": 1}, 1e-8)
    half = (t - 1935) // 7
    pieces = Model(y, x, g * 100 + t)
    robust = keep + "generate period = floor((year - 1935)/7)\nregress invest mvalue kstock, vce(robust)\n"
    cases.add("robust errors, draws by period", "grunfeld.csv", robust + "boottest mvalue = .1, bootcluster(period) nograph noci", {"r(p)": pieces.p(r, 0.1, signs(half)), "r(NBootClust)": 3, "r(reps)": 8}, 1e-8)
    weights = 1 + (np.arange(len(d)) % 3)
    weighted = Model(y, x, g, weights=weights.astype(float))
    cases.add("weights", "grunfeld.csv", keep + "generate w = 1 + mod(_n - 1, 3)\nregress invest mvalue kstock [aw=w], vce(cluster company)\nboottest kstock = .2, nograph noci", {"r(p)": weighted.p([0, 1.0, 0], 0.2, draws)}, 1e-8)
    # With many draws the share settles: the exact one is that of all signs.
    cases.add("draws at random", "grunfeld.csv", keep + "regress invest mvalue kstock, vce(cluster company)\nboottest mvalue = .1, reps(255) seed(7) nograph noci\nscalar near = abs(r(p) - " + repr(float(model.p(r, 0.1, draws))) + ") < .1", {"near": 1, "r(reps)": 255}, 1e-8)
    cases.write()


main()
