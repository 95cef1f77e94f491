"""Mixed-effects and random-effects models of limited outcomes: R lme4 and ordinal, scipy with fixed Gauss-Hermite nodes."""

import os
import subprocess
import tempfile

import numpy as np
import pandas as pd
from common import Cases, write_data
from numeric import maximise
from scipy import stats
from scipy.special import gammaln, log_expit, log_ndtr, logsumexp

# Forty nodes of a rule for the normal density; the integrands are smooth and the effects are of size one.
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
LOG_WEIGHTS = np.log(WEIGHTS / np.sqrt(2 * np.pi))


def sample():
    """Sixty schools of four to eleven pupils."""
    rng = np.random.default_rng(77)
    sizes = rng.integers(4, 12, 60)
    school = np.repeat(np.arange(1, 61), sizes)
    n = len(school)
    u, s = 0.8 * rng.normal(size=61), 0.5 * rng.normal(size=61)
    x, z = rng.normal(size=n).round(3), rng.integers(0, 2, n)
    index = 0.2 + 0.7 * x - 0.5 * z + u[school] + s[school] * x
    plain = 0.2 + 0.7 * x - 0.5 * z + u[school]
    frame = pd.DataFrame({"school": school, "x": x, "z": z, "region": school % 15})
    frame["pass"] = (plain + rng.logistic(size=n) > 0).astype(int)
    frame["slope"] = (index + rng.logistic(size=n) > 0).astype(int)
    frame["absent"] = rng.poisson(np.exp(0.6 * plain))
    frame["late"] = rng.poisson(np.exp(0.5 * plain + 0.5) * rng.gamma(2, 0.5, n))
    frame["grade"] = 1 + np.digitize(plain + rng.logistic(size=n), [-1, 0.5, 2])
    frame["hours"] = np.maximum(0, plain + rng.normal(size=n)).round(4)
    write_data("pupils", frame)
    return frame


R = """
suppressMessages(library(lme4)); suppressMessages(library(ordinal))
d <- read.csv("DATA"); d$s <- factor(d$school)
ctl <- glmerControl(optimizer = "bobyqa", optCtrl = list(maxfun = 1e6, rhoend = 1e-10), calc.derivs = FALSE)
show <- function(name, f) cat(name, format(c(fixef(f), as.numeric(VarCorr(f)$s), as.numeric(logLik(f))), digits = 15), "\\n")
show("logit", glmer(pass ~ x + z + (1 | s), d, family = binomial, nAGQ = 25, control = ctl))
show("probit", glmer(pass ~ x + z + (1 | s), d, family = binomial(link = "probit"), nAGQ = 25, control = ctl))
show("cloglog", glmer(pass ~ x + z + (1 | s), d, family = binomial(link = "cloglog"), nAGQ = 25, control = ctl))
f <- clmm(factor(grade) ~ x + z + (1 | s), data = d, nAGQ = 25, control = clmm.control(method = "nlminb", maxIter = 1000, gradTol = 1e-9))
cat("ologit", format(c(f$beta, f$Theta, f$ST$s[1]^2, f$logLik), digits = 15), "\\n")
f <- clmm(factor(grade) ~ x + z + (1 | s), data = d, nAGQ = 25, link = "probit", control = clmm.control(method = "nlminb", maxIter = 1000, gradTol = 1e-9))
cat("oprobit", format(c(f$beta, f$Theta, f$ST$s[1]^2, f$logLik), digits = 15), "\\n")
"""


def by_r(cases, frame):
    """Estimates by adaptive quadrature with 25 points in R."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "d.csv")
        frame.to_csv(path, index=False)
        text = subprocess.run(["Rscript", "-e", R.replace("DATA", path)], capture_output=True, text=True, check=True).stdout
    found = {line.split()[0]: np.array([float(v) for v in line.split()[1:]]) for line in text.splitlines() if line.strip()}
    variance = "_b[/var(_cons[school])]"
    for name in ("logit", "probit", "cloglog"):
        v = found[name]
        expect = {"_b[_cons]": v[0], "_b[x]": v[1], "_b[z]": v[2], variance: v[3]}
        cases.add(f"me{name} by R", "pupils.csv", f"me{name} pass x z || school:, intpoints(20)", expect, 2e-4, "R lme4 glmer, nAGQ = 25; its search ends at four to five digits")
        cases.add(f"me{name} likelihood by R", "pupils.csv", f"me{name} pass x z || school:, intpoints(20)", {"e(ll)": v[4]}, 1e-7, "R lme4 glmer, nAGQ = 25")
    for name in ("ologit", "oprobit"):
        v = found[name]
        expect = {"_b[x]": v[0], "_b[z]": v[1], "_b[/cut1]": v[2], "_b[/cut2]": v[3], "_b[/cut3]": v[4]}
        cases.add(f"me{name} by R", "pupils.csv", f"me{name} grade x z || school:, intpoints(20)", expect | {variance: v[5]}, 1e-4, "R ordinal clmm, nAGQ = 25; its search ends at four to five digits")
        cases.add(f"xt{name} by R", "pupils.csv", f"xtset school\nxt{name} grade x z, intpoints(20)", expect | {"_b[/sigma2_u]": v[5]}, 1e-4, "R ordinal clmm, nAGQ = 25")
        cases.add(f"me{name} likelihood by R", "pupils.csv", f"me{name} grade x z || school:, intpoints(20)", {"e(ll)": v[6]}, 1e-8, "R ordinal clmm, nAGQ = 25")


def by_groups(frame, values, effects=1):
    """Log likelihood by group of `values(node effects)`, rows by nodes."""
    codes = frame["school"].to_numpy() - 1

    def rows(t):
        if effects == 1:
            ll, log = values(t, NODES[None, :]), LOG_WEIGHTS
        else:
            a, b = (v.ravel() for v in np.meshgrid(NODES[10:50], NODES[10:50]))
            ll = values(t, a[None, :], b[None, :])
            log = (LOG_WEIGHTS[10:50][:, None] + LOG_WEIGHTS[10:50][None, :]).ravel()
        sums = np.zeros((60, ll.shape[1]))
        np.add.at(sums, codes, ll)
        return logsumexp(sums + log, axis=1)

    return rows


def robust(information, scores, groups):
    """Sandwich of group scores summed by cluster, G/(G-1)."""
    bread = np.linalg.inv(information)
    sums = np.zeros((groups.max() + 1, scores.shape[1]))
    np.add.at(sums, groups, scores)
    g = len(np.unique(groups))
    return bread @ (sums.T @ sums) @ bread * g / (g - 1)


def by_scipy(cases, frame):
    """Estimates and standard errors with fixed nodes."""
    x, z = frame["x"].to_numpy(float), frame["z"].to_numpy(float)
    d = np.column_stack([x, z, np.ones(len(x))])
    y = frame["pass"].to_numpy()
    sign = (2 * y - 1)[:, None]

    def fits(name, do, names, values, start, effects=1, variances=1, tol=1e-6, signs=(), vce=True):
        rows = by_groups(frame, values, effects)
        theta, ll, information, scores = maximise(rows, start, steps=5)
        # parameters are on the scale of the result already, or logs of a standard deviation (named with a star)
        slope = np.array([2 * np.exp(2 * t) if n.startswith("**") else np.exp(t) if n.startswith("*") else 1 for n, t in zip(names, theta)])
        value = np.array([np.exp(2 * t) if n.startswith("**") else np.exp(t) if n.startswith("*") else t for n, t in zip(names, theta)])
        clean = [n.lstrip("*") for n in names]
        se = np.sqrt(np.diag(np.linalg.inv(information))) * slope
        expect = {f"_b[{n}]": v for n, v in zip(clean, value)} | {f"_se[{n}]": v for n, v in zip(clean, se)} | {"e(ll)": ll}
        cases.add(name, "pupils.csv", do, expect, tol, "scipy, sixty fixed nodes")
        if vce:
            region = (np.arange(1, 61) % 15).astype(int)
            cov = robust(information, scores, region)
            expect = {f"_se[{n}]": v for n, v in zip(clean, np.sqrt(np.diag(cov)) * slope)}
            cases.add(f"{name}, vce(cluster)", "pupils.csv", f"{do} vce(cluster region)", expect, tol, "scipy, sixty fixed nodes")

    var = "**/var(_cons[school])"
    base = ["x", "z", "_cons"]
    fits("melogit", "melogit pass x z || school:, intpoints(30)", [*base, var], lambda t, u: log_expit(sign * ((d @ t[:3])[:, None] + np.exp(t[3]) * u)), [0.7, -0.5, 0.2, -0.2])
    fits("meprobit", "meprobit pass x z || school:, intpoints(30)", [*base, var], lambda t, u: log_ndtr(sign * ((d @ t[:3])[:, None] + np.exp(t[3]) * u)), [0.4, -0.3, 0.1, -0.6])
    c = frame["absent"].to_numpy(float)[:, None]

    def poisson(t, u):
        eta = (d @ t[:3])[:, None] + np.exp(t[3]) * u
        return c * eta - np.exp(eta) - gammaln(c + 1)

    fits("mepoisson", "mepoisson absent x z || school:, intpoints(30)", [*base, var], poisson, [0.4, -0.3, 0.1, -0.6])
    late = frame["late"].to_numpy(float)[:, None]

    def negative(t, u):
        eta, m = (d @ t[:3])[:, None] + np.exp(t[4]) * u, np.exp(-t[3])
        return gammaln(late + m) - gammaln(m) - gammaln(late + 1) - m * np.log1p(np.exp(eta) / m) + late * (eta - np.log(m + np.exp(eta)))

    fits("menbreg", "menbreg late x z || school:, intpoints(30)", [*base, "/lnalpha", var], negative, [0.4, -0.3, 0.6, -0.7, -0.6])
    hours = frame["hours"].to_numpy(float)[:, None]

    def tobit(t, u):
        m, s = (d @ t[:3])[:, None] + np.exp(t[3]) * u, np.exp(t[4])
        return np.where(hours <= 0, log_ndtr(-m / s), stats.norm.logpdf(hours, m, s))

    fits("xttobit", "xtset school\nxttobit hours x z, ll(0) intpoints(30)", [*base, "*/sigma_u", "*/sigma_e"], tobit, [0.7, -0.5, 0.2, -0.2, 0])
    s = (2 * frame["slope"].to_numpy() - 1)[:, None]

    def slopes(t, u, v):
        return log_expit(s * ((d @ t[:3])[:, None] + x[:, None] * np.exp(t[3]) * u + np.exp(t[4]) * v))

    fits("melogit with a slope", "melogit slope x z || school: x, intpoints(15)", [*base, "**/var(x[school])", var], slopes, [0.7, -0.5, 0.2, -0.7, -0.2], effects=2, tol=1e-5, vce=False)


def main():
    cases = Cases("mixed", "R lme4, R ordinal, scipy")
    frame = sample()
    by_r(cases, frame)
    by_scipy(cases, frame)
    cases.write()


if __name__ == "__main__":
    main()
