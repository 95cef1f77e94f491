"""`etregress` (scipy maximum likelihood, R optim and numDeriv, two steps by numpy), `nestreg` (statsmodels), `sampsi` ([R] sampsi, R
power.prop.test, Fleiss, Levin and Paik 2003)."""

import json
import subprocess

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import ROOT, Cases
from numeric import maximise
from scipy.stats import chi2, norm

DATA = ROOT / "data"

BY_R = """
suppressMessages(library(numDeriv))
d <- read.csv("lbw.csv"); y <- d$bwt / 1000; t <- d$smoke
X <- cbind(d$lwt / 100, d$ht, t, 1); Z <- cbind(d$age / 10, d$race == 1, 1)
ll <- function(p) {
  s <- exp(p[9]); r <- tanh(p[8]); e <- (y - X %*% p[1:4]) / s; q <- (Z %*% p[5:7] + r * e) / sqrt(1 - r^2)
  sum(pnorm(ifelse(t == 1, q, -q), log.p = TRUE) + dnorm(e, log = TRUE) - p[8 + 1])
}
o <- lm.fit(X, y)$coefficients; g <- glm(t ~ Z - 1, family = binomial(probit))$coefficients
p <- c(o, g, 0, log(sd(y)))
p <- optim(p, function(p) -ll(p), method = "BFGS", control = list(reltol = 1e-14, maxit = 2000))$par
for (i in 1:60) { h <- hessian(ll, p); step <- solve(h, grad(ll, p)); f <- 1
  while (!is.finite(ll(p - f * step)) || ll(p - f * step) < ll(p) - 1e-9) f <- f / 2
  p <- p - f * step; if (max(abs(step)) < 1e-9) break }
v <- solve(-hessian(ll, p))
cat("[", paste(format(c(p, sqrt(diag(v)), ll(p)), digits = 17), collapse = ","), "]")
"""


def endogenous(cases):
    setup = "generate double weight = bwt/1000\ngenerate double l = lwt/100\ngenerate double a = age/10\ngenerate white = race == 1\n"
    names = ["weight:l", "weight:ht", "weight:1.smoke", "weight:_cons", "smoke:a", "smoke:white", "smoke:_cons", "/athrho", "/lnsigma"]
    frame = pd.read_csv(DATA / "lbw.csv")
    y, t = frame["bwt"].to_numpy() / 1000, frame["smoke"].to_numpy(dtype=float)
    one = np.ones(len(y))
    x = np.column_stack([frame["lwt"] / 100, frame["ht"], t, one])
    z = np.column_stack([frame["age"] / 10, frame["race"] == 1, one]).astype(float)

    def rows(p):
        s, r = np.exp(p[8]), np.tanh(p[7])
        e = (y - x @ p[:4]) / s
        q = (z @ p[4:7] + r * e) / np.sqrt(1 - r * r)
        return norm.logcdf(np.where(t == 1, q, -q)) + norm.logpdf(e) - p[8]

    probit = sm.Probit(t, z).fit(disp=0, tol=1e-14)
    ols = sm.OLS(y, x).fit()
    start = np.concatenate([ols.params, probit.params, [0.1, np.log(y.std())]])
    theta, ll, information, _ = maximise(rows, start)
    errors = np.sqrt(np.diag(np.linalg.inv(information)))
    expect = {f"_b[{n}]": b for n, b in zip(names, theta)} | {f"_se[{n}]": e for n, e in zip(names, errors)}
    independent = 2 * (ll - probit.llf - ols.llf)
    expect |= {"e(ll)": ll, "e(chi2_c)": independent, "e(p_c)": chi2.sf(independent, 1), "e(sigma)": np.exp(theta[8])}
    cases.add("etregress, maximum likelihood", "lbw.csv", setup + "etregress weight l ht, treat(smoke = a white) nolog", expect, 1e-6, "scipy")
    done = subprocess.run(["Rscript", "-e", BY_R], cwd=DATA, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    expect = {f"_b[{n}]": b for n, b in zip(names, found)} | {f"_se[{n}]": e for n, e in zip(names, found[9:])} | {"e(ll)": found[-1]}
    cases.add("etregress, maximum likelihood by R", "lbw.csv", setup + "etregress weight l ht, treat(smoke = a white) nolog", expect, 1e-6,
              "R numDeriv")
    # two steps
    index = z @ probit.params
    hazard = np.where(t == 1, norm.pdf(index) / norm.cdf(index), -norm.pdf(index) / norm.cdf(-index))
    delta = hazard * (hazard + index)
    w = np.column_stack([x, hazard])
    b = np.linalg.lstsq(w, y, rcond=None)[0]
    residual = y - w @ b
    s2 = (residual @ residual + b[-1] ** 2 * delta.sum()) / len(y)
    rho = b[-1] / np.sqrt(s2)
    bread = np.linalg.inv(w.T @ w)
    cross = w.T @ (delta[:, None] * z)
    q = rho**2 * cross @ probit.cov_params() @ cross.T
    v = s2 * bread @ (w.T @ ((1 - rho**2 * delta)[:, None] * w) + q) @ bread
    # the two-step estimator names the treatment as a plain variable
    two = [n.replace("1.smoke", "smoke") for n in names[:4]]
    expect = {f"_b[{n}]": c for n, c in zip(two, b)} | {f"_se[{n}]": np.sqrt(v[j, j]) for j, n in enumerate(two)}
    expect |= {"e(selambda)": np.sqrt(v[-1, -1]), "e(rho)": rho, "e(sigma)": np.sqrt(s2), "e(lambda)": b[-1]}
    cases.add("etregress, two steps", "lbw.csv", setup + "etregress weight l ht, treat(smoke = a white) twostep", expect, 1e-6, "statsmodels, numpy")


def nested(cases):
    frame = pd.read_csv(DATA / "lbw.csv")
    blocks = [["age"], ["lwt", "ht"], ["smoke"]]
    chosen, fits, logits = [], [], []
    for block in blocks:
        chosen = chosen + block
        x = sm.add_constant(frame[chosen])
        fits.append(sm.OLS(frame["bwt"], x).fit())
        logits.append(sm.Logit(frame["low"], x).fit(disp=0, tol=1e-14))
    expect = {}
    for i, block in enumerate(blocks):
        if i > 0:
            f, p, df = fits[i].compare_f_test(fits[i - 1])
            expect |= {f"m[{i + 1},1]": f, f"m[{i + 1},2]": df, f"m[{i + 1},4]": p, f"m[{i + 1},6]": fits[i].rsquared - fits[i - 1].rsquared}
            wald = logits[i].wald_test(np.eye(len(logits[i].params))[-len(block):], scalar=True, use_f=False)
        expect |= {f"m[{i + 1},5]": fits[i].rsquared, f"m[{i + 1},3]": fits[i].df_resid}
    do = "nestreg, quietly: regress bwt (age) (lwt ht) (smoke)\nmatrix m = r(wald)"
    cases.add("nestreg: regress", "lbw.csv", do, expect, 1e-8, "statsmodels")
    expect = {}
    before = logits[0].llnull, 1
    for i, fit in enumerate(logits):
        k = len(fit.params)
        lr = 2 * (fit.llf - before[0])
        expect |= {f"l[{i + 1},1]": fit.llf, f"l[{i + 1},2]": lr, f"l[{i + 1},3]": k - before[1], f"l[{i + 1},4]": chi2.sf(lr, k - before[1]),
                   f"l[{i + 1},5]": fit.aic, f"l[{i + 1},6]": fit.bic}
        before = fit.llf, k
    expect |= {"m[3,1]": float(wald.statistic), "m[3,3]": float(wald.pvalue)}
    do = "nestreg, quietly lrtable waldtable: logit low (age) (lwt ht) (smoke)\nmatrix m = r(wald)\nmatrix l = r(lr)"
    cases.add("nestreg: logit", "lbw.csv", do, expect, 1e-6, "statsmodels")


def sizes(cases):
    printed = "[R] sampsi, printed sizes"
    cases.add("sampsi, two proportions", None, "sampsi 0.25 0.4", {"r(N_1)": 216, "r(N_2)": 216, "r(power)": 0.9}, 1e-12, printed)
    cases.add("sampsi, two means", None, "sampsi 132.86 127.44, p(0.8) r(2) sd1(15.34) sd2(18.23)", {"r(N_1)": 108, "r(N_2)": 216}, 1e-12, printed)
    text = 'cat(power.prop.test(p1 = .3, p2 = .45, power = .85)$n, power.prop.test(n = 150, p1 = .3, p2 = .45)$power)'
    n, power = map(float, subprocess.run(["Rscript", "-e", f"options(digits = 15); {text}"], capture_output=True, text=True, check=True).stdout.split())
    cases.add("sampsi, no continuity correction", None, "sampsi .3 .45, power(.85) nocontinuity\nscalar n = r(N_1)\nsampsi .3 .45, n1(150) nocontinuity",
              {"n": np.ceil(n), "r(power)": power}, 1e-5, "R power.prop.test (six digits)")
    # power with sizes 150 and 225: the size without correction that the correction turns into 150
    p1, p2, r, n = 0.3, 0.45, 1.5, 150.0
    plain = (n - (r + 1) / (2 * r * abs(p2 - p1))) ** 2 / n
    mean = (p1 + r * p2) / (r + 1)
    z = (abs(p2 - p1) * np.sqrt(r * plain) - norm.ppf(0.975) * np.sqrt((r + 1) * mean * (1 - mean))) / np.sqrt(r * p1 * (1 - p1) + p2 * (1 - p2))
    cases.add("sampsi, power of two proportions", None, "sampsi .3 .45, n1(150) n2(225)", {"r(power)": norm.cdf(z)}, 1e-10, "scipy; Fleiss, Levin and Paik")
    z = 3 / np.sqrt(10**2 / 40 + 12**2 / 60) - norm.ppf(0.95)
    cases.add("sampsi, power of two means", None, "sampsi 50 53, n1(40) n2(60) sd1(10) sd2(12) onesided", {"r(power)": norm.cdf(z)}, 1e-10, "scipy")
    z = (np.sqrt(80) * 0.15 - norm.ppf(0.975) * np.sqrt(0.3 * 0.7)) / np.sqrt(0.45 * 0.55)
    cases.add("sampsi, one proportion", None, "sampsi .3 .45, n1(80) onesample", {"r(power)": norm.cdf(z)}, 1e-10, "scipy")


def main():
    cases = Cases("treatment_regression", "scipy, statsmodels, numpy, R; printed numbers of [R] sampsi")
    endogenous(cases)
    nested(cases)
    sizes(cases)
    cases.write()


if __name__ == "__main__":
    main()
