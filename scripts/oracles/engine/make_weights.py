"""Weights with robust and clustered variances over many models, transformations of autocorrelated panels, coefficients of
survival models. Writes `weights.json`. Sources: numpy, and scipy by `numeric.py`, from the likelihoods of the manuals."""

import numpy as np
import pandas as pd
from common import ROOT, Cases
from numeric import maximise, robust
from scipy import stats
from scipy.special import expit, gammaln

DATA = ROOT / "data"
PHI = stats.norm
WEIGHT = "generate w = 1 + mod(_n - 1, 3)\n"


def weights(n):
    return (1 + np.arange(n) % 3).astype(float)


def counts(cases):
    """Negative binomial with either dispersion and models with more zeros."""
    d = pd.read_csv(DATA / "docvis.csv").iloc[:800]
    n = len(d)
    w, g = weights(n), np.arange(n) % 23
    y = d.docvis.to_numpy(float)
    x = np.column_stack([d.private, d.totchr, np.ones(n)]).astype(float)
    z = np.column_stack([d.aget, np.ones(n)]).astype(float)

    def negative(m, p):
        return gammaln(m + y) - gammaln(y + 1) - gammaln(m) + m * np.log(p) + y * np.log1p(-p)

    def mean(t):
        mu, a = np.exp(x @ t[:3]), np.exp(t[3])
        return negative(1 / a, 1 / (1 + a * mu))

    def constant(t):
        mu, delta = np.exp(x @ t[:3]), np.exp(t[3])
        return negative(mu / delta, 1 / (1 + delta))

    def poisson(t):
        return y * (x @ t[:3]) - np.exp(x @ t[:3]) - gammaln(y + 1)

    def zeros(base, k):
        def rows(t):
            always, never = -np.logaddexp(0, -(z @ t[k:])), -np.logaddexp(0, z @ t[k:])
            return np.where(y == 0, np.logaddexp(always, never + base(t[:k])), never + base(t[:k]))
        return rows

    models = [("nbreg docvis private totchr", "", mean, [0.2, 0.2, 1, 0], {"/lnalpha": 3}),
              ("nbreg docvis private totchr", "dispersion(constant)", constant, [0.2, 0.2, 1, 1], {"/lndelta": 3}),
              ("zip docvis private totchr", "inflate(aget)", zeros(poisson, 3), [0.2, 0.2, 1, -0.1, -1], {"inflate:aget": 3}),
              ("zinb docvis private totchr", "inflate(aget)", zeros(mean, 4), [0.2, 0.2, 1, 0, -0.1, -1.5], {"inflate:aget": 4, "/lnalpha": 3})]
    setup = "keep in 1/800\n" + WEIGHT + "generate g = mod(_n - 1, 23)\n"
    for command, option, rows, start, others in models:
        for weight, vce in (("fweight", ""), ("fweight", "vce(robust)"), ("pweight", ""), ("", "vce(cluster g)")):
            of = w if weight else None
            theta, ll, info, s = maximise(rows, np.array(start, float), of)
            if weight == "fweight" and vce:
                bread = np.linalg.inv(info)
                v = bread @ (s.T @ (s * w[:, None])) @ bread * w.sum() / (w.sum() - 1)
            else:
                v = np.linalg.inv(info) if weight == "fweight" else robust(info, s, None if weight else g, of)
            expect = {"_b[private]": theta[0], "_se[private]": v[0, 0] ** 0.5, "e(ll)": ll}
            for name, at in others.items():
                form = f"[{name.split(':')[0]}]{{}}[{name.split(':')[1]}]" if ":" in name else f"{{}}[{name}]"
                expect.update({form.format("_b"): theta[at], form.format("_se"): v[at, at] ** 0.5})
            text = f"{command} {'[' + weight + '=w]' if weight else ''}, {option} {vce}"
            # second differences of this likelihood lose digits; analytic scores agree with the engine in eleven
            cases.add(" ".join(text.split()), "docvis.csv", setup + text, expect, 1e-5 if command.startswith("zinb") else 5e-6)


def survival(cases):
    d = pd.read_csv(DATA / "veteran.csv")
    n = len(d)
    t, dead, w, g = d.time.to_numpy(float), d.status.to_numpy(), weights(n), np.arange(n) % 9
    x = np.column_stack([d.karno, d.age, np.ones(n)]).astype(float)
    at = lambda b: (np.log(t) - x @ b[:3]) * np.exp(-b[3])
    models = {"weibull": lambda b: dead * (at(b) - b[3]) - np.exp(at(b)),
              "lognormal": lambda b: np.where(dead == 1, PHI.logpdf(at(b)) - b[3], PHI.logsf(at(b))),
              "loglogistic": lambda b: np.where(dead == 1, at(b) - b[3] - 2 * np.logaddexp(0, at(b)), -np.logaddexp(0, at(b)))}
    for name, rows in models.items():
        theta, _, info, s = maximise(rows, np.array([0.03, 0, 2.0, 0]), w)
        v = robust(info, s, g, w)
        do = WEIGHT + "generate g = mod(_n - 1, 9)\nstset time [pw=w], failure(status)\nstreg karno age, vce(cluster g) distribution("
        cases.add(f"streg {name} pweight cluster", "veteran.csv", do + name + ") " + ("time" if name == "weibull" else ""), {
            "_b[karno]": theta[0], "_se[karno]": v[0, 0] ** 0.5, "_se[age]": v[1, 1] ** 0.5, "_se[_cons]": v[2, 2] ** 0.5}, 3e-6)

    def shapes(b):
        p, eta = np.exp(b[2] + b[3] * (d.trt.to_numpy() == 2)), d.karno.to_numpy() * b[0] + b[1]
        return dead * (eta + np.log(p) + p * np.log(t)) - np.exp(eta) * t**p

    theta, ll, info, _ = maximise(shapes, np.array([-0.03, -3, 0, 0]))
    v = np.linalg.inv(info)
    cases.add("streg weibull ancillary()", "veteran.csv", "stset time, failure(status)\ngenerate tr = trt == 2\nstreg karno, distribution(weibull) "
              "ancillary(tr) nohr", {"[_t]_b[karno]": theta[0], "[ln_p]_b[tr]": theta[3], "[ln_p]_se[tr]": v[3, 3] ** 0.5, "e(ll)": ll}, 1e-6)


def limited(cases):
    """Selected, interval and truncated outcomes with weights."""
    d = pd.read_csv(DATA / "households.csv")
    n = len(d)
    w, g = weights(n), d.cluster.to_numpy()
    setup = "replace w = 1 + mod(_n - 1, 3)\n"
    seen, y = d.log_wage.notna().to_numpy(), np.nan_to_num(d.log_wage.to_numpy())
    x = np.column_stack([d.education, d.age, np.ones(n)]).astype(float)
    z = np.column_stack([d.education, d.age, d.children, np.ones(n)]).astype(float)

    def selected(t):
        index, r, s = z @ t[3:7], np.tanh(t[7]), np.exp(t[8])
        e = (y - x @ t[:3]) / s
        return np.where(seen, PHI.logcdf((index + r * e) / np.sqrt(1 - r * r)) + PHI.logpdf(e) - t[8], PHI.logcdf(-index))

    start = np.r_[np.linalg.lstsq(x[seen], y[seen], rcond=None)[0], 0, 0, 0, 0, 0.1, -0.5]
    theta, _, info, s = maximise(selected, start, w)
    v = robust(info, s, None, w)
    index, r, sigma = z @ theta[3:7], np.tanh(theta[7]), np.exp(theta[8])
    mills = PHI.pdf(index) / PHI.cdf(index)
    mean = x @ theta[:3] + r * sigma * mills
    cases.add("heckman pweight, predictions", "households.csv", setup + "heckman log_wage education age [pw=w], select(education age children)\n"
              "predict double c, ycond\npredict double e, yexpected\npredict double p, psel\npredict double m, mills", {
                  "[log_wage]_b[education]": theta[0], "[select]_b[children]": theta[5], "[log_wage]_se[education]": v[0, 0] ** 0.5, "e(rho)": r,
                  "e(sigma)": sigma, "c[3]": mean[2], "e[4]": (PHI.cdf(index) * mean)[3], "p[5]": PHI.cdf(index)[4], "m[6]": mills[5]}, 2e-6)
    spending = d.spending.to_numpy(float)
    inside = (spending > 0) & (spending < 150)
    a = np.column_stack([d.income, d.age, np.ones(n)]).astype(float)[inside]

    def truncated(t):
        m, s = a @ t[:3], np.exp(t[3])
        return PHI.logpdf((spending[inside] - m) / s) - t[3] - np.log(PHI.cdf((150 - m) / s) - PHI.cdf(-m / s))

    start = np.r_[np.linalg.lstsq(a, spending[inside], rcond=None)[0], 4]
    for name, weight, option in (("pweight", " [pw=w]", ""), ("cluster", "", " vce(cluster cluster)")):
        of = w[inside] if weight else None
        theta, ll, info, s = maximise(truncated, start, of)
        v = robust(info, s, None if weight else g[inside], of)
        cases.add(f"truncreg two limits {name}", "households.csv", f"{setup}truncreg spending income age{weight}, ll(0) ul(150){option}", {
            "_b[income]": theta[0], "_se[income]": v[0, 0] ** 0.5, "_b[/sigma]": np.exp(theta[3]), "e(ll)": ll}, 5e-6)


def panels(cases):
    """Weighted fixed effects; Prais-Winsten panels with each estimator of the autocorrelation."""
    d = pd.read_csv(DATA / "grunfeld.csv")
    n, unit = len(d), d.company.to_numpy() - 1
    w = (1 + unit % 3).astype(float)
    y = d.invest.to_numpy(float)
    x = np.column_stack([d.mvalue, d.kstock, np.eye(10)[unit]])
    for kind in ("aweight", "fweight", "pweight"):
        own = w if kind == "fweight" else w * n / w.sum()
        count = w.sum() if kind == "fweight" else n
        a = np.linalg.inv(x.T @ (x * own[:, None]))
        b = a @ (x.T @ (own * y))
        e = y - x @ b
        v = a * (own * e * e).sum() / (count - 12)
        if kind == "pweight":
            sums = np.zeros((10, 12))
            np.add.at(sums, unit, x * (own * e)[:, None])
            v = a @ (sums.T @ sums) @ a * 10 / 9 * (count - 1) / (count - 3)
        expect = {"_b[mvalue]": b[0], "_se[mvalue]": v[0, 0] ** 0.5}
        setup = "generate w = 1 + mod(company - 1, 3)\nxtset company year\n"
        cases.add(f"xtreg fe {kind}", "grunfeld.csv", setup + f"xtreg invest mvalue kstock [{kind}=w], fe", expect)
        if kind != "pweight":
            cases.add(f"reghdfe {kind}", "grunfeld.csv", setup + f"reghdfe invest mvalue kstock [{kind}=w], absorb(company)", expect)
    ys, xs = y.reshape(10, 20), np.column_stack([d.mvalue, d.kstock, np.ones(n)]).reshape(10, 20, 3)
    first = np.linalg.lstsq(xs.reshape(n, 3), y, rcond=None)[0]
    e = ys - xs @ first
    lagged = (e[:, 1:] * e[:, :-1]).sum(1)
    for rho_type, own in (("regress", np.clip(lagged / (e[:, :-1] ** 2).sum(1), -1, 1)), ("tscorr", lagged / (e**2).sum(1))):
        for corr in ("ar1", "psar1"):
            rho = np.full(10, own.mean()) if corr == "ar1" else own
            scale = np.sqrt(1 - rho**2)
            ty = np.column_stack([ys[:, 0] * scale, ys[:, 1:] - rho[:, None] * ys[:, :-1]])
            tx = np.concatenate([(xs[:, 0] * scale[:, None])[:, None], xs[:, 1:] - rho[:, None, None] * xs[:, :-1]], axis=1)
            flat = tx.reshape(n, 3)
            a = np.linalg.inv(flat.T @ flat)
            b = a @ flat.T @ ty.ravel()
            u = ty - tx @ b
            sigma = u @ u.T / 20
            middle = np.einsum("ij,itk,jtl->kl", sigma, tx, tx)
            cases.add(f"xtpcse {corr} {rho_type}", "grunfeld.csv", f"xtset company year\nxtpcse invest mvalue kstock, correlation({corr}) rhotype({rho_type})",
                      {"_b[mvalue]": b[0], "_se[mvalue]": (a @ middle @ a)[0, 0] ** 0.5}, 1e-7)


def tests_of_models(cases):
    """F of linear regressions with sampling weights: the Wald test with the robust covariance."""
    data = pd.read_csv(DATA / "lbw.csv")
    y = data.bwt.to_numpy(float)
    w = 1 + (np.arange(len(data)) % 3).astype(float)
    slopes = data[["age", "smoke", "lwt"]].to_numpy(float)
    groups = pd.get_dummies(data.race).to_numpy(float)
    for command, x in (("regress", np.column_stack([slopes, np.ones(len(data))])), ("areg", np.column_stack([slopes, groups]))):
        a = np.linalg.inv(x.T @ (x * w[:, None]))
        b = a @ x.T @ (w * y)
        score = x * (w * (y - x @ b))[:, None]
        df = len(y) - x.shape[1]
        v = a @ (score.T @ score) @ a * len(y) / df
        f = b[:3] @ np.linalg.solve(v[:3, :3], b[:3]) / 3
        absorb = ", absorb(race)" if command == "areg" else ""
        cases.add(f"{command} pweight, F", "lbw.csv", f"generate w = 1 + mod(_n - 1, 3)\n{command} bwt age smoke lwt [pweight=w]{absorb}",
                  {"e(F)": f, "_se[lwt]": v[2, 2] ** 0.5, "e(df_r)": df}, 1e-8)


def main():
    cases = Cases("weights", "numpy and scipy, from the likelihoods and formulas of the manuals")
    counts(cases)
    survival(cases)
    limited(cases)
    panels(cases)
    tests_of_models(cases)
    cases.write()


if __name__ == "__main__":
    main()
