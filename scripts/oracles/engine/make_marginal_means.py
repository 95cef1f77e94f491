"""Means over random effects and their slopes: likelihoods of random intercepts with 80 points of quadrature, the average
marginal effect written out, and its standard error by the delta method with numerical derivatives."""

import numpy as np
import pandas as pd
from common import ROOT, Cases, write_data
from numeric import jacobian, maximise
from scipy.special import expit, gammaln
from scipy.stats import norm

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(80)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def report(f, t, v):
    """A function of the parameters with its standard error."""
    j = jacobian(lambda s: np.array([f(s)]), t)
    return [f(t)], np.sqrt(np.diag(j @ v @ j.T))


def make_data():
    rng = np.random.default_rng(41)
    groups, each = 80, 8
    n = groups * each
    f = pd.DataFrame({"id": np.repeat(np.arange(1, groups + 1), each), "t": np.tile(np.arange(1, each + 1), groups)})
    u = rng.normal(size=groups)[f.id - 1]
    f["x"], f["z"] = np.round(rng.normal(size=n), 3), np.round(rng.normal(size=n) + 0.2, 3)
    f["yes"] = (0.3 + 0.8 * f.x - 0.4 * f.z + 1.1 * u + rng.logistic(size=n) > 0).astype(int)
    latent = 0.7 * f.x - 0.4 * f.z + 0.9 * u + rng.logistic(size=n)
    f["grade"] = 1 + (latent > -0.8).astype(int) + (latent > 0.9)
    f["events"] = rng.poisson(np.exp(0.2 + 0.3 * f.x + 0.2 * f.z + 0.5 * u))
    f["hours"] = np.round(np.maximum(0.4 + 0.6 * f.x - 0.3 * f.z + 0.7 * u + rng.normal(size=n), 0), 3)
    write_data("marginal_means", f)
    return pd.read_csv(ROOT / "data/marginal_means.csv")


def by_group(f, log_density):
    """Log likelihood of each group from the log density of its rows at each node, `log_density(t, u)`."""
    starts = np.flatnonzero(np.diff(f.id, prepend=0))

    def rows(t):
        sums = np.stack([np.add.reduceat(log_density(t, node), starts) for node in NODES], 1)
        top = sums.max(1, keepdims=True)
        return np.log(np.exp(sums - top) @ WEIGHTS) + top[:, 0]

    return rows


def main():
    f = make_data()
    x, z = f.x.to_numpy(), f.z.to_numpy()
    cases = Cases("marginal_means", "random intercepts by 80 points of quadrature in numpy, delta method by numerical derivatives")
    mean_over = lambda curve, eta, variance: sum(w * curve(eta + np.sqrt(variance) * u) for u, w in zip(NODES, WEIGHTS))

    def slope(mean, which):
        """The average slope of `mean(t, shift in x, shift in z)`."""
        h = 1e-5
        shift = lambda s: (s, 0.0) if which == "x" else (0.0, s)
        return lambda t: np.mean(mean(t, *shift(h)) - mean(t, *shift(-h))) / (2 * h)

    def add(name, command, found, means, statistic, tolerance=2e-6):
        t, _, information, _ = found
        v = np.linalg.inv(information)
        out = {}
        for k, which in enumerate(["x", "z"], 1):
            value, se = report(slope(means, which), t, v)
            out[f"el(r(b),1,{k})"], out[f"sqrt(el(r(V),{k},{k}))"] = value[0], se[0]
        cases.add(f"margins {name} slopes", "marginal_means.csv", f"xtset id t\n{command}\nmargins, dydx(x z) {statistic}", out, tolerance)
        value, se = report(lambda s: np.mean(means(s, 0.0, 0.0)), t, v)
        out = {"el(r(b),1,1)": value[0], "sqrt(el(r(V),1,1))": se[0]}
        cases.add(f"margins {name} mean", "marginal_means.csv", f"xtset id t\n{command}\nmargins, {statistic}", out, tolerance)

    sign = 2 * f.yes.to_numpy() - 1
    index = lambda t, dx=0.0, dz=0.0: t[0] * (x + dx) + t[1] * (z + dz) + t[2]
    log_logistic = lambda e: -np.log1p(np.exp(-e))
    found = maximise(by_group(f, lambda t, u: log_logistic(sign * (index(t) + np.exp(t[3] / 2) * u))), [0.5, -0.2, 0.1, 0.0])
    add("melogit", "melogit yes x z || id:, intpoints(25)", found, lambda t, dx, dz: mean_over(expit, index(t, dx, dz), np.exp(t[3])), "")
    add("melogit fixed portion", "melogit yes x z || id:, intpoints(25)", found, lambda t, dx, dz: expit(index(t, dx, dz)),
        "predict(mu conditional(fixedonly))")
    found = maximise(by_group(f, lambda t, u: norm.logcdf(sign * (index(t) + np.exp(t[3] / 2) * u))), [0.3, -0.1, 0.1, -0.5])
    add("meprobit", "meprobit yes x z || id:, intpoints(25)", found, lambda t, dx, dz: mean_over(norm.cdf, index(t, dx, dz), np.exp(t[3])), "predict(mu marginal)")

    events = f.events.to_numpy()
    poisson = lambda t, u: events * (index(t) + np.exp(t[3] / 2) * u) - np.exp(index(t) + np.exp(t[3] / 2) * u) - gammaln(events + 1)
    found = maximise(by_group(f, poisson), [0.2, 0.2, 0.1, -1.0])
    add("mepoisson", "mepoisson events x z || id:, intpoints(25)", found, lambda t, dx, dz: np.exp(index(t, dx, dz) + np.exp(t[3]) / 2), "")

    grade = f.grade.to_numpy()
    linear = lambda t, dx=0.0, dz=0.0: t[0] * (x + dx) + t[1] * (z + dz)

    def category(t, eta, k):
        upper = expit(t[3] - eta) if k == 2 else expit(t[2] - eta) if k == 1 else 1.0
        lower = 0.0 if k == 1 else expit(t[2] - eta) if k == 2 else expit(t[3] - eta)
        return upper - lower

    def ordered(t, u):
        eta = linear(t) + np.exp(t[4] / 2) * u
        return sum(np.where(grade == k, np.log(category(t, eta, k)), 0.0) for k in (1, 2, 3))

    found = maximise(by_group(f, ordered), [0.5, -0.2, -0.6, 0.8, -0.3])
    for k in (1, 2, 3):
        mean = lambda t, dx, dz, k=k: mean_over(lambda e: category(t, e, k), linear(t, dx, dz), np.exp(t[4]))
        add(f"meologit {k}", "meologit grade x z || id:, intpoints(25)", found, mean, f"predict(outcome({k}))")
    mean = lambda t, dx, dz: mean_over(lambda e: category(t, e, 2), linear(t, dx, dz), np.exp(t[4]))
    add("xtologit", "xtologit grade x z, intpoints(25)", found, mean, "predict(pr outcome(2))")
    add("xtologit pu0", "xtologit grade x z, intpoints(25)", found, lambda t, dx, dz: category(t, linear(t, dx, dz), 3), "predict(pu0 outcome(3))")

    hours = f.hours.to_numpy()

    def tobit(t, u):
        m = index(t) + t[3] * u
        return np.where(hours <= 0, norm.logcdf(-m / t[4]), norm.logpdf((hours - m) / t[4]) - np.log(t[4]))

    found = maximise(by_group(f, tobit), [0.5, -0.2, 0.3, 0.6, 1.0])
    total = lambda t: np.sqrt(t[3] ** 2 + t[4] ** 2)

    def above_zero(t, dx, dz):
        m, s = index(t, dx, dz), total(t)
        return norm.cdf(m / s) * m + s * norm.pdf(m / s)

    add("xttobit ystar", "xttobit hours x z, ll(0) intpoints(25)", found, above_zero, "predict(ystar(0,.))")
    add("xttobit pr", "xttobit hours x z, ll(0) intpoints(25)", found, lambda t, dx, dz: norm.cdf(index(t, dx, dz) / total(t)), "predict(pr(0,.))")

    # counts without effects
    found = maximise(lambda t: events * index(t) - np.exp(index(t)) - gammaln(events + 1), [0.2, 0.2, 0.1])
    mass = lambda k, t, dx, dz: np.exp(k * index(t, dx, dz) - np.exp(index(t, dx, dz)) - gammaln(k + 1))
    add("poisson pr(1)", "poisson events x z", found, lambda t, dx, dz: mass(1, t, dx, dz), "predict(pr(1))")
    add("poisson pr(2,.)", "poisson events x z", found, lambda t, dx, dz: 1 - mass(0, t, dx, dz) - mass(1, t, dx, dz), "predict(pr(2,.))")

    def nb(k, t, dx=0.0, dz=0.0):
        m, mu = np.exp(-t[3]), np.exp(index(t, dx, dz))
        return gammaln(k + m) - gammaln(m) - gammaln(np.asarray(k) + 1) + k * np.log(mu / (mu + m)) + m * np.log(m / (mu + m))

    found = maximise(lambda t: nb(events, t), [0.2, 0.2, 0.1, -0.5])
    add("nbreg pr(0,1)", "nbreg events x z", found, lambda t, dx, dz: np.exp(nb(0, t, dx, dz)) + np.exp(nb(1, t, dx, dz)), "predict(pr(0,1))")
    cases.write()


if __name__ == "__main__":
    main()
