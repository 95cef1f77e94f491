"""Residual covariances of linear mixed models (R nlme) and their robust covariances (numpy)."""

import os
import subprocess
import tempfile

import numpy as np
import pandas as pd
from common import Cases, write_data
from numeric import maximise, robust
from scipy.optimize import minimize


def sample():
    """Forty patients with three to six visits, in fifteen clinics."""
    rng = np.random.default_rng(2024)
    rows = []
    for patient in range(1, 41):
        u, e = 0.8 * rng.normal(), 0.0
        visits = np.sort(rng.choice(np.arange(1, 7), rng.integers(3, 7), replace=False))
        arm = patient % 2
        for visit in range(1, 7):
            e = 0.6 * e + (0.7 + 0.4 * arm) * rng.normal()
            if visit in visits:
                x = round(float(rng.normal()), 3)
                rows.append((patient, patient % 15, arm, visit, x, round(2 + 0.5 * x + 0.2 * visit + u + e, 4)))
    frame = pd.DataFrame(rows, columns=["patient", "clinic", "arm", "visit", "x", "y"])
    frame["third"] = 1 + (frame["visit"] - 1) // 2
    write_data("visits", frame)
    return frame


R = """
suppressMessages(library(nlme))
d <- read.csv("DATA"); d$patient <- factor(d$patient)
show <- function(name, f, extra) {
  b <- if (inherits(f, "lme")) fixef(f) else coef(f)
  cat(name, format(c(b, sqrt(diag(vcov(f))), f$sigma, extra, as.numeric(logLik(f))), digits = 15), "\\n")
}
rho <- function(f) coef(f$modelStruct$corStruct, unconstrained = FALSE)
ratio <- function(f) coef(f$modelStruct$varStruct, unconstrained = FALSE)
sd <- function(f) sqrt(getVarCov(f)[1, 1])
tight <- lmeControl(msTol = 1e-12, tolerance = 1e-10, opt = "nlminb", msMaxIter = 500, maxIter = 500, niterEM = 50)
exact <- glsControl(msTol = 1e-12, tolerance = 1e-10, msMaxIter = 500, maxIter = 500)
f <- lme(y ~ x + visit, d, random = ~ 1 | patient, correlation = corAR1(form = ~ visit | patient), method = "ML", control = tight)
show("arML", f, c(sd(f), rho(f)))
f <- lme(y ~ x + visit, d, random = ~ 1 | patient, weights = varIdent(form = ~ 1 | arm), method = "ML", control = tight)
show("by", f, c(sd(f), ratio(f), names(ratio(f))[1] == "0"))
f <- gls(y ~ x + visit, d, correlation = corCompSymm(form = ~ 1 | patient), method = "ML", control = exact)
show("exchangeable", f, rho(f))
f <- gls(y ~ x + visit, d, correlation = corAR1(form = ~ visit | patient), weights = varIdent(form = ~ 1 | arm), method = "ML", control = exact)
show("armby", f, c(rho(f), ratio(f), names(ratio(f))[1] == "0"))
w <- subset(d, !duplicated(paste(patient, third)))
f <- gls(y ~ x + visit, w, correlation = corSymm(form = ~ third | patient), weights = varIdent(form = ~ 1 | third), method = "ML", control = exact)
show("unstructured", f, c(ratio(f), as.numeric(rho(f)), names(ratio(f))))
"""


def by_r(frame):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "d.csv")
        frame.to_csv(path, index=False)
        text = subprocess.run(["Rscript", "-e", R.replace("DATA", path)], capture_output=True, text=True, check=True).stdout
    return {line.split()[0]: line.split()[1:] for line in text.splitlines()}


def fixed(values):
    """Coefficients and standard errors of x, visit and the constant."""
    v = [float(t) for t in values[:6]]
    return {"_b[x]": v[1], "_b[visit]": v[2], "_b[_cons]": v[0], "_se[x]": v[4], "_se[visit]": v[5], "_se[_cons]": v[3]}


def patients(frame):
    """Outcome, regressors and distances in time of each patient."""
    out = []
    for _, own in frame.groupby("patient"):
        visit = own.visit.to_numpy(float)
        x = np.column_stack([own.x, visit, np.ones(len(own))])
        out.append((own.y.to_numpy(), x, np.abs(np.subtract.outer(visit, visit))))
    return out


def log_density(groups, theta, structure):
    """Log likelihood of each patient: random intercept, residuals independent or autoregressive."""
    b, su, se = theta[:3], np.exp(theta[3]), np.exp(theta[4])
    out = []
    for y, x, gap in groups:
        r = y - x @ b
        corr = np.tanh(theta[5]) ** gap if structure == "ar" else np.eye(len(r))
        root = np.linalg.cholesky(su**2 + se**2 * corr)
        z = np.linalg.solve(root, r)
        out.append(-0.5 * (len(r) * np.log(2 * np.pi) + z @ z) - np.log(np.diag(root)).sum())
    return np.array(out)


def restricted(groups):
    """Restricted likelihood with autoregressive residuals: nlme stops short of this flat maximum."""

    def parts(t):
        a, b, total, n = np.zeros((3, 3)), np.zeros(3), 0.0, 0
        for y, x, gap in groups:
            root = np.linalg.cholesky(np.exp(2 * t[0]) + np.exp(2 * t[1]) * np.tanh(t[2]) ** gap)
            xw, yw = np.linalg.solve(root, x), np.linalg.solve(root, y)
            a, b, n = a + xw.T @ xw, b + xw.T @ yw, n + len(y)
            total += yw @ yw + 2 * np.log(np.diag(root)).sum()
        return a, b, total, n

    def loss(t):
        a, b, total, n = parts(t)
        return 0.5 * ((n - 3) * np.log(2 * np.pi) + total - b @ np.linalg.solve(a, b) + np.linalg.slogdet(a)[1])

    t = np.array([-0.6, 0.2, 0.9])
    for _ in range(4):
        t = minimize(loss, t, method="Nelder-Mead", options={"xatol": 1e-11, "fatol": 1e-14, "maxiter": 4000}).x
    a, b, _, _ = parts(t)
    return t, np.linalg.solve(a, b), np.sqrt(np.diag(np.linalg.inv(a))), -loss(t)


def sandwich(frame, structure, clusters):
    """Robust standard errors; the information between fixed effects and variances is its expectation, zero."""
    start = [0.5, 0.2, 2, 0, 0] + ([0.3] if structure == "ar" else [])
    own = patients(frame)
    theta, ll, information, scores = maximise(lambda t: log_density(own, t, structure), start, steps=4)
    # fixed effects: expected information; variances: observed information of their profile
    bread = np.zeros_like(information)
    bread[:3, :3] = np.linalg.inv(information[:3, :3])
    bread[3:, 3:] = np.linalg.inv(information)[3:, 3:]
    information = np.linalg.inv(bread)
    groups = frame.groupby("patient")[clusters].first().to_numpy() if clusters else None
    v = robust(information, scores, groups)
    return theta, ll, np.sqrt(np.diag(v)), v


def main():
    frame = sample()
    cases = Cases("mixed_residuals", "R nlme; numpy")
    found = by_r(frame)
    head = "mixed y x visit || patient:, "
    values = found["arML"]
    sigma, sd, rho, ll = (float(t) for t in values[6:10])
    expect = {**fixed(values), "exp([lnsig_e]_cons)": sigma, "exp([lns1_1_1]_cons)": sd, "tanh([r_atr1]_cons)": rho, "e(ll)": ll}
    cases.add("mixed residuals(ar 1)", "visits.csv", head + "residuals(ar 1, t(visit))", expect, 2e-5, "R nlme lme")
    theta, b, se, ll = restricted(patients(frame))
    expect = {"exp([lns1_1_1]_cons)": np.exp(theta[0]), "exp([lnsig_e]_cons)": np.exp(theta[1]), "tanh([r_atr1]_cons)": np.tanh(theta[2]), "e(ll)": ll}
    expect |= {f"_b[{n}]": b[i] for i, n in enumerate(["x", "visit", "_cons"])} | {f"_se[{n}]": se[i] for i, n in enumerate(["x", "visit", "_cons"])}
    cases.add("mixed residuals(ar 1) reml", "visits.csv", head + "reml residuals(ar 1, t(visit))", expect, 1e-5, "numpy, scipy")
    values = found["by"]
    sigma, sd, ratio, first, ll = (float(t) for t in values[6:11])
    expect = {**fixed(values), "exp([lns1_1_1]_cons)": sd, "e(ll)": ll}
    base = sigma * ratio if first else sigma
    other = sigma if first else sigma * ratio
    expect |= {"exp([lnsig_e]_cons)": base, "exp([lnsig_e]_cons+[r_lns2ose]_cons)": other}
    cases.add("mixed residuals(independent, by())", "visits.csv", head + "residuals(independent, by(arm))", expect, 2e-5, "R nlme lme")
    values = found["exchangeable"]
    sigma, rho, ll = (float(t) for t in values[6:9])
    expect = {**fixed(values), "exp([lnsig_e]_cons)": sigma, "tanh([r_atr1]_cons)": rho, "e(ll)": ll}
    cases.add("mixed residuals(exchangeable)", "visits.csv", head + "noconstant residuals(exchangeable)", gls(expect, frame, 3), 2e-5, "R nlme gls")
    values = found["unstructured"]
    small = frame[~frame.duplicated(["patient", "third"])]
    numbers = [float(t) for t in values[6:]]
    sigma, ratios, rho, names, ll = numbers[0], numbers[1:3], numbers[3:6], numbers[6:8], numbers[8]
    sds = {int(n): sigma * r for n, r in zip(names, ratios)}
    sds |= {t: sigma for t in (1, 2, 3) if t not in sds}
    expect = {**fixed(values), "exp([lnsig_e]_cons)": sds[1], "exp([lnsig_e]_cons+[r_lns2ose]_cons)": sds[2],
              "exp([lnsig_e]_cons+[r_lns3ose]_cons)": sds[3], "tanh([r_atr1_2]_cons)": rho[0],
              "tanh([r_atr1_3]_cons)": rho[1], "tanh([r_atr2_3]_cons)": rho[2], "e(ll)": ll}
    do = "by patient third (visit), sort: keep if _n == 1\n" + head + "noconstant residuals(unstructured, t(third))"
    cases.add("mixed residuals(unstructured)", "visits.csv", do, gls(expect, small, 3), 2e-5, "R nlme gls")
    for structure, option in (("plain", ""), ("ar", "residuals(ar 1, t(visit)) ")):
        for clusters, vce in ((None, "vce(robust)"), ("clinic", "vce(cluster clinic)")):
            theta, ll, se, v = sandwich(frame, structure, clusters)
            names = ["x", "visit", "_cons"]
            expect = {f"_b[{n}]": theta[i] for i, n in enumerate(names)} | {f"_se[{n}]": se[i] for i, n in enumerate(names)}
            expect |= {"[lns1_1_1]_se[_cons]": se[3], "[lnsig_e]_se[_cons]": se[4], "e(ll)": ll}
            expect["e(chi2)"] = theta[:2] @ np.linalg.solve(v[:2, :2], theta[:2])
            if structure == "ar":
                expect |= {"[r_atr1]_se[_cons]": se[5], "[r_atr1]_cons": theta[5]}
            cases.add(f"mixed {option}{vce}", "visits.csv", head + option + vce, expect, 5e-6 if structure == "ar" else 1e-6, "numpy, scipy")
    cases.write()


def gls(expect, frame, k):
    """The covariance of `gls` by maximum likelihood carries N/(N - k)."""
    n = len(frame)
    return {name: value * np.sqrt((n - k) / n) if name.startswith("_se") else value for name, value in expect.items()}


if __name__ == "__main__":
    main()
