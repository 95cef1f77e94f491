"""`xtcloglog` (R lme4, numpy), `xtrc` (R plm, numpy), `xtfrontier` and `etpoisson` (numpy, scipy)."""

import os
import subprocess
import tempfile

import numpy as np
import pandas as pd
from common import Cases, write_data
from numeric import jacobian, maximise, robust
from scipy import stats
from scipy.special import gammaln, log_ndtr, logsumexp

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(80)
LOG_WEIGHTS = np.log(WEIGHTS / np.sqrt(2 * np.pi))


def sample():
    """Fifty firms with four to seven years."""
    rng = np.random.default_rng(511)
    firm = np.repeat(np.arange(1, 51), rng.integers(4, 8, 50))
    year = pd.Series(firm).groupby(firm).cumcount().to_numpy() + 2000
    n = len(firm)
    x, z = rng.normal(size=n).round(3), rng.normal(size=n).round(3)
    effect = 0.9 * rng.normal(size=51)
    frame = pd.DataFrame({"firm": firm, "year": year, "x": x, "z": z})
    frame["enter"] = (rng.uniform(size=n) < 1 - np.exp(-np.exp(-0.6 + 0.7 * x - 0.4 * z + effect[firm]))).astype(int)
    u = np.abs(0.4 + 0.9 * rng.normal(size=51))
    last = pd.Series(year).groupby(firm).transform("max").to_numpy()
    frame["output"] = (2 + 0.5 * x + 0.3 * z + 0.4 * rng.normal(size=n) - u[firm]).round(4)
    frame["decayed"] = (2 + 0.5 * x + 0.3 * z + 0.4 * rng.normal(size=n) - np.exp(-0.15 * (year - last)) * u[firm]).round(4)
    frame["cost"] = (2 + 0.5 * x + 0.3 * z + 0.4 * rng.normal(size=n) + u[firm]).round(4)
    slope = 1 + 0.5 * rng.normal(size=51)
    frame["sales"] = (1 + slope[firm] * x + 0.5 * effect[firm] + 0.5 * rng.normal(size=n)).round(4)
    e = rng.multivariate_normal([0, 0], [[0.36, 0.3], [0.3, 1]], n)
    frame["own"] = (0.3 + 0.8 * z + e[:, 1] > 0).astype(int)
    frame["trips"] = rng.poisson(np.exp(0.4 + 0.5 * x + 0.6 * frame.own + e[:, 0]))
    frame["group"] = firm % 12
    write_data("firm_years", frame)
    return frame


def integrated(own, effects):
    """Log of the integral over normal effects at fine nodes, by group."""
    return np.array([logsumexp(LOG_WEIGHTS + effects(rows)) for rows in own])


def groups_of(frame):
    return [np.flatnonzero(frame.firm.to_numpy() == f) for f in frame.firm.unique()]


def cloglog(cases, frame):
    own = groups_of(frame)
    x = np.column_stack([frame.x, frame.z, np.ones(len(frame))])
    y = frame.enter.to_numpy()[:, None]

    def rows(t):
        index = (x @ t[:3])[:, None] + np.exp(t[3] / 2) * NODES
        rate = np.exp(index)
        logs = np.where(y == 1, np.log(-np.expm1(-rate)), -rate)
        return integrated(own, lambda r: logs[r].sum(axis=0))

    theta, ll, information, scores = maximise(rows, [0.5, -0.3, -0.5, -0.3], steps=5)
    names = ["x", "z", "_cons", "/lnsig2u"]

    def expect(v):
        return {f"_b[{n}]": theta[i] for i, n in enumerate(names)} | {f"_se[{n}]": np.sqrt(v[i, i]) for i, n in enumerate(names)}

    v = np.linalg.inv(information)
    base = expect(v) | {"e(ll)": ll, "e(chi2)": theta[:2] @ np.linalg.solve(v[:2, :2], theta[:2])}
    variance = np.exp(theta[3])
    base |= {"e(sigma_u)": np.sqrt(variance), "e(rho)": variance / (variance + np.pi**2 / 6)}
    head = "xtset firm\nxtcloglog enter x z, intpoints(30)"
    cases.add("xtcloglog", "firm_years.csv", head, base, 2e-6, "numpy, 80 nodes")
    cases.add("xtcloglog vce(robust)", "firm_years.csv", head + " vce(robust)", expect(robust(information, scores)), 5e-6, "numpy, 80 nodes")
    clusters = frame.groupby("firm")["group"].first().to_numpy()
    cases.add("xtcloglog vce(cluster group)", "firm_years.csv", head + " vce(cluster group)", expect(robust(information, scores, clusters)), 5e-6, "numpy, 80 nodes")
    index = x[0] @ theta[:3] + np.sqrt(variance) * NODES
    pr = np.sum(np.exp(LOG_WEIGHTS) * -np.expm1(-np.exp(index)))
    pu0 = -np.expm1(-np.exp(x[0] @ theta[:3]))
    cases.add("xtcloglog predict", "firm_years.csv", head + "\npredict double a, pr\npredict double b, pu0\npredict double c, xb",
              {"a[1]": pr, "b[1]": pu0, "c[1]": x[0] @ theta[:3]}, 2e-6, "numpy, 80 nodes")
    import statsmodels.api as sm

    fit = sm.GEE(frame.enter, x, groups=frame.firm, family=sm.families.Binomial(sm.families.links.CLogLog()), cov_struct=sm.cov_struct.Independence()).fit(ctol=1e-12, maxiter=200)
    cases.add("xtcloglog pa", "firm_years.csv", "xtset firm\nxtcloglog enter x z, pa corr(independent)", {"_b[x]": fit.params.iloc[0], "_b[z]": fit.params.iloc[1], "_b[_cons]": fit.params.iloc[2]}, 1e-6, "statsmodels GEE")


R = """
suppressMessages(library(plm))
d <- pdata.frame(read.csv("DATA"), index = c("firm", "year"))
f <- pvcm(sales ~ x, data = d, model = "random")
cat(format(c(coef(f), sqrt(diag(vcov(f))), as.numeric(f$Delta)), digits = 15), "\\n")
"""


def swamy(cases, frame):
    """R plm; the test of constancy and the predictors of the panels in numpy."""
    long = frame.groupby("firm")["x"].transform("size") > 3
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "d.csv")
        frame[long].to_csv(path, index=False)
        text = subprocess.run(["Rscript", "-e", R.replace("DATA", path)], capture_output=True, text=True, check=True).stdout
    values = [float(t) for t in text.split()]
    expect = {"_b[_cons]": values[0], "_b[x]": values[1], "_se[_cons]": values[2], "_se[x]": values[3]}
    cases.add("xtrc, R", "firm_years.csv", "xtset firm year\nxtrc sales x", expect, 1e-7, "R plm pvcm")
    b, v = [], []
    for rows in groups_of(frame):
        x = np.column_stack([frame.x.to_numpy()[rows], np.ones(len(rows))])
        y = frame.sales.to_numpy()[rows]
        inverse = np.linalg.inv(x.T @ x)
        own = inverse @ x.T @ y
        b.append(own)
        v.append(inverse * np.sum((y - x @ own) ** 2) / (len(y) - 2))
    b, v = np.array(b), np.array(v)
    sigma = np.cov(b.T) - v.mean(axis=0)
    assert np.linalg.eigvalsh(sigma).min() > 0
    weights = np.linalg.inv(sigma + v)
    cov = np.linalg.inv(weights.sum(axis=0))
    mean = cov @ np.einsum("gij,gj->i", weights, b)
    precision = np.linalg.inv(v)
    common = np.linalg.solve(precision.sum(axis=0), np.einsum("gij,gj->i", precision, b))
    chi2 = np.einsum("gi,gij,gj->", b - common, precision, b - common)
    inside = np.linalg.inv(sigma)
    a = np.linalg.inv(inside + precision[0])
    first = a @ (inside @ mean + precision[0] @ b[0])
    rest = np.eye(2) - a @ inside
    cov1 = cov + rest @ (v[0] - cov) @ rest.T
    expect = {"_b[x]": mean[0], "_b[_cons]": mean[1], "_se[x]": np.sqrt(cov[0, 0]), "_se[_cons]": np.sqrt(cov[1, 1]),
              "e(chi2_c)": chi2, "e(df_chi2c)": 2 * (len(b) - 1), "el(e(Sigma),1,2)": sigma[0, 1], "el(e(Sigma),2,2)": sigma[1, 1],
              "el(e(beta_ps),1,1)": first[0], "el(e(beta_ps),1,2)": first[1], "el(e(V_ps),1,1)": cov1[0, 0],
              "el(e(V_ps),1,2)": cov1[1, 0], "el(e(V_ps),1,4)": cov1[1, 1], "e(chi2)": mean[0] ** 2 / cov[0, 0]}
    cases.add("xtrc", "firm_years.csv", "xtset firm year\nxtrc sales x, betas", expect, 1e-7, "numpy")


def frontier(cases, frame):
    """The density of the residuals of a panel integrated over its inefficiency by Gauss and Legendre's rule."""
    nodes, weights = np.polynomial.legendre.leggauss(120)
    u = 3 * (nodes + 1)
    log_w = np.log(3 * weights)
    first = np.array([rows[0] for rows in groups_of(frame)])
    x = np.column_stack([frame.x, frame.z, np.ones(len(frame))])
    year = frame.year.to_numpy()
    last = frame.groupby("firm")["year"].transform("max").to_numpy()

    def unpack(t, decays):
        mu, s2, gamma = t[3], np.exp(t[-2]), 1 / (1 + np.exp(-t[-1]))
        factor = np.exp(-t[4] * (year - last)) if decays else np.ones(len(year))
        return mu, np.sqrt(s2 * gamma), np.sqrt(s2 * (1 - gamma)), factor

    for name, outcome, sign, decays in (("ti", "output", 1, False), ("tvd", "decayed", 1, True), ("ti cost", "cost", -1, False)):
        y = frame[outcome].to_numpy()

        def logs(t):
            mu, su, sv, factor = unpack(t, decays)
            e = (y - x @ t[:3])[:, None] + sign * factor[:, None] * u
            dens = np.add.reduceat(-0.5 * (e / sv) ** 2 - np.log(sv * np.sqrt(2 * np.pi)), first, axis=0)
            return dens + stats.norm.logpdf(u, mu, su) - log_ndtr(mu / su) + log_w

        start = [0.5, 0.3, 2.0, 0.3] + ([0.1] if decays else []) + [0.0, 1.0]
        theta, ll, information, _ = maximise(lambda t: logsumexp(logs(t), axis=1), start, steps=3)
        names = ["x", "z", "_cons", "/mu"] + (["/eta"] if decays else []) + ["/lnsigma2", "/lgtgamma"]
        v = np.linalg.inv(information)
        expect = {f"_b[{n}]": theta[i] for i, n in enumerate(names)} | {f"_se[{n}]": np.sqrt(v[i, i]) for i, n in enumerate(names)}
        _, su, sv, factor = unpack(theta, decays)
        expect |= {"e(ll)": ll, "e(sigma_u)": su, "e(sigma_v)": sv, "e(chi2)": theta[:2] @ np.linalg.solve(v[:2, :2], theta[:2])}
        head = f"xtset firm year\nxtfrontier {outcome} x z, {name}"
        cases.add(f"xtfrontier {name}", "firm_years.csv", head, expect, 1e-5, "numpy, scipy: integrated over the inefficiency")
        posterior = np.exp(logs(theta)[0] - logsumexp(logs(theta)[0]))
        expect = {"u[1]": factor[0] * (posterior @ u), "te[1]": posterior @ np.exp(-sign * factor[0] * u), "te[2]": posterior @ np.exp(-sign * factor[1] * u)}
        cases.add(f"xtfrontier {name} predict", "firm_years.csv", head + "\npredict double u, u\npredict double te, te", expect, 1e-5, "numpy, scipy: integrated over the inefficiency")


def treated_count(cases, frame):
    nodes, weights = np.polynomial.hermite.hermgauss(24)
    y, t = frame.trips.to_numpy()[:, None], frame.own.to_numpy()
    x = np.column_stack([frame.x, t, np.ones(len(frame))])
    z = np.column_stack([frame.z, np.ones(len(frame))])

    def rows(p):
        rho, sigma = np.tanh(p[5]), np.exp(p[6])
        e = np.sqrt(2) * nodes
        eta = (x @ p[:3])[:, None] + sigma * e
        probit = ((z @ p[3:5])[:, None] + rho * e) / np.sqrt(1 - rho**2)
        log = stats.poisson.logpmf(y, np.exp(eta)) + log_ndtr((2 * t - 1)[:, None] * probit)
        return logsumexp(log + np.log(weights / np.sqrt(np.pi)), axis=1)

    theta, ll, information, scores = maximise(rows, [0.5, 0.5, 0.4, 0.8, 0.3, 0.3, -0.5], steps=5)
    names = ["[trips]_{}[x]", "[trips]_{}[1.own]", "[trips]_{}[_cons]", "[own]_{}[z]", "[own]_{}[_cons]", "_{}[/athrho]", "_{}[/lnsigma]"]

    def expect(v):
        out = {n.format("b"): theta[i] for i, n in enumerate(names)}
        return out | {n.format("se"): np.sqrt(v[i, i]) for i, n in enumerate(names)} | {"e(chi2_c)": theta[5] ** 2 / v[5, 5]}

    v = np.linalg.inv(information)
    base = expect(v) | {"e(ll)": ll, "e(rho)": np.tanh(theta[5]), "e(sigma)": np.exp(theta[6])}
    base["e(chi2)"] = theta[:2] @ np.linalg.solve(v[:2, :2], theta[:2])
    head = "etpoisson trips x, treat(own = z)"
    cases.add("etpoisson", "firm_years.csv", head, base, 2e-6, "numpy, scipy")
    cases.add("etpoisson vce(robust)", "firm_years.csv", head + " vce(robust)", expect(robust(information, scores)), 2e-6, "numpy, scipy")
    cases.add("etpoisson vce(cluster firm)", "firm_years.csv", head + " vce(cluster firm)", expect(robust(information, scores, frame.firm.to_numpy())), 2e-6, "numpy, scipy")

    def ate(p):
        mean = lambda d: np.exp(frame.x.to_numpy() * p[0] + p[1] * d + p[2] + np.exp(2 * p[6]) / 2).mean()
        return np.array([mean(1) - mean(0)])

    slope = jacobian(ate, theta)[0]
    cases.add("etpoisson margins", "firm_years.csv", head + "\nmargins r.own\nmatrix T = r(table)\nestimates replay\npredict double m",
              {"el(T,1,1)": ate(theta)[0], "el(T,2,1)": np.sqrt(slope @ v @ slope), "m[1]": np.exp(x[0] @ theta[:3] + np.exp(2 * theta[6]) / 2)}, 2e-6, "numpy, scipy")


def main():
    frame = sample()
    cases = Cases("panel_further", "R plm; numpy, scipy")
    cloglog(cases, frame)
    swamy(cases, frame)
    treated_count(cases, frame)
    frontier(cases, frame)
    cases.write()


if __name__ == "__main__":
    main()
