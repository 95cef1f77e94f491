"""`margins, expression()`: averages and derivatives written out by hand over fits of statsmodels and R (with R's numDeriv),
and `vce(bootstrap)`, `vce(jackknife)`: the jackknife by numpy."""

import json
import subprocess

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import ROOT, Cases
from scipy.stats import f as f_distribution

DATA = ROOT / "data"
BY_HAND = "statsmodels fit, derivatives by hand"

RATES = """
suppressMessages(library(numDeriv))
d <- read.csv("lbw.csv")
f <- glm(low ~ lwt + smoke + age, binomial(probit), d, control = glm.control(epsilon = 1e-14, maxit = 60))
# the observed information, as maximum likelihood uses it
X <- model.matrix(f)
ll <- function(b) sum(dbinom(d$low, 1, pnorm(X %*% b), log = TRUE))
V <- solve(-hessian(ll, coef(f)))
at <- function(b, s, a) { M <- X; M[, 3] <- s; if (!is.na(a)) M[, 4] <- a; mean(pnorm(M %*% b) / pnorm(-(M %*% b))) }
odds <- function(b) at(b, 1, NA) / 1
slope <- function(b) { eta <- X %*% b; p <- pnorm(eta); mean(dnorm(eta) * b[4] / (1 - p)^2) }
one <- function(g) { j <- grad(g, coef(f)); c(g(coef(f)), sqrt(t(j) %*% V %*% j)) }
out <- rbind(one(function(b) at(b, 0, NA)), one(odds), one(function(b) at(b, 1, 20)), one(slope))
cat("[", paste(apply(out, 1, function(v) paste0("[", paste(format(v, digits = 17), collapse = ","), "]")), collapse = ","), "]")
"""


def error(gradient, v):
    return np.sqrt(gradient @ v @ gradient)


def counts(cases):
    frame = pd.read_csv(DATA / "docvis.csv")
    x = frame[["private", "educyr", "totchr"]].assign(_cons=1.0)
    fit = sm.Poisson(frame["docvis"], x).fit(disp=0, method="newton", tol=1e-15, maxiter=100)
    b, v, design = fit.params.to_numpy(), fit.cov_params().to_numpy(), x.to_numpy()
    mu = np.exp(design @ b)
    do = "poisson docvis private educyr totchr\n"
    # P(y = 0) = exp(-mu)
    zero = np.exp(-mu)
    gradient = (-(zero * mu)[:, None] * design).mean(axis=0)
    cases.add("expression(), probability of zero", "docvis.csv", do + "margins, expression(exp(-predict(n)))\nmatrix t = r(table)",
              {"t[1,1]": zero.mean(), "t[2,1]": error(gradient, v)}, 1e-7, BY_HAND)
    # an elasticity written out: the parameter times the variable
    share = b[1] * frame["educyr"].to_numpy()
    gradient = np.array([0, frame["educyr"].mean(), 0, 0])
    cases.add("expression(), a parameter and a variable", "docvis.csv", do + "margins, expression(_b[educyr]*educyr)\nmatrix t = r(table)",
              {"t[1,1]": share.mean(), "t[2,1]": error(gradient, v)}, 1e-7, BY_HAND)
    # the slope of P(y = 0) in educyr
    slope = -zero * mu * b[1]
    gradient = ((zero * mu * (mu - 1) * b[1])[:, None] * design).mean(axis=0)
    gradient[1] += (-zero * mu).mean()
    cases.add("expression(), dydx()", "docvis.csv", do + "margins, dydx(educyr) expression(exp(-exp(xb())))\nmatrix t = r(table)",
              {"t[1,1]": slope.mean(), "t[2,1]": error(gradient, v)}, 1e-6, BY_HAND)
    elastic = slope * frame["educyr"].to_numpy() / zero
    gradient = (-(mu * b[1] * frame["educyr"].to_numpy())[:, None] * design).mean(axis=0)
    gradient[1] += (-mu * frame["educyr"].to_numpy()).mean()
    cases.add("expression(), eyex()", "docvis.csv", do + "margins, eyex(educyr) expression(exp(-exp(xb())))\nmatrix t = r(table)",
              {"t[1,1]": elastic.mean(), "t[2,1]": error(gradient, v)}, 1e-6, BY_HAND)


def probit(cases):
    done = subprocess.run(["Rscript", "-e", RATES], cwd=DATA, capture_output=True, text=True, check=True)
    (zero, one, at20, slope) = json.loads(done.stdout)
    do = "probit low lwt i.smoke age\n"
    odds = "expression(predict(pr)/(1 - predict(pr)))"
    source = "R glm and numDeriv"
    cases.add("expression(), odds by group", "lbw.csv", do + f"margins smoke, {odds}\nmatrix t = r(table)",
              {"t[1,1]": zero[0], "t[2,1]": zero[1], "t[1,2]": one[0], "t[2,2]": one[1]}, 1e-6, source)
    cases.add("expression(), odds at a value", "lbw.csv", do + f"margins, at(smoke=1 age=20) {odds}\nmatrix t = r(table)",
              {"t[1,1]": at20[0], "t[2,1]": at20[1]}, 1e-6, source)
    cases.add("expression(), slope of the odds", "lbw.csv", do + f"margins, dydx(age) {odds}\nmatrix t = r(table)",
              {"t[1,1]": slope[0], "t[2,1]": slope[1]}, 1e-6, source)


def jackknife(cases):
    frame = pd.read_csv(DATA / "systolic.csv")
    x = frame[["age", "drug"]].astype(float).assign(_cons=1.0).to_numpy()
    y = frame["systolic"].to_numpy(dtype=float)
    n = len(y)
    each = np.array([np.linalg.lstsq(np.delete(x, i, 0), np.delete(y, i), rcond=None)[0] for i in range(n)])
    v = (n - 1) / n * (each - each.mean(axis=0)).T @ (each - each.mean(axis=0))
    b = np.linalg.lstsq(x, y, rcond=None)[0]
    expect = {f"_se[{name}]": np.sqrt(v[j, j]) for j, name in enumerate(["age", "drug", "_cons"])}
    expect |= {f"_b[{name}]": b[j] for j, name in enumerate(["age", "drug", "_cons"])}
    f = b[:2] @ np.linalg.inv(v[:2, :2]) @ b[:2] / 2
    expect |= {"e(N_reps)": n, "e(df_r)": n - 1, "e(F)": f, "e(p)": f_distribution.sf(f, 2, n - 1)}
    cases.add("regress, vce(jackknife)", "systolic.csv", "regress systolic age drug, vce(jackknife, nodots)", expect, 1e-9, "numpy")
    groups = frame["disease"].to_numpy()
    each = np.array([np.linalg.lstsq(x[groups != g], y[groups != g], rcond=None)[0] for g in np.unique(groups)])
    m = len(each)
    v = (m - 1) / m * (each - each.mean(axis=0)).T @ (each - each.mean(axis=0))
    cases.add("regress, vce(jackknife, cluster())", "systolic.csv", "regress systolic age drug, vce(jack, cluster(disease) nodots)",
              {"_se[age]": np.sqrt(v[0, 0]), "_se[_cons]": np.sqrt(v[2, 2]), "e(df_r)": m - 1}, 1e-9, "numpy")


def panels(cases):
    """Leaving out one company at a time, and a company drawn twice is two companies."""
    frame = pd.read_csv(DATA / "grunfeld.csv")

    def within(part):
        centred = part[["invest", "mvalue", "kstock"]] - part.groupby("company")[["invest", "mvalue", "kstock"]].transform("mean")
        return np.linalg.lstsq(centred[["mvalue", "kstock"]].to_numpy(), centred["invest"].to_numpy(), rcond=None)[0]

    firms = frame["company"].unique()
    m = len(firms)
    each = np.array([within(frame[frame["company"] != firm]) for firm in firms])
    v = (m - 1) / m * (each - each.mean(axis=0)).T @ (each - each.mean(axis=0))
    cases.add("xtreg, fe vce(jackknife)", "grunfeld.csv", "xtset company year\nxtreg invest mvalue kstock, fe vce(jackknife, nodots)",
              {"_se[mvalue]": np.sqrt(v[0, 0]), "_se[kstock]": np.sqrt(v[1, 1]), "e(N_reps)": m, "e(df_r)": m - 1}, 1e-9, "numpy")


def main():
    cases = Cases("expressions", "statsmodels, R, numpy")
    counts(cases)
    probit(cases)
    jackknife(cases)
    panels(cases)
    cases.write()


if __name__ == "__main__":
    main()
