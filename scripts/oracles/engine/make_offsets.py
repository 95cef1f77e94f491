"""Offsets of ordered and censored regressions, and weighted confidence intervals: likelihoods maximised with scipy,
formulas in numpy."""

import numpy as np
import pandas as pd
from common import ROOT, Cases
from scipy import stats
from scipy.optimize import minimize
from statsmodels.tools.numdiff import approx_hess_cs


def maximised(nll, start):
    """Newton steps on complex-step derivatives: estimates, standard errors and the log likelihood."""
    options = {"xatol": 1e-10, "fatol": 1e-12, "maxiter": 20000, "maxfev": 20000}
    with np.errstate(all="ignore"):
        b = minimize(lambda p: nll(p).real, start, method="Nelder-Mead", options=options).x
    step = 1e-20
    for _ in range(20):
        gradient = np.array([nll(b + 1j * step * row).imag / step for row in np.eye(len(b))])
        hessian = approx_hess_cs(b, nll)
        b = b - np.linalg.solve(hessian, gradient)
    return b, np.sqrt(np.diag(np.linalg.inv(approx_hess_cs(b, nll)))), -nll(b).real


def logistic(x):
    return 1 / (1 + np.exp(-x))


def ordered(cases, frame):
    y, x, shift = frame["kidsge6"].clip(upper=3).to_numpy(), frame["educ"].to_numpy(), frame["age"].to_numpy() / 50

    def nll(p, slope=True):
        cuts = p[1:] if slope else p
        eta = shift + (p[0] * x if slope else 0)
        total = 0
        for j in range(4):
            upper = logistic(cuts[j] - eta) if j < 3 else 1
            lower = logistic(cuts[j - 1] - eta) if j else 0
            total = total - np.sum(np.log((upper - lower + 0 * eta)[y == j]))
        return total

    b, se, ll = maximised(nll, [0.0, 0.0, 1.0, 2.0])
    _, _, ll_0 = maximised(lambda p: nll(p, False), [0.0, 1.0, 2.0])
    mean = np.mean(logistic(b[1] - shift - b[0] * x))
    expect = {"_b[educ]": b[0], "_se[educ]": se[0], "_b[/cut1]": b[1], "_b[/cut3]": b[3], "e(ll)": ll, "e(ll_0)": ll_0}
    do = "gen k = min(kidsge6, 3)\ngen double o = age/50\nologit k educ, offset(o)\npredict double p0, outcome(0)\nsummarize p0"
    cases.add("ologit, offset()", "labour.csv", do, expect | {"r(mean)": mean}, 1e-6)


def censored(cases, frame):
    y, x, shift = frame["lwage"].to_numpy(), frame["educ"].to_numpy(), frame["age"].to_numpy() / 50
    low = 0.7
    at = y <= low

    def log_density(e, sigma):
        return -np.log(sigma) - 0.5 * np.log(2 * np.pi) - 0.5 * (e / sigma) ** 2

    from scipy.special import erfc

    def tail(z):
        """The log of the normal distribution function, also of complex numbers near the real axis."""
        z = np.asarray(z)
        real = np.log(0.5 * erfc(-z.real / np.sqrt(2)))
        if not np.iscomplexobj(z):
            return real
        ratio = np.exp(-0.5 * z.real**2) / np.sqrt(2 * np.pi) / np.exp(real)
        d = z.imag * 1j
        return real + ratio * d - 0.5 * (z.real * ratio + ratio**2) * d * d

    def tobit(p):
        eta, sigma = p[0] * x + p[1] + shift, np.exp(p[2])
        return -np.sum(log_density((y - eta)[~at], sigma)) - np.sum(tail(((low - eta) / sigma)[at]))

    b, se, ll = maximised(tobit, [0.1, -1.0, 0.0])
    expect = {"_b[educ]": b[0], "_b[_cons]": b[1], "e(ll)": ll, "e(sigma)": np.exp(b[2])}
    make = "gen double o = age/50\n"
    cases.add("tobit, offset()", "labour.csv", make + "tobit lwage educ, ll(0.7) offset(o)", expect, 2e-6)
    do = make + "gen double hi = max(lwage, 0.7)\ngen double lo = cond(lwage <= 0.7, ., lwage)\nintreg lo hi educ, offset(o)"
    expect = {"_b[educ]": b[0], "_b[_cons]": b[1], "e(ll)": ll, "_b[/lnsigma]": b[2]}
    cases.add("intreg, offset()", "labour.csv", do, expect, 2e-6)
    inside = y > low

    def truncated(p):
        eta, sigma = (p[0] * x + p[1] + shift)[inside], np.exp(p[2])
        return -np.sum(log_density(y[inside] - eta, sigma) - tail((eta - low) / sigma))

    b, se, ll = maximised(truncated, [0.1, -1.0, 0.0])
    expect = {"_b[educ]": b[0], "_b[_cons]": b[1], "e(ll)": ll, "e(sigma)": np.exp(b[2])}
    cases.add("truncreg, offset()", "labour.csv", make + "truncreg lwage educ, ll(0.7) offset(o)", expect, 2e-6)


def intervals(cases, frame):
    y, f = frame["lwage"].to_numpy(), frame["kidsge6"].to_numpy() + 1
    n = f.sum()
    mean = (f * y).sum() / n
    sd = np.sqrt((f * (y - mean) ** 2).sum() / (n - 1))
    make = "gen f = kidsge6 + 1\n"
    half = stats.t.ppf(0.975, n - 1) * sd / np.sqrt(n)
    expect = {"r(N)": n, "r(mean)": mean, "r(se)": sd / np.sqrt(n), "r(lb)": mean - half, "r(ub)": mean + half}
    cases.add("ci means [fweight]", "labour.csv", make + "ci means lwage [fw=f]", expect, 1e-9)
    rows = len(y)
    sd = np.sqrt((f * (y - mean) ** 2).sum() * rows / n / (rows - 1))
    half = stats.t.ppf(0.95, rows - 1) * sd / np.sqrt(rows)
    expect = {"r(N)": rows, "r(mean)": mean, "r(se)": sd / np.sqrt(rows), "r(lb)": mean - half}
    cases.add("ci means [aweight]", "labour.csv", make + "ci means lwage [aw=f], level(90)", expect, 1e-9)
    k = (f * (frame["kidslt6"] > 0)).sum()
    expect = {"r(N)": n, "r(proportion)": k / n, "r(lb)": stats.beta.ppf(0.025, k, n - k + 1)}
    expect["r(ub)"] = stats.beta.ppf(0.975, k + 1, n - k)
    do = make + "gen young = kidslt6 > 0\nci proportions young [fw=f]"
    cases.add("ci proportions [fweight]", "labour.csv", do, expect, 1e-9)
    v = (f * (y - mean) ** 2).sum()
    expect = {"r(Var)": v / (n - 1), "r(lb)": v / stats.chi2.ppf(0.975, n - 1), "r(ub)": v / stats.chi2.ppf(0.025, n - 1)}
    cases.add("ci variances [fweight]", "labour.csv", make + "ci variances lwage [fw=f]", expect, 1e-9)
    events, exposure = frame["kidsge6"].sum(), frame["age"].sum()
    expect = {"r(mean)": events / exposure, "r(lb)": stats.chi2.ppf(0.025, 2 * events) / 2 / exposure}
    expect["r(ub)"] = stats.chi2.ppf(0.975, 2 * events + 2) / 2 / exposure
    cases.add("ci means, exposure()", "labour.csv", "ci means kidsge6, exposure(age)", expect, 1e-9)


def main():
    frame = pd.read_csv(ROOT / "data" / "labour.csv")
    cases = Cases("offsets", "likelihoods maximised with scipy; formulas in numpy and scipy")
    ordered(cases, frame)
    censored(cases, frame)
    intervals(cases, frame)
    cases.write()


if __name__ == "__main__":
    main()
