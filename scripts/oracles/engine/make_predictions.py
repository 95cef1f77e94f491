"""Cases of predict: one equation of several, standard errors of indices, scores, and probabilities of counts. The coefficients of
each engine's fit are not needed: statsmodels, linearmodels and scipy fit the models themselves."""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import ROOT, Cases
from linearmodels.system import SUR
from scipy import optimize, stats

DATA = ROOT / "data"
cases = Cases("predictions", "statsmodels, linearmodels, scipy; formulas of the postestimation sections of [R]")


def systems():
    d = pd.read_csv(DATA / "printed_auto.csv")
    one, two = sm.add_constant(d[["mpg", "foreign"]], prepend=False), sm.add_constant(d[["length"]], prepend=False)
    fit = SUR({"price": {"dependent": d.price, "exog": one}, "weight": {"dependent": d.weight, "exog": two}}).fit(method="gls", cov_type="unadjusted", iterate=False)
    b, v = fit.params.to_numpy(), fit.cov.to_numpy()
    x = {"price": one.to_numpy(), "weight": two.to_numpy()}
    xb = {"price": x["price"] @ b[:3], "weight": x["weight"] @ b[3:]}
    row = 6
    z = np.concatenate([x["price"][row], -x["weight"][row]])
    expect = {
        "f[7]": xb["weight"][row], "g[7]": xb["weight"][row], "h[7]": xb["price"][row],
        "r[7]": d.weight[row] - xb["weight"][row], "r1[7]": d.price[row] - xb["price"][row],
        "d[7]": xb["price"][row] - xb["weight"][row],
        "s[7]": np.sqrt(x["weight"][row] @ v[3:, 3:] @ x["weight"][row]), "sd[7]": np.sqrt(z @ v @ z),
    }
    do = ("sureg (price mpg foreign) (weight length)\npredict double f, equation(weight)\npredict double g, equation(#2) xb\npredict double h\n"
          "predict double r, residuals equation(weight)\npredict double r1, residuals\npredict double d, difference equation(price, weight)\n"
          "predict double s, stdp equation(#2)\npredict double sd, stddp equation(price, weight)")
    cases.add("one equation of sureg", "printed_auto.csv", do, expect, 1e-8, "linearmodels SUR, gls without iteration")
    ols = [sm.OLS(d[y], sm.add_constant(d[["mpg"]], prepend=False)).fit() for y in ("price", "weight")]
    expect = {"f[7]": ols[1].fittedvalues[row], "r[7]": ols[1].resid[row], "h[7]": ols[0].fittedvalues[row]}
    do = "mvreg price weight = mpg\npredict double f, equation(weight)\npredict double r, equation(#2) residuals\npredict double h"
    cases.add("one equation of mvreg", "printed_auto.csv", do, expect, 1e-9, "statsmodels OLS of each outcome")


def scores_of_one_index():
    d = pd.read_csv(DATA / "lbw.csv")
    x = sm.add_constant(d[["age", "lwt"]], prepend=False)
    y = d.low.to_numpy()
    for name, model, family in (("logit", sm.Logit, None), ("probit", sm.Probit, None), ("poisson", sm.Poisson, None), ("cloglog", sm.GLM, sm.families.Binomial(sm.families.links.CLogLog()))):
        fit = model(y, x, family=family).fit(tol=1e-12) if family else model(y, x).fit(method="newton", tol=1e-14, disp=0)
        xb = x.to_numpy() @ np.asarray(fit.params)
        p = {"logit": lambda e: 1 / (1 + np.exp(-e)), "probit": stats.norm.cdf, "cloglog": lambda e: 1 - np.exp(-np.exp(e))}.get(name)
        if name == "poisson":
            score = y - np.exp(xb)
        else:
            slope = {"logit": lambda e: p(e) * (1 - p(e)), "probit": stats.norm.pdf, "cloglog": lambda e: np.exp(e - np.exp(e))}[name](xb)
            score = (y - p(xb)) * slope / (p(xb) * (1 - p(xb)))
        expect = {"s[3]": score[2], "t1[189]": score[188], "s[140]": score[139]}
        cases.add(f"scores of {name}", "lbw.csv", f"{name} low age lwt\npredict double s, score\npredict double t*, scores", expect, 1e-6, "derivative of the log likelihood in the index, at the fit of statsmodels")


def outcomes():
    d = pd.read_csv(DATA / "printed_hsb2.csv")
    x = sm.add_constant(d[["math", "female"]], prepend=False).to_numpy()
    fit = sm.MNLogit(d.prog, x).fit(method="newton", tol=1e-14, disp=0)
    v = np.asarray(fit.cov_params())
    at = x[4]
    two, three = v[:3, :3], v[3:, 3:]
    z = np.concatenate([at, -at])
    expect = {"s2[5]": np.sqrt(at @ two @ at), "s3[5]": np.sqrt(at @ three @ at), "d[5]": np.sqrt(z @ v @ z)}
    do = "mlogit prog math female, baseoutcome(1)\npredict double s2, stdp outcome(2)\npredict double s3, stdp outcome(#3)\npredict double d, stddp outcome(2, 3)"
    cases.add("standard errors of mlogit", "printed_hsb2.csv", do, expect, 1e-6, "statsmodels MNLogit")


def counts():
    d = pd.read_csv(DATA / "docvis.csv").iloc[:600]
    y = d.docvis.to_numpy()
    x = np.column_stack([d.private, d.totchr, np.ones(len(d))])
    z = np.column_stack([d.actlim, np.ones(len(d))])
    row = 9

    def best(f, k):
        found = optimize.minimize(f, np.zeros(k), method="BFGS", options={"gtol": 1e-9, "maxiter": 5000})
        return optimize.minimize(f, found.x, method="Nelder-Mead", options={"xatol": 1e-11, "fatol": 1e-13, "maxiter": 40000}).x

    def zip_parts(b):
        return np.exp(x @ b[:3]), 1 / (1 + np.exp(-z @ b[3:]))

    def zip_loss(b):
        mu, p = zip_parts(b)
        f = stats.poisson.pmf(y, mu)
        return -np.log(np.where(y == 0, p + (1 - p) * f, (1 - p) * f)).sum()

    mu, p = zip_parts(best(zip_loss, 5))
    f = stats.poisson.pmf(np.arange(4), mu[row]) * (1 - p[row])
    f[0] += p[row]
    expect = {"p0[10]": f[0], "p2[10]": f[2], "p13[10]": f[1:4].sum(), "p2up[10]": 1 - f[:2].sum(), "p[10]": p[row]}
    keep = "keep in 1/600\n"
    do = keep + "zip docvis private totchr, inflate(actlim)\npredict double p0, pr(0)\npredict double p2, pr(2)\npredict double p13, pr(1,3)\npredict double p2up, pr(2,.)\npredict double p, pr"
    cases.add("probabilities of zip", "docvis.csv", do, expect, 1e-5, "scipy: maximum of the likelihood of [R] zip")
    do = keep + "zip docvis private totchr, inflate(actlim)\nmargins, predict(pr(0))\nmatrix m = r(b)"
    mean = (p + (1 - p) * np.exp(-mu)).mean()
    cases.add("margins of a probability of zip", "docvis.csv", do, {"m[1,1]": mean}, 1e-5, "scipy: maximum of the likelihood of [R] zip")

    positive = y > 0
    yp, xp = y[positive], x[positive]

    def truncated_loss(b):
        mu = np.exp(xp @ b)
        return -(stats.poisson.logpmf(yp, mu) - np.log(-np.expm1(-mu))).sum()

    mu = np.exp(x @ best(truncated_loss, 3))[row]
    f = stats.poisson.pmf(np.arange(4), mu)
    above = -np.expm1(-mu)
    expect = {"p1[10]": f[1], "c1[10]": f[1] / above, "c03[10]": f[1:4].sum() / above, "c2up[10]": (above - f[1]) / above}
    do = keep + "tpoisson docvis private totchr if docvis > 0\npredict double p1, pr(1)\npredict double c1, cpr(1)\npredict double c03, cpr(0,3)\npredict double c2up, cpr(2,.)"
    cases.add("probabilities of tpoisson", "docvis.csv", do, expect, 1e-5, "scipy: maximum of the likelihood of [R] tpoisson")

    def general_loss(b):
        mu, alpha = np.exp(x @ b[:3]), np.exp(z @ b[3:])
        return -stats.nbinom.logpmf(y, 1 / alpha, 1 / (1 + alpha * mu)).sum()

    b = best(general_loss, 5)
    mu, alpha = np.exp(x @ b[:3])[row], np.exp(z @ b[3:])[row]
    f = stats.nbinom.pmf(np.arange(4), 1 / alpha, 1 / (1 + alpha * mu))
    do = keep + "gnbreg docvis private totchr, lnalpha(actlim)\npredict double p2, pr(2)\npredict double p03, pr(0,3)"
    cases.add("probabilities of gnbreg", "docvis.csv", do, {"p2[10]": f[2], "p03[10]": f.sum()}, 1e-5, "scipy: maximum of the likelihood of [R] nbreg")


def forecasts():
    d = pd.read_csv(DATA / "printed_auto.csv")
    x = sm.add_constant(d[["weight"]] / 1000, prepend=False).to_numpy()
    y = d.mpg.to_numpy(dtype=float)

    def loss(b):
        s = np.exp(b[2])
        at = x @ b[:2]
        return -np.where(y <= 17, stats.norm.logcdf((17 - at) / s), stats.norm.logpdf((y - at) / s) - b[2]).sum()

    b = optimize.minimize(loss, [40.0, -6.0, 1.0][::1], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12, "maxiter": 40000}).x
    step = 1e-4 * np.maximum(1, np.abs(b))
    h = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            e, f = np.eye(3)[i] * step[i], np.eye(3)[j] * step[j]
            h[i, j] = (loss(b + e + f) - loss(b + e - f) - loss(b - e + f) + loss(b - e - f)) / (4 * step[i] * step[j])
    v = np.linalg.inv(h)[:2, :2]
    stdp = np.sqrt(x[3] @ v @ x[3])
    do = "generate double w = weight/1000\ntobit mpg w, ll(17)\npredict double s, stdp\npredict double f, stdf"
    cases.add("forecasts of tobit", "printed_auto.csv", do, {"s[4]": stdp, "f[4]": np.sqrt(stdp**2 + np.exp(2 * b[2]))}, 1e-5, "scipy: likelihood of [R] tobit, second differences")


def factors():
    d = pd.read_csv(DATA / "holzinger.csv")[[f"x{i}" for i in range(1, 7)]]
    r = d.corr().to_numpy()
    z = ((d - d.mean()) / d.std(ddof=1)).to_numpy()
    values, vectors = np.linalg.eigh(r)
    order = np.argsort(values)[::-1]
    loadings = vectors[:, order[:2]] * np.sqrt(values[order[:2]])
    # the sign of a factor is free: the sum of squares of its scores is compared
    psi = 1 - (loadings**2).sum(axis=1)
    weights = (loadings / psi[:, None]) @ np.linalg.inv(loadings.T @ (loadings / psi[:, None]))
    score = z @ weights
    fitted = loadings @ loadings.T + np.diag(psi)
    residual = r - fitted
    expect = {"abs(b1[7])": abs(score[6, 0]), "abs(b2[7])": abs(score[6, 1]), "m[2,1]": residual[1, 0], "m[6,4]": residual[5, 3], "f[5,1]": fitted[4, 0], "abs(s[3,2])": abs(loadings[2, 1])}
    do = "factor x1-x6, pcf factors(2)\npredict double b1 b2, bartlett\nestat residuals\nmatrix m = r(res)\nmatrix f = r(fit)\nestat structure\nmatrix s = r(st)"
    cases.add("Bartlett scores and residual correlations", "holzinger.csv", do, expect, 1e-8, "numpy: [MV] factor postestimation")
    expect = {"abs(a[3,2])": abs(loadings[2, 1]), "m[2,1]": residual[1, 0]}
    do = "pca x1-x6, components(2)\nestat loadings, cnorm(eigen)\nmatrix a = r(A)\nestat residuals\nmatrix m = r(res)"
    cases.add("loadings and residuals of pca", "holzinger.csv", do, expect, 1e-8, "numpy: [MV] pca postestimation")


def contrasts():
    d = pd.read_csv(DATA / "printed_hsb2.csv")
    fit = sm.OLS(d.write, pd.get_dummies(d.ses).astype(float)).fit()
    w = np.array([1, 1, -2.0])
    expect = {"b[1,1]": w @ fit.params, "v[1,1]": w @ fit.cov_params().to_numpy() @ w}
    cases.add("contrast with own weights", "printed_hsb2.csv", "regress write i.ses\ncontrast {ses 1 1 -2}\nmatrix b = r(b)\nmatrix v = r(V)", expect, 1e-9, "statsmodels OLS of cell means")


systems()
factors()
contrasts()
scores_of_one_index()
outcomes()
counts()
forecasts()
cases.write()
